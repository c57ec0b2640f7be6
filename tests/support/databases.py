"""An empty database of each kind: what holds on SQLite holds on PostgreSQL. A test that takes
`place` runs once on each."""

import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from warroom.record.database import open_database
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
    """The URL of a new database on this server, with the tables."""
    return _created(server, _migrated(server))


def bare(server: str) -> str:
    """The URL of one without any."""
    return _created(server, "template1")


def _created(server: str, template: str) -> str:
    name = f"warroom_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@cache
def _migrated(server: str) -> str:
    """The name of a database there that nobody is connected with: each new one is a copy of it."""
    url = bare(server)
    open_database(url).dispose()
    return str(make_url(url).database)
