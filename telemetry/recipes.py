"""How a signal is computed: over our own recording (a board of raw series), and as PromQL.

Both stand in one class, so that a signal has one definition; a test holds the two against each
other on the same samples. PromQL cannot read the service catalogue: limits that stand only there
are known to the recording's side alone.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from ..analysis.histogram import histogram_quantiles
from .board import Board
from .grid import roll

Made = tuple[np.ndarray, np.ndarray | None]
"""Values per cell, and the number of events they rest on where that matters."""
FEWEST_BAD = 5
"""An alert on a share counts from this many bad events on: one of two requests is no alert."""
FEWEST_EVENTS = 20
"""An alert on a quantile, and a burn rate, count from this many requests on."""


@dataclass(frozen=True)
class Scope:
    """Which service's series a PromQL expression is about, and how far its rates look back."""

    service: str = ""  # empty: every service
    window: str = "1m"

    def select(self, metric: str, *matchers: str) -> str:
        """A selector of the series of a metric."""
        own = (f"service={quoted(self.service)}",) if self.service else ()
        inside = ",".join((*own, *matchers))
        return f"{metric}{{{inside}}}" if inside else metric

    def over(self, function: str, metric: str, *matchers: str) -> str:
        """A function of these series over the window: rate, increase, delta, …"""
        return f"{function}({self.select(metric, *matchers)}[{self.window}])"


def quoted(text: str) -> str:
    """Text as a PromQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def by_service(aggregate: str, expression: str) -> str:
    """One value a service."""
    return f"{aggregate} by (service) ({expression})"


def by_instance(aggregate: str, expression: str) -> str:
    """One value an instance."""
    return f"{aggregate} by (service, instance) ({expression})"


@dataclass(frozen=True)
class Labelled:
    """Series whose label matches a pattern in full. PromQL takes the label's first name."""

    names: tuple[str, ...]  # of the label, as exporters call it; the first that says something
    pattern: str
    negated: bool = False

    def __call__(self, labels: dict[str, str]) -> bool:
        value = next((labels[name] for name in self.names if labels.get(name)), "")
        return bool(re.fullmatch(self.pattern, value)) != self.negated

    @property
    def matcher(self) -> str:
        """As it stands between the braces of a selector."""
        return f"{self.names[0]}{'!~' if self.negated else '=~'}{quoted(self.pattern)}"


class Recipe(ABC):
    """One way to compute a signal."""

    @property
    @abstractmethod
    def needs(self) -> tuple[str, ...]:
        """The metrics it is made of."""

    @abstractmethod
    def compute(self, board: Board) -> Made | None:
        """Values per cell of the board's grid; None where nothing was recorded."""

    @abstractmethod
    def promql(self, scope: Scope) -> str:
        """The same as PromQL, one value a service; it can be an operand as it stands."""

    def enough(self, scope: Scope) -> str:
        """PromQL that is there only where the value rests on enough events to wake people up;
        empty where any value does."""
        return ""


@dataclass(frozen=True)
class Rate(Recipe):
    """Events per second of a counter."""

    counter: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.counter,)

    def compute(self, board: Board) -> Made | None:
        rolled = board.rolled(self.counter)
        return None if rolled is None else (rolled.rate, rolled.total)

    def promql(self, scope: Scope) -> str:
        return by_service("sum", scope.over("rate", self.counter))


@dataclass(frozen=True)
class Share(Recipe):
    """Share of a counter's events that match."""

    counter: str
    match: Labelled

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.counter,)

    def compute(self, board: Board) -> Made | None:
        return board.share(self.counter, self.match)

    def promql(self, scope: Scope) -> str:
        some = by_service("sum", scope.over("rate", self.counter, self.match.matcher))
        return f"{some} / {by_service('sum', scope.over('rate', self.counter))}"

    def enough(self, scope: Scope) -> str:
        some = scope.over("increase", self.counter, self.match.matcher)
        return f"{by_service('sum', some)} >= {FEWEST_BAD}"


@dataclass(frozen=True)
class Quantile(Recipe):
    """Quantile q (0..1) of a histogram."""

    q: float
    histogram: str  # its base name

    @property
    def needs(self) -> tuple[str, ...]:
        return (f"{self.histogram}_bucket",)

    def compute(self, board: Board) -> Made | None:
        found = board.buckets(self.needs[0])
        if found is None:
            return None
        bounds, counts = found
        return histogram_quantiles(self.q, bounds, counts), counts[-1]

    def promql(self, scope: Scope) -> str:
        buckets = scope.over("rate", self.needs[0])
        return f"histogram_quantile({self.q:g}, sum by (service, le) ({buckets}))"

    def enough(self, scope: Scope) -> str:
        every = scope.over("increase", f"{self.histogram}_count")
        return f"{by_service('sum', every)} >= {FEWEST_EVENTS}"


@dataclass(frozen=True)
class Total(Recipe):
    """A gauge summed over instances and labels."""

    gauge: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.gauge,)

    def compute(self, board: Board) -> Made | None:
        return uncounted(board.total(self.gauge))

    def promql(self, scope: Scope) -> str:
        return by_service("sum", scope.select(self.gauge))


@dataclass(frozen=True)
class Highest(Recipe):
    """A gauge's highest instance."""

    gauge: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.gauge,)

    def compute(self, board: Board) -> Made | None:
        return uncounted(board.highest(self.gauge))

    def promql(self, scope: Scope) -> str:
        return by_service("max", scope.select(self.gauge))


@dataclass(frozen=True)
class Busiest(Recipe):
    """A counter's rate per second, of the instance where it is highest."""

    counter: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.counter,)

    def compute(self, board: Board) -> Made | None:
        return uncounted(board.busiest(self.counter))

    def promql(self, scope: Scope) -> str:
        return by_service("max", by_instance("sum", scope.over("rate", self.counter)))


@dataclass(frozen=True)
class Used(Recipe):
    """Share of a limit in use, of the instance that is closest to it."""

    gauge: str
    limit: str
    listed: str = ""  # the limit in the service catalogue, for instances that expose none

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.gauge, self.limit)

    def compute(self, board: Board) -> Made | None:
        return uncounted(board.used(self.gauge, self.limit, board.service.limits.get(self.listed)))

    def promql(self, scope: Scope) -> str:
        used, limit = (by_instance("max", scope.select(name)) for name in self.needs)
        return by_service("max", f"{used} / {limit}")


@dataclass(frozen=True)
class UsedTogether(Recipe):
    """Share of one limit that all instances and labels of a gauge use together."""

    gauge: str
    limit: str
    listed: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.gauge, self.limit)

    def compute(self, board: Board) -> Made | None:
        used, exposed = board.total(self.gauge), board.highest(self.limit)
        limit = board.service.limits.get(self.listed) if exposed is None else exposed
        return None if used is None or limit is None else (used / limit, None)

    def promql(self, scope: Scope) -> str:
        used, limit = (scope.select(name) for name in self.needs)
        return f"{by_service('sum', used)} / {by_service('max', limit)}"


@dataclass(frozen=True)
class Restarts(Recipe):
    """Restarts in the window: as a supervisor counts them, else as the start time moves."""

    counter: str
    start_time: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.counter, self.start_time)

    def compute(self, board: Board) -> Made | None:
        rolled = board.rolled(self.counter)
        if rolled is not None:
            return rolled.total, None
        starts = board.gauge(self.start_time)
        if not starts:
            return None
        moved = [np.diff(cells, prepend=cells[:1]) > 1 for cells in starts.values()]
        return roll([np.vstack(moved).sum(axis=0)], board.width, board.grid.step).total, None

    def promql(self, scope: Scope) -> str:
        counted = by_service("sum", scope.over("increase", self.counter))
        return f"({counted} or {by_service('sum', scope.over('changes', self.start_time))})"


@dataclass(frozen=True)
class Answering(Recipe):
    """Share of a service's instances that answer. Over a recording, silence counts as down and
    other services matter: `signals.py` computes it."""

    gauge: str
    needs: tuple[str, ...] = field(default=(), init=False)

    def compute(self, board: Board) -> Made | None:
        return None

    def promql(self, scope: Scope) -> str:
        return by_service("avg", scope.select(self.gauge))


@dataclass(frozen=True)
class TimeToFull(Recipe):
    """Seconds until a gauge that grew by a tenth over the window meets its limit. Over a
    recording it needs a trend that holds: `conditions.py` computes it."""

    gauge: str
    limit: str
    needs: tuple[str, ...] = field(default=(), init=False)

    def compute(self, board: Board) -> Made | None:
        return None

    def promql(self, scope: Scope) -> str:
        used, limit = scope.select(self.gauge), scope.select(self.limit)
        slope, grown = (scope.over(name, self.gauge) for name in ("deriv", "delta"))
        left = f"({limit} - {used}) / ({slope} > 0)"
        return by_service("min", f"{left} and ({grown} > 0.1 * {used})")

    def within(self, scope: Scope, ahead_s: float) -> str:
        """PromQL that is there for instances that will be full in so many seconds."""
        ahead = f"predict_linear({scope.select(self.gauge)}[{scope.window}], {ahead_s:g})"
        return f"{ahead} > on (service, instance) {scope.select(self.limit)}"


def uncounted(values: np.ndarray | None) -> Made | None:
    """Values that rest on no number of events."""
    return None if values is None else (values, None)
