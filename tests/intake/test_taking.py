"""Deliveries and episodes: each once, in the order of their source, however they come."""

import threading
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from warroom.incident.document import Alert
from warroom.intake.taking import LATE_S, REMIND_S, Delivery, keep
from warroom.record.store import Store
from warroom.record.tables import DELIVERIES
from warroom.telemetry.alerts import parse_alerts
from warroom.tests.support.alerts import NOW, delivered, due, fires, kept, later, over, put, real


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def deliveries(store: Store) -> list[tuple[str, int, str]]:
    with store.reading.begin() as connection:
        rows = connection.execute(select(DELIVERIES).order_by(DELIVERIES.c.id))
        return [(row.key, row.times, row.problem) for row in rows]


def at_once(count: int, act) -> None:
    barrier = threading.Barrier(count)

    def one(number: int) -> None:
        barrier.wait()
        act(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_hundred_of_the_same_at_once_are_one(store: Store) -> None:
    at_once(20, lambda _: [put(store, fires()) for _ in range(5)])
    (episode,) = kept(store)
    assert episode.times == 100
    assert [times for _, times, _ in deliveries(store)] == [100]


def test_a_hundred_of_the_same_without_a_start_are_one(store: Store) -> None:
    alert = fires().model_copy(update={"starts_at": None})
    at_once(20, lambda number: [put(store, alert, at=number, body=b"%d" % number) for _ in "12345"])
    (episode,) = kept(store)
    assert (episode.times, episode.ends_at) == (100, None)


def test_deliveries_of_the_same_alerts_in_opposite_order_wait_for_nobody(store: Store) -> None:
    alerts = [fires(f"s{number}") for number in range(30)]
    at_once(8, lambda n: put(store, *(alerts if n % 2 else alerts[::-1]), body=b"%d" % n))
    assert {episode.times for episode in kept(store)} == {8}


def test_the_senders_own_id_makes_a_delivery_the_same(store: Store) -> None:
    for body in (b"{}", b"{ }"):
        keep(store.engine, [Delivery("pd", body, "id:7", problem="odd")], 1.0)
    assert deliveries(store) == [("id:7", 2, "odd")]


def test_the_body_of_a_storm_is_digested_once() -> None:
    delivery = Delivery("am", b"long")
    assert delivery.identity is delivery.identity


def test_an_end_that_comes_before_its_beginning_leaves_no_zombie(store: Store) -> None:
    alert = fires()
    put(store, over(alert, 60), at=61)
    put(store, alert, at=62)
    (episode,) = kept(store)
    assert episode.ends_at == later(60).timestamp()
    assert due(store) == 0


def test_a_start_repeated_long_after_its_end_fires_again(store: Store) -> None:
    """A monitoring system that was restarted keeps the start; it was never over."""
    alert = fires()
    put(store, alert)
    put(store, over(alert, 60), at=61)
    put(store, alert, at=62 + LATE_S)
    (episode,) = kept(store)
    assert episode.ends_at is None


def test_a_reminder_is_nothing_new_until_it_has_gone_on_for_long(store: Store) -> None:
    from warroom.intake.grouping import group_due

    alert = fires()
    put(store, alert)
    group_due(store, NOW)
    put(store, alert, at=60, body=b"again")
    assert due(store) == 0
    put(store, alert, at=REMIND_S + 1, body=b"and again")
    assert due(store) == 1


def test_clocks_that_differ_change_nothing(store: Store) -> None:
    """The source lives an hour ahead, then an hour behind: only its own times are compared."""
    for skew in (3600.0, -3600.0):
        alert = fires(f"skew{skew}", start=skew)
        put(store, alert, at=1)
        put(store, over(alert, skew + 30), at=2)
    assert all(e.ends_at and round(e.ends_at - e.starts_at) == 30 for e in kept(store))


def state(episodes) -> list[tuple[str, float, float | None]]:
    """What is so in the end: each episode until its end, or until the next one began."""
    rows = sorted((e.alert.fingerprint, e.starts_at, e.ends_at) for e in episodes)
    found = []
    for (name, start, end), follower in pairwise([*rows, ("", 0.0, None)]):
        next_start = follower[1] if follower[0] == name else None
        ends = [at for at in (end, next_start) if at is not None]
        found.append((name, start, min(ends, default=None)))
    return found


ALERT = fires()
SAID = st.lists(
    st.sampled_from(
        [
            message
            for start in (0, 100, 200)
            for begun in [fires(start=start)]
            for message in (begun, over(begun, start + 50))
        ]
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory):
    """Makes an empty record each time."""
    count = iter(range(1_000_000))
    folder = tmp_path_factory.mktemp("records")
    return lambda: Store.open(folder / f"{next(count)}.db")


@settings(max_examples=25, deadline=None)
@given(said=SAID, order=st.randoms(use_true_random=False))
def test_any_order_ends_as_the_right_one(anew, said: list[Alert], order) -> None:
    right, shuffled = anew(), anew()
    ordered = sorted(said, key=lambda a: a.ends_at or a.starts_at or NOW)
    for number, alert in enumerate(ordered):
        put(right, alert, at=number)
    mixed = [*said, *said[::2]]
    order.shuffle(mixed)
    for number, alert in enumerate(mixed):
        put(shuffled, alert, at=number)
    assert state(kept(shuffled)) == state(kept(right))


def speaks(status: str, at: float) -> Alert:
    """One alert of a source that says when it speaks, and no start."""
    return ALERT.model_copy(
        update={"status": status, "starts_at": None, "seen_at": NOW + timedelta(seconds=at)}
    )


@settings(max_examples=25, deadline=None)
@given(words=st.permutations(range(6)), fired=st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_latest_word_counts_in_any_order(anew, words, fired: list[bool]) -> None:
    store = anew()
    for place, number in enumerate(words):
        alert = speaks("firing" if fired[number] else "resolved", number * 10.0)
        put(store, alert, at=100.0 + place, body=b"%d" % place)
    newest = max(kept(store), key=lambda episode: episode.starts_at)
    assert (newest.ends_at is None) is fired[-1]


def test_real_deliveries_of_alertmanager_in_any_order(place: Path | str) -> None:
    store = Store.open(place)
    bodies = [delivered(path.name)[1] for path in real()]
    for number, body in enumerate([*bodies, *bodies[::-1]]):
        put(store, *parse_alerts(body), at=number, body=str(number).encode())
    assert {e.alert.name: (e.times, e.ends_at is None) for e in kept(store)} == {
        "QueueBacklog": (4, False),
        "HighErrorRate": (4, False),
    }
