"""What a turn found and told: on record with the change that rests on it, or a moment later."""

import threading
import time
from pathlib import Path

import pytest

from warroom.errors import LeaseLost
from warroom.incident.document import Incident
from warroom.incident.events import EvidenceKept, ModelWrites, StepStarted
from warroom.incident.evidence import Evidence
from warroom.record.evidence import MOMENT_S, Pending
from warroom.record.leases import Lease
from warroom.record.store import Store
from warroom.tests.support.incidents import full

DOCUMENT = full()
NAME, FOUND = DOCUMENT.id, DOCUMENT.evidence[0]
STARTED = StepStarted(step=1, specialist="triage", attempt=1)
LONG_S = 20 * MOMENT_S


@pytest.fixture
def store(place: Path | str) -> Store:
    found = Store.open(place)
    found.create(DOCUMENT)
    return found


def lease(store: Store) -> Lease:
    given = store.work.claim(NAME, "here/1/a")
    assert given
    return given


@pytest.fixture
def mine(store: Store) -> Store:
    return store.under(lease(store))


def pending(mine: Store) -> Pending:
    assert mine.pending
    return mine.pending


def add(store: Store, number: int) -> Evidence:
    return store.add_evidence(NAME, FOUND, {"rows": [number]})


def titled(document: Incident) -> None:
    document.title = "changed"


def ids(store: Store) -> list[str]:
    return [record.id for record in store.load(NAME).evidence]


def test_it_is_written_with_the_next_change(store: Store, mine: Store) -> None:
    first = add(mine, 1)
    pending(mine).tell(lambda _event: None, STARTED)
    assert (ids(store), store.events.after()) == ([], [])
    assert mine.payload(first.digest) == {"rows": [1]}

    def finds_more(_document: Incident) -> None:
        add(mine, 2)

    mine.update(NAME, finds_more)
    mine.update(NAME, titled)
    assert ids(store) == ids(mine) == ["E1", "E2"]
    assert [stored.event for stored in store.events.after()] == [STARTED]
    assert store.payload(first.digest) == {"rows": [1]}


def test_a_change_that_fails_leaves_it_for_the_next(store: Store, mine: Store) -> None:
    add(mine, 1)

    def fails(_document: Incident) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mine.update(NAME, fails)
    assert ids(store) == []
    mine.update(NAME, titled)
    assert ids(store) == ["E1"]


def test_the_next_holder_goes_on_and_a_straggler_is_refused(store: Store, mine: Store) -> None:
    """Both give out the same number."""
    add(mine, 1)
    assert mine.lease
    store.work.release(mine.lease, 0.0, "given back")
    theirs = store.under(lease(store))
    kept = add(theirs, 2)
    theirs.update(NAME, titled)
    with pytest.raises(LeaseLost):
        mine.update(NAME, titled)
    assert store.load(NAME).evidence == [kept]
    assert add(theirs, 3).id == "E2"


def test_the_same_payload_is_kept_once(store: Store, mine: Store) -> None:
    for _ in range(3):
        add(mine, 1)
    mine.update(NAME, titled)
    assert ids(store) == ["E1", "E2", "E3"]
    assert len({record.digest for record in store.load(NAME).evidence}) == 1


def test_who_follows_waits_a_moment_and_not_for_a_change(store: Store, mine: Store) -> None:
    with pending(mine).followed():
        told = EvidenceKept(evidence=add(mine, 1))
        pending(mine).tell(lambda _event: None, told)
        until = time.monotonic() + LONG_S
        while not (found := store.events.after()) and time.monotonic() < until:
            time.sleep(0.02)
        assert [stored.event for stored in found] == [told]
        assert ids(store) == ["E1"]
        pending(mine).tell(lambda _event: None, STARTED)
    assert [stored.event for stored in store.events.after()] == [told, STARTED]


def test_half_a_sentence_is_told_and_not_kept(store: Store, mine: Store) -> None:
    words = ModelWrites(specialist="triage", step=1, text="half a")
    heard: list[object] = []
    pending(mine).tell(heard.append, words)
    mine.update(NAME, titled)
    assert (heard, store.events.after()) == ([words], [])


def test_what_is_told_side_by_side_is_stored_in_that_order(store: Store, mine: Store) -> None:
    heard: list[object] = []
    begin = threading.Barrier(4)

    def tell(specialist: str) -> None:
        begin.wait()
        for step in range(1, 14):
            event = StepStarted(step=step, specialist=specialist, attempt=1)
            pending(mine).tell(heard.append, event)
            if step % 5 == 0:
                mine.update(NAME, titled)

    threads = [threading.Thread(target=tell, args=(name,)) for name in ("a", "b", "c", "d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mine.update(NAME, titled)
    assert [stored.event for stored in store.events.after()] == heard
