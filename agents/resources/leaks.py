"""What grows and does not come back: how fast, and when it reaches its limit."""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName
from ...tools.capacity import GrowthTrend, ResourceUse
from ..causes.observations import finding
from .load import LoadObservations

SURE, GROWN, NEAR_S = 0.7, 0.2, 86_400.0
"""Confidence of the trend, growth over the window, and seconds to the limit that matter."""
FILLED = 0.9
"""Share of the memory limit at which a process is about to be killed."""


def leaking(observations: LoadObservations) -> list[GrowthTrend]:
    """Rows of the growth table that look like a leak; nearest limit first."""
    rows = [row for row in observations.growth.rows if _leaks(row)]
    return sorted(rows, key=lambda row: row.seconds_to_limit or NEAR_S)


def _leaks(row: GrowthTrend) -> bool:
    near = row.seconds_to_limit is not None and row.seconds_to_limit <= NEAR_S
    grown = row.growth >= GROWN
    return bool(row.monotonic) and row.confidence >= SURE and grown and near


def resets(observations: LoadObservations) -> Iterator[ResourceUse]:
    """Memory that reached its limit in a process that was then restarted: a leak's saw teeth."""
    for row in observations.saturation.rows:
        peak = row.peak or 0.0
        if row.resource != "memory" or peak < FILLED:
            continue
        restarts = observations.signal(row.service, SignalName.restarts)
        fresh = restarts and (restarts.current or 0) > (restarts.baseline or 0)
        if fresh and (row.utilisation_before or 0) < peak - GROWN:
            yield row


def findings(observations: LoadObservations) -> Iterator[Finding]:
    """One finding a leak."""
    teeth = list(resets(observations))
    told = {row.service for row in teeth}
    for row in leaking(observations):
        if row.service not in told:
            grown = f"grew by {row.growth:.0%} and does not come back; {_left(row)}"
            text = f"{row.service} {row.signal} {grown}"
            proof = ("service", "signal", "growth", "slope_per_s", "now", "seconds_to_limit")
            yield finding("leak", text, observations.growth, row, *proof)
    for row in teeth:
        text = (
            f"{row.service} filled {row.peak:.0%} of its memory, was restarted and fills it again"
        )
        proof = ("service", "peak", "utilisation_before")
        yield finding("leak", text, observations.saturation, row, *proof)


def advice(observations: LoadObservations) -> Iterator[str]:
    """What a restart would buy: the time from where it began to its limit."""
    for row in leaking(observations):
        text = f"{row.service} {row.signal}: more room only delays it"
        slope = row.slope_per_s or 0.0
        if slope > 0 and row.limit and row.start is not None:
            text += f"; a restart buys about {_time((row.limit - row.start) / slope)}"
        yield text
    for row in resets(observations):
        text = f"{row.service} memory: a restart has not helped, it fills up again"
        yield f"{text}; find what it keeps per request"


def _left(row: GrowthTrend) -> str:
    left = row.seconds_to_limit
    return f"at this pace the limit is {_time(left)} away" if left else "it is at its limit"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
