"""SQLite's writers of one process, one after the other: a turn is given back, whatever ended it."""

from pathlib import Path
from threading import Lock

import pytest
from sqlalchemy import text

from warroom.record.database import turn_of
from warroom.record.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "warroom.db")


@pytest.fixture
def turn(store: Store) -> Lock:
    return turn_of(str(store.engine.url.database))


def test_who_writes_has_the_turn_and_who_reads_needs_none(store: Store, turn: Lock) -> None:
    with store.engine.begin():
        assert turn.locked()
        with store.reading.begin() as reading:
            assert reading.execute(text("SELECT count(*) FROM work")).scalar() == 0
        assert turn.locked()
    assert not turn.locked()


def test_two_stores_over_one_file_share_it(store: Store, turn: Lock) -> None:
    other = Store.open(Path(str(store.engine.url.database)))
    with other.durable.begin():
        assert turn.locked()
    assert not turn.locked()


def test_it_is_given_back_after_a_failure(store: Store, turn: Lock) -> None:
    with pytest.raises(ZeroDivisionError), store.engine.begin():
        raise ZeroDivisionError
    assert not turn.locked()
    with store.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        connection.rollback()
        connection.execute(text("SELECT 1"))  # again, with the turn that it has still
    assert not turn.locked()
    with store.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        connection.invalidate()
        assert not turn.locked()
