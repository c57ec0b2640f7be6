"""A recording that all rows share, and an installation for each row; on a file, then on a
PostgreSQL, where the row takes `installation`: on that one by `make reliability`."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from warroom.incident.timeline import from_ts
from warroom.tests.support.databases import fresh
from warroom.tests.support.installations import Installation
from warroom.tests.support.responses import HANGS, ONSET
from warroom.tests.support.shop_bundle import run_shop, write_shop
from warroom.tests.support.supervisor_world import World, world

LONG = pytest.mark.reliability
SOON = {"stabilise_s": 1, "verify_s": 1}
"""Seconds until an action is measured, and of measuring."""


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which payments hangs."""
    folder = tmp_path_factory.mktemp("recording") / "bundle"
    write_shop(folder, HANGS)
    return folder


@pytest.fixture
def live(tmp_path: Path, installation: Installation) -> datetime:
    """When it became ill, in telemetry that is of now: what has to be waited for is waited for."""
    start = time.time() - 90
    installation.bundle = tmp_path / "live"
    run_shop(installation.bundle, HANGS, start=start, windows=SOON)
    return from_ts(start + ONSET + 5)


@pytest.fixture
def shop() -> Iterator[World]:
    """What can be acted on."""
    with world("gateway-1", "payments-1", "checkout-1") as found:
        yield found


@pytest.fixture
def on_a_file(tmp_path: Path, recording: Path, shop: World) -> Iterator[Installation]:
    """SQLite, and one process."""
    found = Installation(tmp_path, recording, shop)
    yield found
    found.engine.dispose()


@pytest.fixture
def on_a_server(
    tmp_path: Path, recording: Path, shop: World, server: str
) -> Iterator[Installation]:
    """PostgreSQL, and any number of processes."""
    found = Installation(tmp_path, recording, shop, fresh(server))
    yield found
    found.engine.dispose()


@pytest.fixture(params=["on_a_file", pytest.param("on_a_server", marks=LONG)])
def installation(request: pytest.FixtureRequest) -> Installation:
    """On each kind of database."""
    return request.getfixturevalue(request.param)
