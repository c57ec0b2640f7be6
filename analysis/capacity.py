"""How full something is, how much work is in it, and how many instances the load needs.

Sources: Little, "A Proof for the Queuing Formula L = λW" (Operations Research 9, 1961);
utilisation, saturation, errors after Gregg's USE method (ACM Queue 10, 2012).
"""

import math
from dataclasses import dataclass

CALM, FULL = 0.7, 1.0
"""Utilisation where queueing starts to show, and where nothing more fits."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """How saturated a resource is and why."""

    score: float
    """0 = idle or calm, 1 = full, queueing heavily or shedding."""
    utilisation: float | None
    reasons: tuple[str, ...]


def per_instance_rps(concurrency_limit: float, service_time_s: float) -> float | None:
    """Requests per second that fit in one instance's slots, by Little's law turned round."""
    return concurrency_limit / service_time_s if service_time_s > 0 else None


def saturation(
    utilisation: float | None,
    *,
    limit: float | None = None,
    waiting: float = 0.0,
    shed_share: float = 0.0,
) -> Saturation:
    """One score from three signs, any of which is enough: their noisy-or.

    `waiting` requests queue for `limit` slots (a queue as long as the slots scores 1/2);
    `shed_share` of the arrivals is turned away (20% scores 1/2). Pass utilisation None where
    it is unknown.
    """
    full = 0.0 if utilisation is None else _ramp(utilisation)
    queue = waiting / (waiting + max(limit or 1.0, 1.0)) if waiting > 0 else 0.0
    shed = shed_share / (shed_share + 0.2) if shed_share > 0 else 0.0
    reasons = []
    if utilisation is not None and full > 0:
        reasons.append(f"{utilisation:.0%} of its limit in use")
    if queue > 0:
        reasons.append(f"{waiting:g} waiting")
    if shed > 0:
        reasons.append(f"{shed_share:.1%} turned away")
    return Saturation(1.0 - (1.0 - full) * (1.0 - queue) * (1.0 - shed), utilisation, (*reasons,))


def _ramp(utilisation: float) -> float:
    """0 up to CALM, 1 from FULL on, straight between."""
    return min(1.0, max(0.0, (utilisation - CALM) / (FULL - CALM)))


def instances_needed(
    arrival_rps: float,
    per_instance_rps: float | None,
    headroom: float = 0.3,
    at_least: int = 1,
) -> int | None:
    """Instances that carry the arrivals while each stays `headroom` below its capacity.

    None where the capacity is unknown or not positive.
    """
    if per_instance_rps is None or not per_instance_rps > 0 or not math.isfinite(arrival_rps):
        return None
    if not 0.0 <= headroom < 1.0:
        raise ValueError(f"headroom must be a share from 0 up to, not including, 1: {headroom}")
    needed = arrival_rps / (per_instance_rps * (1.0 - headroom))
    # A hair is taken off so that exactly three instances' load does not ask for a fourth.
    return max(at_least, math.ceil(needed - 1e-9))
