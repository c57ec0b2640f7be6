"""What comes back over many incidents, and that chance is not taken for a pattern."""

from warroom.app.figures import Taken
from warroom.app.patterns import patterns

DAY = 86400.0


def one(number: int, opened: float, service: str = "", cause: str = "") -> Taken:
    times = {"detect": None, "acknowledge": None, "resolve": None}
    more = {"month": "2026-11", "severity": "P2", "escalated": False, "acts": (0, 0)}
    return Taken(id=f"INC-{number}", service=service, opened=opened, cause=cause, **times, **more)


def test_the_same_cause_is_stronger_the_more_often_and_before_the_same_place():
    found = [one(n, n * 5 * DAY / 7, "checkout", "leak in checkout") for n in range(3)]
    first, second = patterns(found)
    assert (first.says, second.says) == ("3 times leak in checkout", "3 alerts of checkout")
    assert first.strength == 0.75 > second.strength
    assert first.incidents == ["INC-0", "INC-1", "INC-2"]
    assert not patterns(found[:1])


def test_an_hour_counts_where_chance_does_not_explain_it():
    nightly = [one(n, n * DAY + 2 * 3600, f"s{n}") for n in range(6)]
    (hour,) = patterns(nightly)
    assert hour.says == "6 of 6 began between 02:00 and 02:59 UTC" and hour.strength == 0.99
    spread = [one(n, n * DAY + n * 3600, f"s{n}") for n in range(24)]
    assert not patterns([*spread, one(24, 2 * 3600, "x")])
