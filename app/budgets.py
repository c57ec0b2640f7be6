"""Service level and error budget per service and month: what incidents took, against what the
catalogue promises. Lost is the time hurt times the share of requests that failed, as measured: ten
minutes at 20% are two. Time without an incident is good; a share that nobody measured is not
guessed. Hurt by two at once, time counts once, with the share of the one that began first.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from ..telemetry.model import Catalogue
from .figures import Taken, month


@dataclass(frozen=True)
class Budget:
    """One service in one month; times in seconds."""

    month: str
    service: str
    hurt: float
    lost: float  # of what was measured
    unmeasured: float  # hurt, and nobody knows how much failed
    available: float  # share of the time looked at that was not lost; unmeasured: at most
    objective: float | None  # promised by the catalogue; None: nothing is
    spent: float | None  # share of what may be lost in the whole month
    met: bool | None  # kept so far; None: nothing is promised, or not enough was measured


Hurt = list[tuple[float, float, float | None]]
"""From when to when, unix seconds, and which share of requests failed; None: nobody measured."""


def budgets(found: Sequence[Taken], catalogue: Catalogue, now: datetime, days: int) -> list[Budget]:
    """Of every service and month with an incident, the newest month first."""
    times = defaultdict[tuple[str, str], Hurt](list)
    since, until = (now - timedelta(days=days)).timestamp(), now.timestamp()
    for one in sorted(found, key=lambda each: each.began):
        for service, share in one.failed.items():
            for name, start, end in _months(max(one.began, since), one.over or until):
                times[name, service or "not named"].append((start, end, share))
    slos = ((one.name, slo) for one in catalogue.services for slo in one.slos)
    kept = dict(sorted((name, slo.objective) for name, slo in slos if slo.sli == "availability"))
    rows = [_budget(*key, times[key], kept.get(key[1]), since, until) for key in sorted(times)]
    return sorted(rows, key=lambda row: row.month, reverse=True)


def _months(start: float, end: float) -> Iterator[tuple[str, float, float]]:
    """The parts of a time that lie in one month each; unix seconds."""
    while start < end:
        name = month(int(start // 86400))
        yield name, start, (start := min(end, _bounds(name)[1]))


@cache
def _bounds(name: str) -> tuple[float, float]:
    first = datetime.fromisoformat(f"{name}-01T00:00:00+00:00")
    return first.timestamp(), (first + timedelta(days=32)).replace(day=1).timestamp()


def _budget(
    name: str, service: str, times: Hurt, objective: float | None, since: float, until: float
) -> Budget:
    lost = unmeasured = hurt = last = 0.0
    for start, end, share in times:
        alone = max(0.0, end - max(start, last))
        last, hurt = max(last, end), hurt + alone
        lost += alone * (share or 0.0)
        unmeasured += alone if share is None else 0.0
    begin, end = _bounds(name)
    good = 1 - lost / (min(end, until) - max(begin, since))
    allowed = (1 - (objective or 0.0)) * (end - begin)
    met = None if objective is None or (unmeasured and lost <= allowed) else lost <= allowed
    spent = lost / allowed if objective is not None and allowed else None
    return Budget(name, service, hurt, lost, unmeasured, good, objective, spent, met)
