"""Where a degradation starts: blame flows along calls, from callers to callees.

Source: a random walk on the call graph, as in MonitorRank (Kim, Sumbaly, Shah, SIGMETRICS 2013)
and MicroRank (Yu et al., WWW 2021), here as an absorbing Markov chain solved exactly. Each ill
service starts with blame in proportion to its anomaly; it hands on as much as its illest callee
can explain and keeps the rest. What a callee explains depends on whether *it* is ill, not on how
loud the caller is, so a loud victim does not outrank a quiet culprit.
"""

import heapq
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Edge = tuple[str, str]

HALF = 0.2
"""Anomaly (0..1) at which a callee explains half of its caller's illness. By reasoning: well
under a clear anomaly (0.5), well above noise, which the square then silences."""
SILENT = 0.9
"""Anomaly of a service that should report and does not while its callers wait for it."""


@dataclass(frozen=True, slots=True)
class BlameShare:
    """One service's share of the blame."""

    service: str
    blame: float
    """0..1; over all suspects the sum is 1."""
    own: float
    """Its own anomaly, as given (a silent service's is raised)."""
    silent: bool
    path: tuple[str, ...]
    """Calls from the loudest service to this one; only itself where no ill path leads here."""


def rank_origins(
    scores: Mapping[str, float],
    calls: Iterable[Edge],
    *,
    silent: Collection[str] = (),
    edges: Mapping[Edge, float] | None = None,
) -> list[BlameShare]:
    """Rank the services by how likely the degradation starts at them; all of them, best first.

    scores: service -> anomaly 0..1 (NaN counts as 0). calls: (caller, callee) pairs. silent:
    services without telemetry while their callers time out. edges: how ill each call itself is,
    0..1, where known: a healthy call carries no blame. Empty when nothing is anomalous.
    """
    graph = {(a, b) for a, b in calls if a != b}
    own = _anomalies(scores, graph, silent)
    names = sorted(own)
    if not any(own.values()):
        return []
    explains = {
        (a, b): _explained(own[b]) * _share((edges or {}).get((a, b), 1.0)) for a, b in graph
    }
    flow = _flow(names, explains)
    start = np.array([own[name] for name in names])
    visits = np.linalg.solve(np.eye(len(names)) - flow.T, start / start.sum())
    kept = visits * (1.0 - flow.sum(axis=1))
    paths = _paths(max(names, key=lambda name: own[name]), explains)
    found = [
        BlameShare(name, float(b), own[name], name in silent, paths.get(name, (name,)))
        for name, b in zip(names, kept / kept.sum(), strict=True)
    ]
    return sorted(found, key=lambda s: (-s.blame, -s.own, s.service))


def _anomalies(
    scores: Mapping[str, float], graph: Iterable[Edge], silent: Collection[str]
) -> dict[str, float]:
    own = {name: 0.0 for edge in graph for name in edge}
    own |= {name: _share(score) for name, score in scores.items()}
    return own | {name: max(own.get(name, 0.0), SILENT) for name in silent}


def _share(value: float) -> float:
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value))


def _explained(anomaly: float) -> float:
    return anomaly**2 / (anomaly**2 + HALF**2)


def _flow(names: list[str], explains: Mapping[Edge, float]) -> np.ndarray:
    """Row = caller, column = callee: the share of the caller's blame that goes there."""
    at = {name: i for i, name in enumerate(names)}
    flow = np.zeros((len(names), len(names)))
    for (caller, callee), share in explains.items():
        flow[at[caller], at[callee]] = share
    total = flow.sum(axis=1, keepdims=True)
    # The illest callee says how much is handed on; all of them share it.
    return flow * np.divide(flow.max(axis=1, keepdims=True), total, where=total > 0, out=total * 0)


def _paths(start: str, explains: Mapping[Edge, float]) -> dict[str, tuple[str, ...]]:
    """Most explaining path from `start` to every service it reaches (Dijkstra on -log)."""
    onward: dict[str, list[tuple[str, float]]] = {}
    for (caller, callee), share in explains.items():
        if share > 0:
            onward.setdefault(caller, []).append((callee, -math.log(share)))
    found: dict[str, tuple[str, ...]] = {}
    queue: list[tuple[float, tuple[str, ...]]] = [(0.0, (start,))]
    while queue:
        cost, path = heapq.heappop(queue)
        if path[-1] in found:
            continue
        found[path[-1]] = path
        for callee, step in onward.get(path[-1], ()):
            if callee not in found:
                heapq.heappush(queue, (cost + step, (*path, callee)))
    return found
