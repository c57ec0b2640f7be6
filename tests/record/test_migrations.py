"""The tables from nothing and from every earlier version, on both databases."""

import importlib
import pkgutil
from pathlib import Path
from zlib import compress

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect

from warroom import record
from warroom.incident.evidence import canonical, digest_of
from warroom.record import database
from warroom.record.claims import Does, Effect
from warroom.record.database import open_database, url_of
from warroom.record.migrations import HEAD, upgrade
from warroom.record.store import Store
from warroom.record.tables import METADATA
from warroom.tests.support.databases import KINDS, bare
from warroom.tests.support.evidence_shelf import PAYLOAD, shelf
from warroom.tests.support.incidents import full
from warroom.tests.support.shortcuts import dumped, in_one_go

DIGEST = digest_of(canonical(PAYLOAD))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where there is nothing yet."""
    if request.param == "sqlite":
        return tmp_path / "warroom.db"
    return bare(request.getfixturevalue("server"))


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the migrations themselves, which other tests are spared."""
    monkeypatch.setattr(database, "upgrade", upgrade)


def found(place: Path | str) -> Engine:
    """The database as it is, without bringing it up to date."""
    return sa.create_engine(url_of(place))


def test_what_migrations_make_is_what_the_code_means(place: Path | str) -> None:
    for module in pkgutil.iter_modules(record.__path__):  # whichever has tables
        importlib.import_module(f"warroom.record.{module.name}")
    with open_database(place).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert inspect(connection).get_table_names()


def fill(connection: Connection) -> None:
    """Rows as the first version wrote them, and those after it."""
    document = full()
    at = document.opened_at.timestamp()
    record = next(iter(shelf()[0].values())).model_copy(update={"digest": DIGEST, "id": "E1"})
    rows = {
        "alerts": {"received_at": at, "fingerprint": "f1", "body": "{}", "incident_id": "INC-1"},
        "incidents": {
            "id": "INC-1",
            "document": document.model_dump_json(exclude={"evidence"}),
            "version": 3,
            "state": document.state.value,
            "severity": "P1",
            "title": document.title,
            "fingerprint": "f1",
            "opened_at": at,
            "updated_at": at + 9,
        },
        "evidence": {"incident_id": "INC-1", "number": 1, "record": record.model_dump_json()},
        "payloads": {"digest": DIGEST, "body": compress(canonical(PAYLOAD))},
        "effects": {"key": "INC-1:execute:abc", "incident_id": "INC-1", "claimed_at": at},
    }
    known = sa.MetaData()
    known.reflect(connection)
    for table, row in rows.items():
        connection.execute(known.tables[table].insert().values(row))


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_an_old_database_is_read_on(place: Path | str, version: str) -> None:
    with found(place).begin() as connection:
        upgrade(connection, version)
        fill(connection)
    store = Store.open(place)
    document = store.load("INC-1")
    assert document.title == full().title
    (record,) = document.evidence
    assert store.payload(record.digest) == PAYLOAD
    assert [row.id for row in store.incidents()] == ["INC-1"]
    with store.engine.connect() as connection:
        said = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        taken = connection.exec_driver_sql("SELECT taken_at FROM incidents").scalar()
        digest = connection.exec_driver_sql("SELECT digest FROM evidence").scalar()
    assert (said, taken, digest) == (HEAD, document.opened_at.timestamp(), DIGEST)
    earlier = store.ledger.claim(Effect("INC-1", Does.execute, "abc"))
    assert earlier is not None and earlier.done_at is None


def test_other_tests_begin_with_the_same_tables(tmp_path: Path) -> None:
    dumps = []
    for how in (upgrade, in_one_go):
        engine = sa.create_engine(url_of(tmp_path / f"{how.__name__}.db"))
        with engine.begin() as connection:
            how(connection)
            dumps.append(sorted(dumped(connection)))
    assert dumps[0] == dumps[1] and len(dumps[0]) > 50
