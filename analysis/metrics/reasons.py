"""What speaks for and against a service, in plain words, each with its number."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .case import Case
from .illness import TRAVELLING, USUAL, Level
from .table import LOCAL

MENTIONED = 0.2
"""Shares from which one is worth a sentence."""
WORDS = {"failure": "failures", "latency": "latency"}


@dataclass(frozen=True, slots=True)
class Deciding:
    """The metric that shows a service's illness most."""

    metric: str
    kind: str
    """latency, failure, cpu, memory, disk, network, saturation, traffic, flow or unknown."""
    before: float
    """Median before, in the metric's own unit."""
    now: float
    """Typical value in the rows that count, in the same unit."""
    z: float
    """Robust z of the shift; positive is higher."""
    evidence: float
    """Surprise in nats; about 2 is the edge of the usual."""


def deciding(case: Case, i: int) -> Deciding | None:
    """The metric of the kind with most evidence: illness first, then activity."""
    ranked = [(case.ill.own[k].beyond[i], k) for k in (*TRAVELLING, *LOCAL)]
    ranked += [(0.5 * min(level.evidence[i], 1e-3), k) for k, level in case.ill.own.items()]
    best = max((r for r in ranked if case.ill.own[r[1]].column[i] >= 0), default=None)
    return _metric(case, case.ill.own[best[1]], best[1], i) if best else None


def _metric(case: Case, level: Level, kind: str, i: int) -> Deciding:
    j, shift = int(level.column[i]), case.ill.shift
    offset, factor = case.table.offset[j], case.table.factor[j]
    before, now = ((value[j] - offset) / factor for value in (shift.baseline, shift.current))
    return Deciding(
        case.table.names[j],
        kind,
        float(before),
        float(now),
        float(shift.z[j]),
        float(shift.evidence[j]),
    )


def for_it(case: Case, i: int) -> Iterator[str]:
    """What makes the service suspicious."""
    for kind in (*TRAVELLING, *LOCAL):
        level = case.ill.own[kind]
        if level.evidence[i] > USUAL:
            yield _moved(_metric(case, level, kind, i))
    if case.kept[i] >= MENTIONED:
        yield f"{case.kept[i]:.0%} of the illness stays here: its callees do not explain it"
    for family, passed in case.passed.items():
        callers = np.flatnonzero(passed[:, i] >= MENTIONED)
        if callers.size:
            names = ", ".join(case.table.services[c] for c in callers[:3].tolist())
            yield f"it explains the {WORDS[family]} of {names}"
    if case.made[i] > 0:
        yield "those it calls got more or fewer requests while its own stayed"


def _moved(metric: Deciding) -> str:
    way = "rose" if metric.now > metric.before else "fell"
    return f"{metric.metric} {way} from {metric.before:.4g} to {metric.now:.4g}"


def against_it(case: Case, i: int) -> Iterator[str]:
    """What makes the service less suspicious."""
    if not any(case.ill.own[k].evidence[i] > USUAL for k in (*TRAVELLING, *LOCAL)):
        yield "nothing measured of it is worse than usual"
    for family, passed in case.passed.items():
        best = int(np.argmax(passed[i]))
        if passed[i, best] >= MENTIONED and case.ill.own[family].evidence[i] > USUAL:
            share = f"{passed[i, best]:.0%} of its {WORDS[family]}"
            yield f"its callee {case.table.services[best]} explains {share}"


def not_seen(case: Case, i: int) -> Iterator[str]:
    """What is not measured, or cannot be compared with a healthy time."""
    own = case.ill.own
    if all(level.column[i] < 0 for level in own.values()):
        yield "no metric at all"
        return
    yield from (f"no {WORDS[f]}" for f in TRAVELLING if own[f].column[i] < 0)
    if all(own[kind].column[i] < 0 for kind in LOCAL):
        yield "no resources (processor, memory, disk, network, pools)"
    if i not in case.ill.traffic:
        yield "no count of requests"
    columns = np.flatnonzero(case.table.of == i)
    if not np.isfinite(case.table.before[:, columns]).any():
        yield "nothing from a healthy time"
