"""What grows towards its limit, and when it gets there; how many instances the load needs (Little's
law), and when a scaler should add one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.capacity import instances_needed, per_instance_rps
from ...analysis.quantities import figure, quantity
from ...incident.evidence import Quote
from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName
from ...tools.capacity import GrowthTrend, ResourceUse
from ..causes.observations import cite, finding
from .bottleneck import Bottleneck
from .load import LoadObservations

SURE, GROWN, NEAR_S = 0.7, 0.2, 86_400.0
"""Confidence of the trend, growth over the window, and seconds to the limit that matter."""
FILLED = 0.9
"""Share of the memory limit at which a process is about to be killed."""


def leaking(seen: LoadObservations) -> list[GrowthTrend]:
    """Rows of the growth table that look like a leak; nearest limit first."""
    rows = [row for row in seen.growth.rows if _leaks(row)]
    return sorted(rows, key=lambda row: row.seconds_to_limit or NEAR_S)


def _leaks(row: GrowthTrend) -> bool:
    near = row.seconds_to_limit is not None and row.seconds_to_limit <= NEAR_S
    grown = row.growth >= GROWN
    return bool(row.monotonic) and row.confidence >= SURE and grown and near


def resets(seen: LoadObservations) -> Iterator[ResourceUse]:
    """Memory that reached its limit in a process that was then restarted: a leak's saw teeth."""
    for row in seen.saturation.rows:
        peak = row.peak or 0.0
        if row.resource != "memory" or peak < FILLED:
            continue
        restarts = seen.signal(row.service, SignalName.restarts)
        fresh = restarts and (restarts.current or 0) > (restarts.baseline or 0)
        if fresh and (row.utilisation_before or 0) < peak - GROWN:
            yield row


def leaks(seen: LoadObservations) -> Iterator[Finding]:
    """One finding a leak."""
    teeth = list(resets(seen))
    told = {row.service for row in teeth}
    for row in leaking(seen):
        if row.service not in told:
            grown = f"grew by {row.growth:.0%} and does not come back; {_left(row)}"
            text = f"{row.service} {row.signal} {grown}"
            proof = ("service", "signal", "growth", "slope_per_s", "now", "seconds_to_limit")
            yield finding("leak", text, seen.growth, row, *proof)
    for row in teeth:
        text = (
            f"{row.service} filled {row.peak:.0%} of its memory, was restarted and fills it again"
        )
        proof = ("service", "peak", "utilisation_before")
        yield finding("leak", text, seen.saturation, row, *proof)


def leak_advice(seen: LoadObservations) -> Iterator[str]:
    """What a restart would buy: the time from where it began to its limit."""
    for row in leaking(seen):
        text = f"{row.service} {row.signal}: more room only delays it"
        slope = row.slope_per_s or 0.0
        if slope > 0 and row.limit and row.start is not None:
            text += f"; a restart buys about {_time((row.limit - row.start) / slope)}"
        yield text
    for row in resets(seen):
        text = f"{row.service} memory: a restart has not helped, it fills up again"
        yield f"{text}; find what it keeps per request"


def _left(row: GrowthTrend) -> str:
    left = row.seconds_to_limit
    return f"at this pace the limit is {_time(left)} away" if left else "it is at its limit"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


HEADROOM = 0.3
"""Share of each instance's capacity that stays free."""


@dataclass(frozen=True)
class Sizing:
    """What a service has and needs."""

    service: str
    arrivals: float  # requests per second now
    seconds: float  # a healthy request's stay
    each: float  # requests per second that fit in one instance
    have: int
    need: int
    most: int
    quotes: tuple[Quote, ...]

    @property
    def short(self) -> bool:
        """Whether there are too few instances for the arrivals."""
        return self.need > self.have


def sizes(seen: LoadObservations) -> Iterator[Sizing]:
    """Every service whose arrivals, healthy time per request and slots are known."""
    for service in dict.fromkeys(row.service for row in seen.instances.rows):
        found = _size(seen, service)
        if found:
            yield found


def _size(seen: LoadObservations, service: str) -> Sizing | None:
    """By the healthy time per request: what a queue or a fault adds to it is not the work."""
    working = seen.working(service)
    slots = [row.slots for row in working if row.slots]
    stay = seen.seconds_each(service, usual=True)
    arrivals, _ = seen.arrivals(service)
    each = per_instance_rps(min(slots), stay) if slots and stay else None
    need = instances_needed(arrivals, each, HEADROOM) if each else None
    if need is None or each is None or stay is None:
        return None
    names = ("service", "rate", "usual_s", "slots")
    quotes = tuple(cite(seen.instances, working[0], *names))
    known = seen.case.catalogue.find(service)
    most = max(known.instances_max if known else 0, len(working))
    return Sizing(service, arrivals, stay, each, len(working), need, most, quotes)


def shortages(found: list[Sizing]) -> list[Finding]:
    """Services that have fewer instances than their arrivals need."""
    return [
        Finding(statement=_need(size), service=size.service, kind="capacity", quotes=[*size.quotes])
        for size in found
        if size.short
    ]


def size_advice(
    seen: LoadObservations, found: list[Sizing], bottleneck: Bottleneck | None
) -> Iterator[str]:
    """How many instances, when to add one, and where more instances would not help."""
    for size in found:
        if size.short:
            yield _need(size)
        if size.short or _limits(bottleneck, size):
            yield _trigger(size)
    if bottleneck and bottleneck.resource in ("concurrency", "cpu"):
        yield from _as_it_is(seen, found, bottleneck)


def _limits(bottleneck: Bottleneck | None, size: Sizing) -> bool:
    """Whether this service's slots are the bottleneck."""
    found = bottleneck and (bottleneck.service, bottleneck.resource)
    return found == (size.service, "concurrency")


def _need(size: Sizing) -> str:
    beyond = ""
    if size.need > size.most:
        beyond = f"; it may have {size.most} at most: throttle or shed the rest"
    return (
        f"{size.service}: {figure(size.arrivals)} requests/s of {quantity(size.seconds, 's')} need "
        f"{size.need} instances with {HEADROOM:.0%} head-room, {size.have} work{beyond}"
    )


def _trigger(size: Sizing) -> str:
    high = size.each * (1 - HEADROOM)
    return (
        f"{size.service}: scale out above {figure(high)} requests/s per instance "
        f"({1 - HEADROOM:.0%} of its slots), in below {figure(high / 2)}; "
        f"at most {size.most} instances"
    )


def _as_it_is(seen: LoadObservations, found: list[Sizing], bottleneck: Bottleneck) -> Iterator[str]:
    """Each request got heavier: say what carrying that would take, so that it is fixed instead."""
    size = next((s for s in found if s.service == bottleneck.service), None)
    stay = seen.seconds_each(bottleneck.service)
    now, before = seen.arrivals(bottleneck.service)
    if size is None or stay is None or size.short or stay < 2 * size.seconds:
        return
    if before and now >= 1.5 * before:  # then the stay is a queue, and the queue is the arrivals
        return
    need = instances_needed(size.arrivals, size.each * size.seconds / stay, HEADROOM)
    if need and need > size.have:
        yield (
            f"{size.service}: a request takes {quantity(stay, 's')} instead of "
            f"{quantity(size.seconds, 's')}; carrying that would need {need} instances: "
            "make the request cheap again first"
        )
