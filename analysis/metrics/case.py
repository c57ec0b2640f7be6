"""How much of an illness stays with each service, and what of its own speaks against it.

The pieces: what a metric measures (`kinds`), how surprising it is (`shift`), what each service
loses and along which calls it came (`flow`), and who changed the load: requests travel from
callers to callees, the way illness does not. A service whose requests changed while its caller's
did not was called differently: the caller retries, loops, or gave up on the way. Where the
caller's requests changed as much, the cause lies further up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..tuning import STANDARD, Tuning
from .flow import Amounts, CallGraph, amounts, calls_between, kept, passed_on
from .illness import TRAVELLING, Illness, examine
from .kinds import metric_kind
from .shift import FloatArray, shifts
from .table import FAMILY, MetricColumn, MetricTable, tabulate

ASTRAY = 0.2
"""Share of the illness that may have come by ways the graph does not show, spread evenly over the
services, by reasoning: one in five."""
OUTSIDE = 0.3
"""Weight of a change of activity (requests, bytes) against one of illness, by reasoning: what a
service is given to do is seldom its fault."""
QUIET_ROW = 0.02
"""Weight of a row in which the symptom is not seen, as a share of all: causes may come earlier."""
MOST_NATS = 20.0
"""Evidence beyond which a service's part in the start does not grow; keeps exp() in bounds."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is complained of."""

    service: str
    metric: str


@dataclass(frozen=True, slots=True, eq=False)
class BlameCase:
    """What the ranking of one incident rests on; arrays have shape (services,)."""

    table: MetricTable
    ill: Illness
    calls: dict[str, CallGraph]
    """By family; the calls as they are where all is measured."""
    passed: dict[str, FloatArray]
    """By family: (services, services), share of its illness that a caller hands to a callee."""
    kept: FloatArray
    """Share of the illness that stays; sums to 1, to 0 where nothing at all has changed."""
    made: FloatArray
    """Nats of evidence that it changed the load of those it calls."""
    evidence: FloatArray
    """Nats of evidence of its own that its callees do not explain."""
    score: FloatArray
    """log(kept + what may have gone astray) + log(1 + evidence)."""


def build_case(
    columns: Sequence[MetricColumn],
    calls: Iterable[tuple[str, str]],
    symptom: Complaint | None = None,
    tuning: Tuning = STANDARD,
) -> BlameCase:
    """Weigh one incident; ValueError where columns of one window differ in length."""
    edges = sorted(set(calls))
    named = {name for edge in edges for name in edge} | ({symptom.service} if symptom else set())
    table = tabulate(columns, frozenset(named))
    weights = _rows(table, symptom)
    ill = examine(table, weights, tuning)
    place = {name: i for i, name in enumerate(table.services)}
    # Illness that is followed from the symptom does not lead back to it, in a cycle of calls.
    first = symptom.service if symptom else None
    known = any(first in edge for edge in edges)
    pairs = [(place[a], place[b]) for a, b in edges if b != first]
    graphs = {f: calls_between(pairs, ill.own[f].column >= 0) for f in TRAVELLING}
    made = load_made(graphs["latency"], ill)
    passed: dict[str, FloatArray] = {}
    held = np.zeros(len(place))
    wanted = FAMILY.get(metric_kind(symptom.metric).kind) if symptom else None
    for family in (wanted,) if wanted else TRAVELLING:
        loss = amounts(table, ill, family, weights, symptom.metric if symptom else None)
        passed[family] = passed_on(graphs[family], ill, family, loss)
        start = _start(ill, family, loss, made)
        if wanted and symptom:
            start = _complaint(place[symptom.service], known, start)
        held += kept(passed[family], start)
    return _weighed(table, ill, graphs, passed, held, made)


def _weighed(
    table: MetricTable,
    ill: Illness,
    graphs: dict[str, CallGraph],
    passed: dict[str, FloatArray],
    held: FloatArray,
    made: FloatArray,
) -> BlameCase:
    size = max(len(held), 1)
    evidence = ill.local + made + OUTSIDE * ill.activity
    for family in TRAVELLING:
        stays = 1.0 - passed[family].sum(axis=1) if family in passed else 1.0
        evidence = evidence + ill.own[family].beyond * stays
    share = held / held.sum() if held.sum() > 0 else np.full(len(held), evidence.any() / size)
    score = np.log(share + ASTRAY / size) + np.log1p(evidence)
    return BlameCase(table, ill, graphs, passed, share, made, evidence, score)


def _complaint(service: int, known: bool, shown: FloatArray) -> FloatArray:
    """All of the illness at the service that is complained of, sums to 1.

    Half of it where the illness shows, if no call of that service is known in either direction:
    whether it calls nobody or the graph lacks it is anyone's guess.
    """
    alone = np.eye(1, len(shown), service)[0]
    if known or not shown.sum():
        return alone
    return (alone + shown / shown.sum()) / 2


def _rows(table: MetricTable, symptom: Complaint | None) -> FloatArray | None:
    """How much each row of the incident counts: by how far the symptom is off in it."""
    wanted = [(s.service, s.metric) for s in (symptom,) if s]
    named = [table.services[s] for s in table.of.tolist()]
    for j in (j for j, key in enumerate(zip(named, table.names, strict=True)) if key in wanted):
        one = slice(j, j + 1)
        now = table.now[:, one]
        found = shifts(table.before[:, one], now, table.worse[one], table.floor[one])
        side = table.worse[j] or np.sign(found.z[0])
        excess = np.maximum(np.nan_to_num((now[:, 0] - found.baseline[0]) * side), 0.0)
        if excess.sum() > 0:
            return excess / excess.sum() + QUIET_ROW / len(excess)
    return None


def _start(ill: Illness, family: str, loss: Amounts, made: FloatArray) -> FloatArray:
    """Where the illness shows, when nobody has complained: by evidence and by what is lost.

    Sums to a weight of the family among the families; all 0 where nothing is ill.
    """
    nats = ill.local + made
    for each in TRAVELLING:
        nats = nats + ill.own[each].beyond + ill.client[each].beyond
    lost = loss.lost * ill.own[family].sure
    share = lost / max(lost.max(initial=0.0), np.finfo(float).tiny)
    least = ill.tuning.small_loss
    start = np.expm1(np.minimum(nats, MOST_NATS)) * (least + (1 - least) * share)
    most = np.max(ill.own[family].beyond + ill.client[family].beyond, initial=0.0)
    return start * np.log1p(most) / start.sum() if start.sum() > 0 else start


def load_made(calls: CallGraph, ill: Illness) -> FloatArray:
    """(services,) nats of evidence that a service changed the load of one it calls."""
    evidence, growth = ill.own["traffic"].beyond, _growth(ill)
    made = np.zeros(len(evidence))
    known = np.isfinite(growth)
    use = known[calls.caller] & known[calls.callee] & (evidence[calls.callee] > 0)
    caller, callee = calls.caller[use], calls.callee[use]
    own = np.clip(1.0 - growth[caller] / growth[callee], 0.0, 1.0)
    total = np.bincount(callee, own, len(made))[callee]
    share = np.divide(own**2, total, out=np.zeros_like(own), where=total > 0)
    np.maximum.at(made, caller, evidence[callee] * share)
    return made


def _growth(ill: Illness) -> FloatArray:
    """Log of requests now against before; NaN where not known, never 0."""
    growth = np.full(len(ill.activity), np.nan)
    for service, j in ill.traffic.items():
        before, now = ill.shift.baseline[j], ill.shift.current[j]
        if before > 0 and np.isfinite(now):
            # A twentieth stands for none at all: the spread's floor.
            growth[service] = np.log(max(now, 0.05 * before) / before) or np.nan
    return growth
