"""Which service is guilty, by metrics and the call graph alone.

Pieces: what a metric measures (`metric_kinds`), how surprising it is (`metric_shift`), what each
service loses (`metric_amounts`), along which calls it came (`metric_flow`), who changed the load
(`metric_load`). A service's score is the log of the share of the illness that stays with it plus
the log of its own evidence; both are needed, as in a product of experts (Hinton 2002).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .metric_amounts import Amounts, amounts
from .metric_calls import Calls, calls_between
from .metric_flow import kept, passed_on
from .metric_illness import TRAVELLING, Illness, examine
from .metric_load import load_borne, load_made
from .metric_shift import FloatArray, shifts
from .metric_table import MetricColumn, Table, tabulate

NEVER = 0.02
"""Share of the illness that each service is taken to hold whatever the calls say: a graph may lack
an edge. By reasoning: one in fifty."""
QUIET_ROW = 0.02
"""Weight of a row in which the symptom is not seen, as a share of all: causes may come earlier."""
SMALL_LOSS = 0.1
"""Weight of a service that loses nothing beside the one that loses most, where no symptom is
given: a surprise without a loss is seldom why anyone looks."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What is complained of."""

    service: str
    metric: str


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that the ranking of one incident rests on."""

    table: Table
    ill: Illness
    calls: dict[str, Calls]
    kept: FloatArray
    """(services,) share of the illness that stays; sums to 1, or all 0."""
    evidence: FloatArray
    """(services,) nats of the service's own."""
    score: FloatArray


def weigh(
    columns: Sequence[MetricColumn],
    calls: Iterable[tuple[str, str]],
    symptom: Symptom | None = None,
) -> Case:
    edges = sorted(set(calls))
    table = tabulate(columns, frozenset(name for edge in edges for name in edge))
    weights, family = _symptom(table, symptom)
    ill = examine(table, weights)
    place = {name: i for i, name in enumerate(table.services)}
    pairs = [(place[a], place[b]) for a, b in edges]
    graphs = {f: calls_between(pairs, ill.own[f].column >= 0) for f in TRAVELLING}
    made = load_made(graphs["latency"], ill)
    share = np.zeros(len(place))
    residual = dict.fromkeys(TRAVELLING, 1.0)
    for f in TRAVELLING if family is None else (family,):
        loss = amounts(table, ill, f, weights, symptom.metric if symptom else None)
        if family and symptom:
            start, weight = (np.arange(len(place)) == place[symptom.service]) * 1.0, 1.0
        else:
            start, weight = _start(ill, f, loss, made)
        passed = passed_on(table, graphs[f], ill, f, loss)
        residual[f] = 1 - passed.sum(1)
        share += weight * kept(passed, start)
    share = share / share.sum() if share.sum() > 0 else np.full(len(place), 1 / max(len(place), 1))
    evidence = sum(ill.own[f].beyond * residual[f] for f in TRAVELLING) + ill.local + made
    evidence = evidence + load_borne(graphs["latency"], ill)
    return Case(table, ill, graphs, share, evidence, np.log(share + NEVER) + np.log1p(evidence))


def _symptom(table: Table, symptom: Symptom | None) -> tuple[FloatArray | None, str | None]:
    """How much each row counts, and the family of the symptom if it travels along calls."""
    if symptom is None or symptom.service not in table.services:
        return None, None
    for j, (s, name) in enumerate(zip(table.of, table.names, strict=True)):
        if table.services[s] == symptom.service and name == symptom.metric:
            family = table.family[j] if table.family[j] in TRAVELLING else None
            return _rows(table, j), family
    return None, None


def _rows(table: Table, j: int) -> FloatArray | None:
    one = slice(j, j + 1)
    now = table.now[:, one]
    found = shifts(table.before[:, one], now, table.worse[one], table.floor[one])
    side = table.worse[j] or np.sign(found.z[0])
    excess = np.maximum(np.nan_to_num((now[:, 0] - found.baseline[0]) * side), 0.0)
    if not excess.sum():
        return None
    return excess / excess.sum() + QUIET_ROW / len(excess)


def _start(ill: Illness, family: str, loss: Amounts, made: FloatArray) -> tuple[FloatArray, float]:
    ill_of = sum(ill.own[f].beyond + ill.client[f].beyond for f in TRAVELLING) + ill.local + made
    lost = np.where(np.isfinite(loss.total), loss.total, loss.a_call) * ill.own[family].sure
    share = lost / lost.max() if lost.max(initial=0.0) > 0 else lost
    start = np.expm1(np.minimum(ill_of, 20)) * (SMALL_LOSS + (1 - SMALL_LOSS) * share)
    if not start.sum():
        return start, 0.0
    most = (ill.own[family].beyond + ill.client[family].beyond).max()
    return start / start.sum(), float(np.log1p(most))
