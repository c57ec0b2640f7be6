"""What every test may use: a fresh database of each kind. And how property tests run everywhere:
the machine may be shared, so slowness is no failure."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from warroom.tests.support.databases import place, server
from warroom.tests.support.fresh_files import FRESH
from warroom.tests.support.shortcuts import shortened

__all__ = ["place", "server"]

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def cut_short() -> Iterator[None]:
    """See there."""
    with shortened():
        yield


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """A command that runs in this process names its warroom.yaml there: for its test only."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def pytest_collection_finish() -> None:
    """What was imported and collected lives as long as the process: the garbage collector need not
    look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(exitstatus: int) -> None:
    """What was recorded counts where every test passed, and was taken down without a fault."""
    FRESH.settle(good=exitstatus == pytest.ExitCode.OK)


def pytest_unconfigure() -> None:
    """It may be thrown away now, as libraries expect at the end."""
    gc.unfreeze()
