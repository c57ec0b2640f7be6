"""An empty database of each kind: what holds on SQLite holds on PostgreSQL. A test that takes
`place` runs once on each."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from warroom.tests.support.postgres import postgres

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL for all tests of a process: the connection string of its superuser."""
    with postgres(tmp_path_factory.mktemp("postgres"), ()) as dsn:
        yield dsn


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where `Store.open` finds an empty database: a file, then a URL."""
    if request.param == "sqlite":
        return tmp_path / "warroom.db"
    return fresh(request.getfixturevalue("server"))


ONE_SLOWLY = pytest.mark.parametrize(
    "place",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.reliability)],
    indirect=True,
)
"""For what takes long: on SQLite always, on PostgreSQL by `make reliability`."""


def fresh(server: str) -> str:
    """The URL of a new database on this server."""
    name = f"warroom_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return make_url(server).set(database=name).render_as_string(hide_password=False)
