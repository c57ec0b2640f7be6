"""Which service is guilty, by metrics and the call graph alone, and why, in plain words.

A service's score is the log of the share of the illness that stays with it plus the log of its
own evidence: both experts have to agree, as in a product of experts (Hinton, "Training products
of experts", Neural Computation 14, 2002). Probabilities are the softmax of the scores and of 0 for
"none of these": the score of one that holds all of the illness and shows nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..quantities import change, percent, unit_of
from ..tuning import STANDARD, Tuning
from .case import BlameCase, Complaint, build_case
from .illness import TRAVELLING, IllnessLevel
from .table import LOCAL, MetricColumn

UNKNOWN = 0.0
"""Score of the answer "none of these"."""
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


@dataclass(frozen=True, slots=True)
class MetricBlame:
    """What the metrics say of one service."""

    service: str
    score: float
    """Log-odds-like: above 0 more likely guilty than an unknown cause. Nats."""
    probability: float
    """0..1; over all services the sum is 1 less the share of an unknown cause."""
    held: float
    """0..1, share of the illness that stays with it; over all services the sum is 1, or 0 where
    nothing at all has changed."""
    deciding: Deciding | None
    """The metric that shows it most; None where nothing of it is measured."""
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]
    not_available: tuple[str, ...]
    """What would have been worth seeing."""


def blame_metrics(
    columns: Sequence[MetricColumn],
    calls: Iterable[tuple[str, str]],
    symptom: Complaint | None = None,
    tuning: Tuning = STANDARD,
) -> list[MetricBlame]:
    """All services that are measured or take part in a call, the most suspicious first.

    calls: (caller, callee). symptom: what is complained of, where it is known. A service that is
    only called, and not measured, is listed too. Raises ValueError where columns of one window
    differ in length.
    """
    case = build_case(columns, calls, symptom, tuning)
    odds = np.exp(case.score)
    odds /= odds.sum() + np.exp(UNKNOWN)
    # Equal scores: what little evidence there is decides, then the name, so that no two tie.
    nats = np.sum([level.evidence for level in case.ill.own.values()], axis=0)
    order = np.lexsort((np.arange(len(odds)), -nats, -case.score))
    return [_said(case, int(i), float(odds[i]), 1e-9 * n) for n, i in enumerate(order)]


def _said(case: BlameCase, i: int, probability: float, less: float) -> MetricBlame:
    return MetricBlame(
        case.table.services[i],
        float(case.score[i]) - less,
        probability,
        float(case.kept[i]),
        deciding(case, i),
        tuple(for_it(case, i)),
        tuple(against_it(case, i)),
        tuple(not_seen(case, i)),
    )


def deciding(case: BlameCase, i: int) -> Deciding | None:
    """The metric of the kind with most evidence: illness first, then activity."""
    ranked = [(case.ill.own[k].beyond[i], k) for k in (*TRAVELLING, *LOCAL)]
    ranked += [(0.5 * min(level.evidence[i], 1e-3), k) for k, level in case.ill.own.items()]
    best = max((r for r in ranked if case.ill.own[r[1]].column[i] >= 0), default=None)
    return _metric(case, case.ill.own[best[1]], best[1], i) if best else None


def _metric(case: BlameCase, level: IllnessLevel, kind: str, i: int) -> Deciding:
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


def for_it(case: BlameCase, i: int) -> Iterator[str]:
    """What makes the service suspicious."""
    for kind in (*TRAVELLING, *LOCAL):
        level = case.ill.own[kind]
        if level.beyond[i] > 0:
            yield _moved(_metric(case, level, kind, i))
    if case.kept[i] >= MENTIONED:
        kept = percent(round(float(case.kept[i]), 2))  # an estimate: no finer than a hundredth
        yield f"{kept} of what got worse is its own, after what its callees explain"
    for family, passed in case.passed.items():
        callers = np.flatnonzero(passed[:, i] >= MENTIONED)
        if callers.size:
            names = ", ".join(case.table.services[c] for c in callers[:3].tolist())
            yield f"it explains the {WORDS[family]} of {names}"
    if case.made[i] > 0:
        yield "those it calls got more or fewer requests while its own stayed"


def _moved(metric: Deciding) -> str:
    return f"{metric.metric} {change(metric.before, metric.now, unit_of(metric.metric))}"


def against_it(case: BlameCase, i: int) -> Iterator[str]:
    """What makes the service less suspicious."""
    if not any(case.ill.own[k].beyond[i] > 0 for k in (*TRAVELLING, *LOCAL)):
        yield "nothing measured of it is worse than usual"
    for family, passed in case.passed.items():
        best = int(np.argmax(passed[i]))
        if passed[i, best] >= MENTIONED and case.ill.own[family].beyond[i] > 0:
            share = f"{percent(passed[i, best])} of its {WORDS[family]}"
            yield f"its callee {case.table.services[best]} explains {share}"


def not_seen(case: BlameCase, i: int) -> Iterator[str]:
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
