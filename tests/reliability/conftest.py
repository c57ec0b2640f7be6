"""A recording that all rows share, and an installation for each row; on a file, then on a
PostgreSQL, where the row takes `installation`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.tests.support.databases import fresh
from warroom.tests.support.installations import PLACES, Installation
from warroom.tests.support.responses import HANGS
from warroom.tests.support.shop_bundle import write_shop
from warroom.tests.support.supervisor_world import World, world


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which payments hangs."""
    folder = tmp_path_factory.mktemp("recording") / "bundle"
    write_shop(folder, HANGS)
    return folder


@pytest.fixture
def shop() -> Iterator[World]:
    """What can be acted on."""
    with world("gateway-1", "payments-1", "checkout-1") as found:
        yield found


@pytest.fixture
def on_a_file(tmp_path: Path, recording: Path, shop: World) -> Installation:
    """SQLite, and one process."""
    return Installation(tmp_path, recording, shop)


@pytest.fixture
def on_a_server(tmp_path: Path, recording: Path, shop: World, server: str) -> Installation:
    """PostgreSQL, and any number of processes."""
    return Installation(tmp_path, recording, shop, fresh(server))


@pytest.fixture(params=PLACES)
def installation(request: pytest.FixtureRequest) -> Installation:
    """On each kind of database."""
    name = "on_a_file" if request.param == "sqlite" else "on_a_server"
    return request.getfixturevalue(name)
