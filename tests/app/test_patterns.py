"""What comes back over many incidents, and that chance is not taken for a pattern."""

from datetime import UTC, datetime

from warroom.app.figures import Taken
from warroom.app.patterns import patterns, rising

DAY = 86400.0


def one(number: int, opened: float, service: str = "", cause: str = "", kind: str = "") -> Taken:
    times = {"detect": None, "acknowledge": None, "resolve": None}
    more = {"month": "2026-11", "severity": "P2", "escalated": False, "acts": (0, 0)}
    more |= {"category": "", "type": kind}
    told = {
        "began": opened,
        "over": None,
        "automatic": 0,
        "noise": False,
        "drill": False,
    }
    names = {"id": f"INC-{number}", "service": service, "cause": cause, "failed": {}}
    return Taken(opened=opened, **names, **told, **times, **more)


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


def test_what_rises_is_more_than_chance_gives_to_so_many_names():
    """Of nine in ten days eight lie in the later five: chance gives 8 of 9 or more to one half in
    10 of 512 cases, 0.0195; for two names (all, checkout) 0.039."""
    now = datetime.fromtimestamp(10 * DAY, UTC)
    found = [one(0, 0.0, "checkout"), *(one(n, 6 * DAY + n, "checkout") for n in range(1, 9))]
    told = {each.says: each for each in rising(found, now)}
    assert set(told) == {"all incidents: 1 in 5 days, then 8", "checkout: 1 in 5 days, then 8"}
    (pattern, *_others) = told.values()
    assert abs(pattern.strength - (1 - 2 * 10 / 512)) < 1e-9 and len(pattern.incidents) == 8
    assert not rising(found[:-1], now)  # 9 of 256: 0.035, twice of which is no surprise
    assert not rising(found[:1], datetime.fromtimestamp(0, UTC)) and not rising([], now)


def test_a_type_of_incident_that_rises_is_told():
    now = datetime.fromtimestamp(10 * DAY, UTC)
    found = [one(n, (9 if n else 0) * DAY + n, f"s{n}", kind="security") for n in range(12)]
    told = {each.says for each in rising(found, now)}
    assert told == {"all incidents: 1 in 5 days, then 11", "type security: 1 in 5 days, then 11"}
