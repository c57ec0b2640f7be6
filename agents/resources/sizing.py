"""How many instances the load needs (Little's law), and when a scaler should add one."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.capacity import instances_needed, per_instance_rps
from ...incident.evidence import Quote
from ...incident.finding import Finding
from ..causes.observations import cite
from .bottleneck import Bottleneck
from .load import LoadObservations

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


def sizes(observations: LoadObservations) -> Iterator[Sizing]:
    """Every service whose arrivals, healthy time per request and slots are known."""
    for service in dict.fromkeys(row.service for row in observations.instances.rows):
        found = _size(observations, service)
        if found:
            yield found


def _size(observations: LoadObservations, service: str) -> Sizing | None:
    """By the healthy time per request: what a queue or a fault adds to it is not the work."""
    working = observations.working(service)
    slots = [row.slots for row in working if row.slots]
    stay = observations.seconds_each(service, usual=True)
    arrivals, _ = observations.arrivals(service)
    each = per_instance_rps(min(slots), stay) if slots and stay else None
    need = instances_needed(arrivals, each, HEADROOM) if each else None
    if need is None or each is None or stay is None:
        return None
    names = ("service", "rate", "usual_s", "slots")
    quotes = tuple(cite(observations.instances, working[0], *names))
    known = observations.case.catalogue.find(service)
    most = max(known.instances_max if known else 0, len(working))
    return Sizing(service, arrivals, stay, each, len(working), need, most, quotes)


def findings(found: list[Sizing]) -> list[Finding]:
    """Services that have fewer instances than their arrivals need."""
    return [
        Finding(statement=_need(size), service=size.service, kind="capacity", quotes=[*size.quotes])
        for size in found
        if size.short
    ]


def advice(
    observations: LoadObservations, found: list[Sizing], bottleneck: Bottleneck | None
) -> Iterator[str]:
    """How many instances, when to add one, and where more instances would not help."""
    for size in found:
        if size.short:
            yield _need(size)
        if size.short or _limits(bottleneck, size):
            yield _trigger(size)
    if bottleneck and bottleneck.resource in ("concurrency", "cpu"):
        yield from _as_it_is(observations, found, bottleneck)


def _limits(bottleneck: Bottleneck | None, size: Sizing) -> bool:
    """Whether this service's slots are the bottleneck."""
    found = bottleneck and (bottleneck.service, bottleneck.resource)
    return found == (size.service, "concurrency")


def _need(size: Sizing) -> str:
    beyond = ""
    if size.need > size.most:
        beyond = f"; it may have {size.most} at most: throttle or shed the rest"
    return (
        f"{size.service}: {size.arrivals:.3g} requests/s of {size.seconds:.3g} s need {size.need} "
        f"instances with {HEADROOM:.0%} head-room, {size.have} work{beyond}"
    )


def _trigger(size: Sizing) -> str:
    high = size.each * (1 - HEADROOM)
    return (
        f"{size.service}: scale out above {high:.3g} requests/s per instance "
        f"({1 - HEADROOM:.0%} of its slots), in below {high / 2:.3g}; at most {size.most} instances"
    )


def _as_it_is(
    observations: LoadObservations, found: list[Sizing], bottleneck: Bottleneck
) -> Iterator[str]:
    """Each request got heavier: say what carrying that would take, so that it is fixed instead."""
    size = next((s for s in found if s.service == bottleneck.service), None)
    stay = observations.seconds_each(bottleneck.service)
    now, before = observations.arrivals(bottleneck.service)
    if size is None or stay is None or size.short or stay < 2 * size.seconds:
        return
    if before and now >= 1.5 * before:  # then the stay is a queue, and the queue is the arrivals
        return
    need = instances_needed(size.arrivals, size.each * size.seconds / stay, HEADROOM)
    if need and need > size.have:
        yield (
            f"{size.service}: a request takes {stay:.3g} s instead of {size.seconds:.3g}; carrying "
            f"that would need {need} instances: make the request cheap again first"
        )
