"""What is looked at for performance beyond what names a cause (instances, caches), and the
instances of one service held against each other: uneven load, or one of them unwell.
"""

from collections.abc import Iterable, Iterator

from ...incident.finding import Finding
from ...tools.load import InstanceLoad, cache_hits, instance_load
from ..causes.observations import Observations, Question, finding, where

UNEVEN = 1.5
"""Times its fair share from which an instance gets too much."""
ENOUGH = 50
"""Requests that each service must have had for its shares to mean something."""
FAILING, TIMES = 0.05, 3.0
"""Error share, and times its siblings' (errors or seconds), that make an instance the odd one."""


class LoadObservations(Observations):
    """Load of one case, asked for when first needed."""

    instances = Question(instance_load)
    """Work per instance, before and now."""
    caches = Question(cache_hits)
    """Hit shares."""

    def working(self, service: str) -> list[InstanceLoad]:
        """The instances of a service that get requests."""
        return [row for row in where(self.instances, service=service) if row.rate]

    def arrivals(self, service: str) -> tuple[float, float | None]:
        """Requests per second now and in the healthy window (None: unknown)."""
        rows = list(where(self.instances, service=service))
        before = [row.rate_before for row in rows if row.rate_before is not None]
        return sum(row.rate or 0.0 for row in rows), sum(before) if before else None

    def seconds_each(self, service: str, usual: bool = False) -> float | None:
        """Mean seconds per request over a service's instances, now or usually; None: not
        recorded."""
        rows = where(self.instances, service=service)
        stays = [(row.usual_s if usual else row.mean_s, row.rate) for row in rows]
        known = [(stay, rate) for stay, rate in stays if stay and rate]
        total = sum(rate for _, rate in known)
        return sum(stay * rate for stay, rate in known) / total if total else None


def odd_instances(observations: LoadObservations) -> Iterator[Finding]:
    """Uneven shares and odd instances."""
    for service in dict.fromkeys(row.service for row in observations.instances.rows):
        # One that joined during the incident has had less time, not less load.
        rows = [row for row in observations.working(service) if row.rate_before]
        total = sum(row.rate or 0.0 for row in rows)
        if len(rows) < 2 or total * observations.case.frame.incident.seconds < ENOUGH:
            continue
        for row in rows:
            text = _odd(row, [other for other in rows if other is not row], len(rows))
            if text:
                proof = ("service", "instance", "share", "error_share", "mean_s")
                text = f"{row.instance} {text}"
                yield finding("balance", text, observations.instances, row, *proof)


def _odd(row: InstanceLoad, others: list[InstanceLoad], count: int) -> str:
    errors = _mean(other.error_share for other in others)
    if (row.error_share or 0) >= max(FAILING, TIMES * errors):
        return f"fails {row.error_share:.0%} of its requests, its siblings {errors:.0%}"
    slow = _mean(other.mean_s for other in others)
    if slow and (row.mean_s or 0) >= TIMES * slow:
        return f"takes {row.mean_s:.3g} s per request, its siblings {slow:.3g}"
    if (row.share or 0) >= UNEVEN / count:
        return f"gets {row.share:.0%} of the requests; a fair share is {1 / count:.0%}"
    return ""


def _mean(values: Iterable[float | None]) -> float:
    known = [value or 0.0 for value in values]
    return sum(known) / len(known)
