"""Events: in order per incident, and followed from any point without missing one."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from warroom.incident.events import StepStarted, Waiting
from warroom.incident.lifecycle import State
from warroom.incident.timeline import utc_now
from warroom.record import events
from warroom.record.database import open_database
from warroom.record.events import EventLog, Stored
from warroom.record.store import Store
from warroom.tests.support.databases import fresh
from warroom.tests.support.incidents import minimal


@pytest.fixture
def log(place: Path | str) -> EventLog:
    return EventLog(open_database(place))


def step(number: int) -> StepStarted:
    return StepStarted(step=number, specialist="triage", attempt=1)


def test_they_are_numbered_in_their_incident_and_over_all(log: EventLog) -> None:
    for incident, number in (("A", 1), ("B", 1), ("A", 2)):
        log.append(incident, step(number), at=7.0)
    assert [(s.position, s.incident_id, s.number) for s in log.after()] == [
        (1, "A", 1),
        (2, "B", 1),
        (3, "A", 2),
    ]
    assert log.after(1, "A") == [Stored(3, "A", 2, 7.0, step(2))]
    assert [s.position for s in log.after(limit=2)] == [1, 2]


def test_several_are_stored_in_their_order(log: EventLog) -> None:
    log.append("A", step(1), at=1.0)
    with log.engine.begin() as connection:
        events.append_all(connection, "A", [(step(2), 2.0), (step(3), 3.0)])
    assert [(s.position, s.number, s.event) for s in log.after(1)] == [
        (2, 2, step(2)),
        (3, 3, step(3)),
    ]


def test_nothing_comes_of_a_transaction_that_fails(log: EventLog) -> None:
    with pytest.raises(ZeroDivisionError), log.engine.begin() as connection:
        events.append(connection, "A", step(1), 1.0)
        raise ZeroDivisionError
    log.append("A", step(2), 2.0)
    assert [(s.position, s.event) for s in log.after()] == [(1, step(2))]


def test_a_follower_misses_none_of_two_that_write(place: Path | str) -> None:
    """Each writes from an engine of its own, as two processes do."""
    each = 40
    seen: list[int] = []

    def write(name: str) -> None:
        engine = open_database(place)
        for number in range(each):
            with engine.begin() as connection:
                events.append(connection, name, step(number), 0.0)

    threads = [threading.Thread(target=write, args=(name,)) for name in "AB"]
    for thread in threads:
        thread.start()
    log = EventLog(open_database(place))
    while len(seen) < 2 * each:
        found = log.follow(seen[-1] if seen else 0, wait_s=30)
        assert found, "nothing came any more"
        seen += [stored.position for stored in found]
    assert seen == list(range(1, 2 * each + 1))
    for thread in threads:
        thread.join()


def test_one_that_commits_late_is_not_overtaken(server: str) -> None:
    """On PostgreSQL a second writer waits: it cannot be read before the first."""
    engine = open_database(fresh(server))
    second = threading.Thread(target=EventLog(engine).append, args=("B", step(1), 0.0))
    log = EventLog(engine)
    with engine.begin() as first:
        events.append(first, "A", step(1), 0.0)
        second.start()
        wait_until_blocked(engine)
        assert log.after() == []
    second.join()
    assert [(s.position, s.incident_id) for s in log.after()] == [(1, "A"), (2, "B")]


def wait_until_blocked(engine: Engine) -> None:
    """Until somebody waits for the lock of positions."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while True:
        with engine.connect() as connection:
            if connection.exec_driver_sql(query).scalar():
                return


def test_a_follower_waits_for_so_long_and_no_longer(place: Path | str) -> None:
    waited: list[float] = []
    log = EventLog(open_database(place), clock=lambda: sum(waited), sleep=waited.append)
    assert log.follow(wait_s=5) == [] and 5 <= sum(waited) < 6


def test_it_gets_what_comes_while_it_waits(place: Path | str) -> None:
    log = EventLog(open_database(place))

    def somebody_writes(_seconds: float) -> None:
        log.append("A", Waiting(seconds=1, why="x"), 0.0)

    log.sleep = somebody_writes
    assert [s.position for s in log.follow(wait_s=5)] == [1]


def test_a_change_of_the_document_says_itself(place: Path | str) -> None:
    store = Store.open(place)
    document = minimal()
    store.create(document)
    move = lambda doc: doc.move(State.investigating, utc_now(), "triage", "it hurts")  # noqa: E731
    store.update(document.id, move)
    store.update(document.id, move)
    (stored,) = store.events.after(incident_id=document.id)
    assert stored.event.event == "state_changed"
    assert stored.event.transition.reason == "it hurts"
