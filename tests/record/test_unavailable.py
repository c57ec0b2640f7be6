"""Databases that are locked, full or gone: nothing is half done, and it goes on unaided."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from warroom.errors import StoreError, StoreUnavailable
from warroom.incident.action import Verdict
from warroom.record import audit
from warroom.record.database import durable, open_database, reader
from warroom.record.store import Store
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.databases import fresh
from warroom.tests.support.incidents import minimal
from warroom.tests.support.people import free
from warroom.tests.support.postgres import postgres, restart
from warroom.tests.support.responses import begin, finish, inventory, room_over


@contextmanager
def each_connection(engine: Engine, statement: str) -> Iterator[None]:
    """Every connection of the engine begins with this statement, until the end."""

    def run(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(statement)

    engine.dispose()
    event.listen(engine, "connect", run)
    try:
        yield
    finally:
        event.remove(engine, "connect", run)
        engine.dispose()


def pages(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar_one()


def test_a_full_disk_takes_no_claim_and_forgets_none(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "warroom.db")
    keys = [f"{number:0900}" for number in range(200)]
    won = []
    little = f"PRAGMA max_page_count={pages(store.engine) + 5}"
    with each_connection(store.engine, little), pytest.raises(StoreUnavailable, match="full"):
        for key in keys:
            assert store.ledger.claim(free(key)) is None
            won.append(key)
    assert 0 < len(won) < len(keys)
    assert [key for key in keys if store.ledger.claim(free(key)) is not None] == won


def test_a_response_over_a_full_disk_does_nothing_and_goes_on(tmp_path: Path) -> None:
    hands = Rehearsal(inventory())
    context = room_over(tmp_path, hands=hands)
    response, incident = begin(context)
    engine = context.store.engine
    none_left = f"PRAGMA max_page_count={pages(engine)}"
    with each_connection(engine, none_left), pytest.raises(StoreUnavailable, match="resume"):
        finish(response, incident, Verdict.approved)
    assert len(hands.acted) <= 1
    finish(response, incident, Verdict.approved)
    assert len(hands.acted) == len(set(map(str, hands.acted)))


def test_a_locked_database_is_told_and_let_go(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "warroom.db")
    with each_connection(store.engine, "PRAGMA busy_timeout=1"):
        other = sqlite3.connect(tmp_path / "warroom.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.ledger.claim(free("key"))
        assert store.incidents() == []  # readers do not wait
        other.execute("ROLLBACK")
        assert store.ledger.claim(free("key")) is None


def test_a_crash_of_the_server_takes_back_what_was_not_committed_and_nothing_else(
    tmp_path: Path,
) -> None:
    with postgres(tmp_path, ()) as server:
        store = Store.open(fresh(server))
        document = minimal()
        store.create(document)
        assert store.ledger.claim(free("one")) is None
        restart(tmp_path)
        assert store.ledger.claim(free("one")) is not None  # asked again by itself
        written = audit.verify(store.engine).number
        with pytest.raises(StoreUnavailable), durable(store.engine).begin() as connection:
            audit.add(connection, "ann", "approve")
            restart(tmp_path)
            connection.execute(text("SELECT 1"))
        assert audit.verify(store.engine).number == written
        assert store.ledger.claim(free("two")) is None
        store.engine.dispose()


def test_a_server_that_became_the_standby_is_left_for_the_primary(server: str) -> None:
    """Its connections take no writes any more; new ones are made, to whoever does."""
    store = Store.open(fresh(server))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()
    with pytest.raises(StoreUnavailable, match="read-only"):
        store.ledger.claim(free("one"))
    assert store.ledger.claim(free("one")) is None


def test_a_process_that_stops_within_a_transaction_loses_its_locks(server: str) -> None:
    engine = open_database(fresh(server))
    with engine.connect() as stopped:
        limit = stopped.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
        assert limit == "10s"
        pid = stopped.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        stopped.exec_driver_sql("SET idle_in_transaction_session_timeout = '1ms'")
        with engine.connect() as other:
            here = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"
            while other.exec_driver_sql(here).scalar():
                other.rollback()  # what a transaction sees of it stays the same
        with pytest.raises(StoreUnavailable):
            stopped.exec_driver_sql("SELECT 1")
    assert audit.verify(engine).fault == ""


def test_what_reads_sees_one_state_and_writes_nothing(place: Path | str) -> None:
    store = Store.open(place)
    document = minimal()
    store.create(document)
    with reader(store.engine).begin() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM incidents").scalar()
        other = document.model_copy(update={"id": "INC-2"})
        writer = threading.Thread(target=lambda: store.create(other))
        writer.start()
        writer.join()
        assert connection.exec_driver_sql("SELECT count(*) FROM incidents").scalar() == before
    assert len(store.incidents()) == 2


def test_a_promise_is_on_the_disk(place: Path | str) -> None:
    engine = durable(open_database(place))
    level = "PRAGMA synchronous" if isinstance(place, Path) else "SHOW synchronous_commit"
    with engine.begin() as connection:
        assert connection.exec_driver_sql(level).scalar() in (2, "on")


def test_a_broken_file_is_no_matter_of_waiting(tmp_path: Path) -> None:
    path = tmp_path / "warroom.db"
    store = Store.open(path)
    store.engine.dispose()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError) as raised:
        store.incidents()
    assert not isinstance(raised.value, StoreUnavailable)
