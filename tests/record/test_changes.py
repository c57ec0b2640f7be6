"""Changes that were sent: each once, bounded in number and age, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from warroom.record import audit, changes
from warroom.record.changes import SentChanges, drop_changes
from warroom.record.retention import DAY_S
from warroom.record.store import Store
from warroom.record.tables import CHANGES

NOW = 1e9


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def change(at: float, **facts) -> dict:
    return {"at": at, "kind": "deploy", "id": f"sent-{at}", **facts}


def test_one_is_kept_once_and_stays_as_it_was(store):
    sent = SentChanges(store.engine)
    assert sent.keep("pipeline\n1", change(5, summary="first"))
    assert not sent.keep("pipeline\n1", change(6, summary="second"))
    assert sent.keep("other\n1", change(7))
    assert [row.get("summary") for row in sent.within(0, 10)] == [None, "first"]


def test_of_many_at_once_one_is_new(store):
    sent = SentChanges(store.engine)
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda _: sent.keep("pipeline\n1", change(5)), range(16)))
    assert sorted(new) == [False] * 15 + [True]
    assert len(sent.within(0, 10)) == 1


def test_a_window_is_closed_and_open(store):
    sent = SentChanges(store.engine)
    for at in (1.0, 2.0, 3.0):
        sent.keep(str(at), change(at))
    assert [row["at"] for row in sent.within(1, 3)] == [2.0, 1.0]


def test_whatever_a_text_holds_comes_back(store):
    odd = "\x00 \ud800 'quote\" ä"
    sent = SentChanges(store.engine)
    assert sent.keep(odd, change(1, summary=odd))
    assert sent.within(0, 2)[0]["summary"] == odd


def test_the_oldest_leave_when_there_are_many_and_repeats_push_nobody_out(store, monkeypatch):
    monkeypatch.setattr(changes, "MOST", 3)
    sent = SentChanges(store.engine)
    for number in range(3):
        sent.keep(str(number), change(number))
    for _ in range(9):
        sent.keep("2", change(2))
    assert len(sent.within(0, 10)) == 3
    sent.keep("3", change(3))
    assert [row["at"] for row in sent.within(0, 10)] == [3, 2, 1]


def test_old_ones_are_dropped_and_that_is_on_the_record(store):
    sent = SentChanges(store.engine)
    for number in range(2):
        sent.keep(str(number), change(number))
    with store.engine.begin() as connection:
        first = connection.execute(select(CHANGES.c.id)).scalars().first()
        ages = {"received_at": NOW - 31 * DAY_S}
        connection.execute(update(CHANGES).values(received_at=NOW))
        connection.execute(update(CHANGES).where(CHANGES.c.id == first).values(ages))
    assert drop_changes(store.engine, NOW, 30) == 1
    assert drop_changes(store.engine, NOW, 30) == 0
    assert [row["at"] for row in sent.within(0, 10)] == [1]
    assert audit.verify(store.engine).number == 1
