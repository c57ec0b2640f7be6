"""Silences and maintenance windows: kept and counted, no incident; taken when the window ends."""

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from warroom.errors import InputError, NotFound
from warroom.intake.grouping import group_due
from warroom.intake.silences import Matcher, Silence, Silences
from warroom.record import audit
from warroom.record.store import Store
from warroom.tests.support.alerts import NOW, fires, kept, later, over, put

CART = [Matcher(name="service", value="cart")]


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def silence(store: Store, matchers: list[Matcher] = CART, start: float = 0.0) -> Silence:
    """One of ten minutes."""
    made = Silences(store.engine)
    return made.add(matchers, later(start), later(start + 600), "ann", "deploy", "maintenance")


def group(store: Store, at: datetime = NOW) -> int:
    return len(group_due(store, at))


def test_a_silenced_alert_is_kept_and_counted_and_opens_nothing(store: Store) -> None:
    made = silence(store)
    for second in range(3):
        put(store, fires(), at=second, body=b"%d" % second)
    put(store, fires("orders"))
    assert group(store, later(3)) == 1
    quiet, loud = sorted(kept(store), key=lambda episode: episode.silence_id is None)
    assert (quiet.times, quiet.silence_id, quiet.incident_id) == (3, made.id, None)
    assert loud.incident_id


def test_what_still_fires_when_the_window_ends_is_taken(store: Store) -> None:
    silence(store)
    put(store, fires("cart", "Down"), fires("cart", "Slow"))
    put(store, over(fires("cart", "Slow"), 60), at=61)
    assert group(store, later(61)) == 0
    assert group(store, later(599)) == 0
    assert group(store, later(600)) == 1
    taken = {e.alert.name: e.incident_id is not None for e in kept(store)}
    assert taken["Down"]


def test_one_that_is_ended_early_gives_back_what_it_kept(store: Store) -> None:
    made = silence(store)
    put(store, fires())
    assert group(store, later(1)) == 0
    silences = Silences(store.engine)
    silences.expire(made.id, "ann", later(10).timestamp())
    assert group(store, later(10)) == 1
    assert silences.all(later(11).timestamp()) == []
    with pytest.raises(NotFound):
        silences.expire(made.id, "ann", later(12).timestamp())
    assert audit.verify(store.engine).number == 2


def test_one_to_come_and_one_that_is_over_silence_nothing(store: Store) -> None:
    silence(store, start=10)
    silence(store, start=-700)
    put(store, fires())
    assert group(store, later(1)) == 1


def test_what_runs_already_hears_its_own_alerts(store: Store) -> None:
    put(store, fires())
    assert group(store) == 1
    silence(store)
    put(store, over(fires(), 30), at=31)
    assert group(store, later(31)) == 1


@pytest.mark.parametrize(
    ("op", "value", "fits"),
    [
        ("=", "cart", True),
        ("=", "car", False),
        ("!=", "cart", False),
        ("=~", "ca.*", True),
        ("=~", "ca", False),
        ("!~", "orders|cart", False),
        ("!~", "ca", True),
    ],
)
def test_matchers_as_alertmanagers(op, value: str, fits: bool) -> None:
    assert Matcher(name="service", op=op, value=value).fits({"service": "cart"}) is fits


def test_a_label_that_is_not_there_is_empty() -> None:
    assert Matcher(name="team", value="").fits({})
    assert Matcher(name="team", op="!=", value="a").fits({})


def test_a_pattern_that_explodes_elsewhere_is_answered_at_once() -> None:
    assert not Matcher(name="x", op="=~", value="(a+)+b").fits({"x": "a" * 5000})
    with pytest.raises(ValidationError, match="RE2"):
        Matcher(name="x", op="=~", value="(a")


@pytest.mark.parametrize(
    ("matchers", "ends", "reason", "said"),
    [
        (CART, -1, "deploy", "after it begins"),
        (CART, 1e9, "deploy", "within a year"),
        (CART, 60, " ", "needs a reason"),
        ([Matcher(name="team", op="!=", value="a")], 60, "deploy", "fits every alert"),
    ],
)
def test_what_would_silence_too_much_is_refused(store: Store, matchers, ends, reason, said) -> None:
    with pytest.raises(InputError, match=said):
        Silences(store.engine).add(matchers, NOW, later(ends), "ann", reason)
