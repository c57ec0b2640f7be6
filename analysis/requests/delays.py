"""Which services delay the calls that they take part in.

Every edge's added wait is the sum of what its two ends add: the caller to all calls it makes, the
callee to all calls it gets. The sparsest non-negative delays that explain all edges are found by
coordinate descent on a weighted lasso (network tomography: Vardi 1996; sparse: Duffield 2006). A
caller with many healthy calls is not slow, so the wait for one callee is the callee's. Time inside
a service is its own, and says nothing of its edges: a slow network leaves it as it was.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

import numpy as np

from ..tuning import STANDARD, Tuning
from .waiting import Edge, Wait

INEXACT = 0.3
"""Share of a delay by which places may differ: calls are not all alike."""
QUEUED = 0.3
"""What is left of a delay inside a service that waits for a slower one."""
ROUNDS = 100
SIDES = ("caller", "callee")
End = tuple[str, str]
"""A service and the side of its calls."""
CERTAIN = 1000.0
"""Times the noise from which a delay counts in full; from `Tuning.noticed` on by its logarithm."""


@dataclass(frozen=True, slots=True)
class Delay:
    """What a service adds to a call that it takes part in."""

    service: str
    ms: float
    times_noise: float
    waits: tuple[Wait, ...]
    """The places that show it, the clearest first."""
    behind: str = ""
    """The slow service that it calls, where that may be why its own time grew: who waits for an
    answer keeps a worker, and requests queue for the next."""
    noticed: float = STANDARD.noticed

    @property
    def strength(self) -> float:
        """0..1."""
        if self.times_noise <= self.noticed:
            return 0.0
        clear = log10(self.times_noise / self.noticed) / log10(CERTAIN / self.noticed)
        return min(1.0, clear) * (QUEUED if self.behind else 1.0)


@dataclass(frozen=True, slots=True)
class _Place:
    ends: tuple[str, ...]
    extra: float
    noise: float
    waits: tuple[Wait, ...]
    noticed: float

    @property
    def ill(self) -> bool:
        return self.extra >= self.noticed * self.noise

    @property
    def sides(self) -> tuple[End, ...]:
        return tuple(zip(self.ends, SIDES, strict=False))


@dataclass(frozen=True, slots=True)
class _Reading:
    ms: float
    places: list[_Place]

    @property
    def times(self) -> float:
        """In units of the noise where it shows; of the quietest such place."""
        ill = [p.noise for p in self.places if p.extra >= 0.5 * self.ms] or [1.0]
        return max(0.0, self.ms) / min(ill)


def delays(
    waits: Iterable[Wait], calls: Iterable[Edge] = (), tuning: Tuning = STANDARD
) -> list[Delay]:
    """Every service that adds a delay, the clearest first.

    calls: (caller, callee) known otherwise. Where spans do not show one of them, the caller's wait
    for the callee is found inside the caller.
    """
    places = _places(waits, tuning)
    edges = [place for place in places if len(place.ends) == 2]
    own = {place.ends[0]: place for place in places if len(place.ends) == 1}
    added, known = _at_ends(edges, tuning), set(calls)
    made = []
    for name in sorted({name for place in places for name in place.ends}):
        readings = [
            _Reading(added.get((name, "caller"), 0.0), [p for p in edges if p.ends[0] == name]),
            _Reading(added.get((name, "callee"), 0.0), [p for p in edges if p.ends[1] == name]),
            _Reading(own[name].extra if name in own else 0.0, [own[name]] if name in own else []),
        ]
        clearest = max(readings, key=lambda reading: reading.times)
        behind = _behind(name, clearest.ms, edges, added, known) if clearest is readings[2] else ""
        made.append(_delay(name, clearest, behind, tuning))
    found = [delay for delay in made if delay.ms > 0]
    return sorted(found, key=lambda delay: (-delay.times_noise, delay.service))


def _at_ends(edges: list[_Place], tuning: Tuning) -> dict[End, float]:
    """Delay (ms) that each service adds to the calls it makes ("caller") or gets ("callee")."""
    columns = _likeliest_first(edges)
    place = {end: column for column, end in enumerate(columns)}
    pairs = [[place[end] for end in edge.sides] for edge in edges]
    among = np.array(pairs, np.int64).reshape(len(edges), 2)
    extra = np.array([max(0.0, edge.extra) for edge in edges])
    noise = np.array([edge.noise for edge in edges])
    return dict(
        zip(columns, _lasso(among, len(columns), extra, noise, tuning.sparse).tolist(), strict=True)
    )


def _likeliest_first(edges: list[_Place]) -> list[End]:
    """Ends in the order in which they may explain the waits: first who has the most ill calls
    beyond the healthy ones, then who has fewer healthy calls on its other side."""
    ill, well = Counter[End](), Counter[End]()
    for edge in edges:
        (ill if edge.ill else well).update(edge.sides)
    ends = {end for edge in edges for end in edge.sides}
    healthy = {name: sum(well[name, side] for side in SIDES) for name, _ in ends}
    return sorted(ends, key=lambda end: (well[end] - ill[end], healthy[end[0]], end))


def _places(waits: Iterable[Wait], tuning: Tuning) -> list[_Place]:
    grouped: dict[Edge, list[Wait]] = {}
    for wait in waits:
        grouped.setdefault(wait.place, []).append(wait)
    return [_place(edge, found, tuning) for edge, found in sorted(grouped.items())]


def _place(edge: Edge, found: list[Wait], tuning: Tuning) -> _Place:
    calls = sum(wait.calls for wait in found)
    extra = sum(wait.extra_ms * wait.calls for wait in found) / calls
    noise = sum(wait.noise_ms * wait.calls for wait in found) / calls
    clearest = sorted(found, key=lambda wait: -wait.score)
    ends = tuple(name for name in edge if name)
    return _Place(ends, extra, noise, tuple(clearest), tuning.noticed)


def _lasso(
    among: np.ndarray, ends: int, extra: np.ndarray, noise: np.ndarray, sparse: float
) -> np.ndarray:
    """Delays (ends,) >= 0, earlier ends first; an edge weighs by how exactly it is known.

    among: the two ends of each edge, shape (edges, 2). An end is held to its own edges only, so
    that a round takes time by edges and not by edges times ends.
    """
    weight = 1.0 / (noise**2 + (INEXACT * extra) ** 2)
    delay = np.zeros(ends)
    rows = np.argsort(among.ravel(), kind="stable") // 2
    count = np.bincount(among.ravel(), minlength=ends)
    groups = [(j, own) for j, own in enumerate(np.split(rows, np.cumsum(count)[:-1]))]
    parts = [(j, among[own], extra[own], weight[own], noise[own]) for j, own in groups if own.size]
    for _ in range(ROUNDS):
        before = delay.copy()
        for j, pair, more, sure, apart in parts:
            rest = more - delay[pair].sum(axis=1) + delay[j]
            penalty = sparse * (sure @ apart) / pair.shape[0]
            delay[j] = max(0.0, (sure @ rest - penalty) / max(1e-12, sure.sum()))
        if np.abs(delay - before).max(initial=0.0) < 1e-3 * max(1e-9, delay.max(initial=0.0)):
            break
    return delay


def _behind(
    name: str, inside: float, edges: list[_Place], added: dict[End, float], known: set[Edge]
) -> str:
    """The callee that delays a call of the service by at least half of what its own time grew."""
    shown = {place.ends: place for place in edges if place.ends[0] == name}
    unseen = {callee for caller, callee in known if caller == name and (name, callee) not in shown}
    callees = unseen | {ends[1] for ends, place in shown.items() if place.ill}
    slow = {callee: added.get((callee, "callee"), 0.0) for callee in sorted(callees)}
    callee = max(slow, key=lambda callee: slow[callee], default="")
    return callee if callee and slow[callee] >= 0.5 * inside else ""


def _delay(name: str, reading: _Reading, behind: str, tuning: Tuning) -> Delay:
    seen = sorted((w for p in reading.places for w in p.waits), key=lambda wait: -wait.score)
    return Delay(name, reading.ms, reading.times, tuple(seen), behind, tuning.noticed)
