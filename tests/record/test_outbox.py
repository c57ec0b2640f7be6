"""Messages: put once with their claim, taken by one at a time, tried until they arrive."""

import threading
import time
from pathlib import Path

import pytest

from warroom.errors import ApprovalError, StoreError
from warroom.incident.document import Incident
from warroom.record.claims import Does, Effect
from warroom.record.outbox import TAKEN_S, Outbox, Parcel
from warroom.record.store import Store
from warroom.tests.support.incidents import minimal

INSIDE = Effect("INC-1", Does.send, "abc", approved=False)
BODIES = {"chat": "{}", "mail": "{}"}
TITLE = "told on all channels"


def nothing(_document: Incident, _parcel: Parcel) -> None:
    """There is nothing to note."""


def sent_on_all(document: Incident, _parcel: Parcel) -> None:
    document.title = TITLE


@pytest.fixture
def store(place: Path | str) -> Store:
    found = Store.open(place)
    found.create(minimal().model_copy(update={"id": "INC-1"}))
    return found


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store.engine)


def later(outbox: Outbox, seconds: float) -> None:
    outbox.clock = lambda: time.time() + seconds


def test_what_leaves_the_house_is_put_only_when_approved(store: Store, outbox: Outbox) -> None:
    with pytest.raises(ApprovalError):
        outbox.put(store.ledger, Effect("INC-1", Does.send, "abc"), BODIES)
    assert outbox.due() == []


def test_a_message_is_put_once_and_delivered_once_a_channel(store: Store, outbox: Outbox) -> None:
    for _ in range(3):
        outbox.put(store.ledger, INSIDE, BODIES)
    parcels = outbox.due()
    assert sorted(parcel.channel for parcel in parcels) == ["chat", "mail"]
    for parcel in parcels:
        outbox.sent([parcel], nothing)
    outbox.put(store.ledger, INSIDE, BODIES)
    later(outbox, 9999)
    assert outbox.due() == []


def test_two_never_deliver_the_same_at_once(store: Store, outbox: Outbox) -> None:
    outbox.put(store.ledger, INSIDE, BODIES)
    taken: list[str] = []
    begin = threading.Barrier(6)

    def take() -> None:
        begin.wait()
        taken.extend(parcel.key for parcel in outbox.due())

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 2


def test_what_somebody_took_and_never_delivered_is_taken_again(
    store: Store, outbox: Outbox
) -> None:
    outbox.put(store.ledger, INSIDE, {"chat": "{}"})
    assert len(outbox.due()) == 1
    assert outbox.due() == []
    later(outbox, TAKEN_S + 1)
    assert len(outbox.due()) == 1


def test_a_channel_that_is_down_for_an_hour_loses_nothing(store: Store, outbox: Outbox) -> None:
    outbox.put(store.ledger, INSIDE, {"chat": "{}"})
    tries = 0
    for second in range(0, 3600, 10):
        later(outbox, second)
        for parcel in outbox.due():
            outbox.failed(parcel, "503")
            tries += 1
    assert 10 < tries < 30  # seldom, and again and again
    [waiting] = outbox.of(INSIDE.key)
    assert (waiting.waits, waiting.error, waiting.attempts) == (True, "503", tries)
    later(outbox, 4000)
    [parcel] = outbox.due()
    outbox.sent([parcel], nothing)
    [done] = outbox.of(INSIDE.key)
    assert done.sent_at and not done.waits


def test_with_the_last_channel_the_effect_is_reported_and_noted(
    store: Store, outbox: Outbox
) -> None:
    outbox.put(store.ledger, INSIDE, BODIES)
    first, last = outbox.due()
    outbox.sent([first], sent_on_all)
    claimed = store.ledger.effect(INSIDE.key)
    assert claimed and claimed.done_at is None
    assert store.load("INC-1").title != TITLE
    outbox.sent([last], sent_on_all)
    done = store.ledger.effect(INSIDE.key)
    assert done and done.done_at and done.result == {"sent": ["chat", "mail"]}
    assert store.load("INC-1").title == TITLE


def test_each_message_is_noted_with_its_last_channel(store: Store, outbox: Outbox) -> None:
    other = Effect("INC-1", Does.send, "abd", approved=False)
    for effect in (INSIDE, other):
        outbox.put(store.ledger, effect, BODIES)
    noted: list[str] = []
    first, *rest = outbox.due()
    outbox.sent(rest, lambda _document, last: noted.append(last.effect))
    assert noted == [other.key]
    outbox.sent([first], lambda _document, last: noted.append(last.effect))
    assert noted == [other.key, INSIDE.key]
    assert store.ledger.effect(INSIDE.key) and store.ledger.effect(other.key)


def test_what_cannot_be_noted_is_not_reported(store: Store, outbox: Outbox) -> None:
    outbox.put(store.ledger, INSIDE, BODIES)

    def spoil(_document: Incident, _parcel: Parcel) -> None:
        raise StoreError("not now")

    with pytest.raises(StoreError):
        outbox.sent(outbox.due(), spoil)
    later(outbox, TAKEN_S + 1)
    parcels = outbox.due()
    assert len(parcels) == 2
    outbox.sent(parcels, sent_on_all)
    assert [parcel.waits for parcel in outbox.of(INSIDE.key)] == [False, False]
    assert store.load("INC-1").title == TITLE


def test_of_two_channels_at_once_one_is_the_last(store: Store, outbox: Outbox) -> None:
    outbox.put(store.ledger, INSIDE, BODIES)
    begin = threading.Barrier(2)
    noted: list[str] = []

    def deliver(parcel: Parcel) -> None:
        begin.wait()
        outbox.sent([parcel], lambda _document, last: noted.append(last.channel))

    threads = [threading.Thread(target=deliver, args=[parcel]) for parcel in outbox.due()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = store.ledger.effect(INSIDE.key)
    assert done and done.done_at and len(noted) == 1
