"""How a signal is computed: over our own recording (a board of raw series), and as PromQL.

Both stand in one class, so that a signal has one definition; a test holds the two against each
other on the same samples. PromQL cannot read the service catalogue: limits that stand only there
are known to the recording's side alone.
"""

from abc import ABC, abstractmethod
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field

from ..analysis.quantiles import histogram_quantiles
from ..yaml_tables import Entry
from .board import Board
from .grid import roll
from .promql import Labelled, SeriesScope, by_instance, by_service, by_volume

Made = tuple[np.ndarray, np.ndarray | None]
"""Values per cell, and the number of events they rest on where that matters."""
FEWEST_BAD = 5
"""An alert on a share counts from this many bad events on: one of two requests is no alert."""
FEWEST_EVENTS = 20
"""An alert on a quantile, and a burn rate, count from this many requests on."""


class Recipe(Entry, ABC):
    """One way to compute a signal."""

    model_config = ConfigDict(defer_build=True)  # built once, as part of the union below
    metric: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The metrics it is made of."""
        return (self.metric,)

    @abstractmethod
    def compute(self, board: Board) -> Made | None:
        """Values per cell of the board's grid; None where nothing was recorded."""

    @abstractmethod
    def promql(self, scope: SeriesScope) -> str:
        """The same as PromQL, one value a service; it can be an operand as it stands."""

    def enough(self, scope: SeriesScope) -> str:
        """PromQL that is there only where the value rests on enough events to wake people up;
        empty where any value does."""
        return ""


class Rate(Recipe):
    """Events per second of a counter."""

    kind: Literal["rate"] = "rate"

    def compute(self, board: Board) -> Made | None:
        rolled = board.rolled(self.metric)
        return None if rolled is None else (rolled.rate, rolled.total)

    def promql(self, scope: SeriesScope) -> str:
        return by_service("sum", scope.over("rate", self.metric))


class Share(Recipe):
    """Share of a counter's events that match."""

    kind: Literal["share"] = "share"
    match: Labelled

    def compute(self, board: Board) -> Made | None:
        return board.share(self.metric, self.match)

    def promql(self, scope: SeriesScope) -> str:
        some = by_service("sum", scope.over("rate", self.metric, self.match.matcher))
        return f"{some} / {by_service('sum', scope.over('rate', self.metric))}"

    def enough(self, scope: SeriesScope) -> str:
        some = scope.over("increase", self.metric, self.match.matcher)
        return f"{by_service('sum', some)} >= {FEWEST_BAD}"


class Quantile(Recipe):
    """Quantile q (0..1) of a histogram, which is named without `_bucket`."""

    kind: Literal["quantile"] = "quantile"
    q: float

    @property
    def needs(self) -> tuple[str, ...]:
        return (f"{self.metric}_bucket",)

    def compute(self, board: Board) -> Made | None:
        found = board.buckets(self.needs[0])
        if found is None:
            return None
        bounds, counts = found
        return histogram_quantiles(self.q, bounds, counts), counts[-1]

    def promql(self, scope: SeriesScope) -> str:
        buckets = scope.over("rate", self.needs[0])
        return f"histogram_quantile({self.q:g}, sum by (service, le) ({buckets}))"

    def enough(self, scope: SeriesScope) -> str:
        every = scope.over("increase", f"{self.metric}_count")
        return f"{by_service('sum', every)} >= {FEWEST_EVENTS}"


class Gauge(Recipe):
    """A gauge of all instances and labels together: their sum, or the highest of them."""

    kind: Literal["total", "highest"]

    def compute(self, board: Board) -> Made | None:
        read = board.total if self.kind == "total" else board.highest
        return uncounted(read(self.metric))

    def promql(self, scope: SeriesScope) -> str:
        return by_service("sum" if self.kind == "total" else "max", scope.select(self.metric))


class Busiest(Recipe):
    """A counter's rate per second, of the instance where it is highest."""

    kind: Literal["busiest"] = "busiest"

    def compute(self, board: Board) -> Made | None:
        return uncounted(board.busiest(self.metric))

    def promql(self, scope: SeriesScope) -> str:
        return by_service("max", by_instance("sum", scope.over("rate", self.metric)))


class Limited(Recipe):
    """A gauge that has a limit."""

    limit: str
    listed: str = ""  # the limit in the service catalogue, for instances that expose none

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.metric, self.limit)


class Used(Limited):
    """Share of a limit in use, of the instance that is closest to it."""

    kind: Literal["used"] = "used"

    def compute(self, board: Board) -> Made | None:
        return uncounted(board.used(self.metric, self.limit, board.service.limits.get(self.listed)))

    def promql(self, scope: SeriesScope) -> str:
        used, limit = (by_instance("max", scope.select(name)) for name in self.needs)
        return by_service("max", f"{used} / {limit}")


class Filled(Limited):
    """Share of a limit that is not left, of the volume that is fullest; or as it is exposed."""

    kind: Literal["filled"] = "filled"
    share: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.metric, self.limit, self.share)

    def compute(self, board: Board) -> Made | None:
        left = board.filled(self.metric, self.limit)
        return uncounted(board.highest(self.share) if left is None else left)

    def promql(self, scope: SeriesScope) -> str:
        left, size, share = (scope.select(name) for name in self.needs)
        left, size = by_volume("max", left), by_volume("max", size)
        return f"({by_service('max', f'1 - {left} / {size}')} or {by_service('max', share)})"


class UsedTogether(Limited):
    """Share of one limit that all instances and labels of a gauge use together."""

    kind: Literal["used together"] = "used together"

    def compute(self, board: Board) -> Made | None:
        used, exposed = board.total(self.metric), board.highest(self.limit)
        limit = board.service.limits.get(self.listed) if exposed is None else exposed
        return None if used is None or limit is None else (used / limit, None)

    def promql(self, scope: SeriesScope) -> str:
        used, limit = (scope.select(name) for name in self.needs)
        return f"{by_service('sum', used)} / {by_service('max', limit)}"


class Restarts(Recipe):
    """Restarts in the window: as a supervisor counts them, else as the start time moves."""

    kind: Literal["restarts"] = "restarts"
    start_time: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.metric, self.start_time)

    def compute(self, board: Board) -> Made | None:
        rolled = board.rolled(self.metric)
        if rolled is not None:
            return rolled.total, None
        starts = board.gauge(self.start_time)
        if not starts:
            return None
        moved = [np.diff(cells, prepend=cells[:1]) > 1 for cells in starts.values()]
        return roll([np.vstack(moved).sum(axis=0)], board.width, board.grid.step).total, None

    def promql(self, scope: SeriesScope) -> str:
        counted = by_service("sum", scope.over("increase", self.metric))
        return f"({counted} or {by_service('sum', scope.over('changes', self.start_time))})"


class Beyond(Recipe):
    """A signal that takes more than the board of one service to compute."""

    @property
    def needs(self) -> tuple[str, ...]:
        return ()

    def compute(self, board: Board) -> Made | None:
        return None


class Answering(Beyond):
    """Share of a service's instances that answer. Over a recording, silence counts as down and
    other services matter: `signals.py` computes it."""

    kind: Literal["answering"] = "answering"

    def promql(self, scope: SeriesScope) -> str:
        return by_service("avg", scope.select(self.metric))


class TimeToFull(Beyond):
    """Seconds until a gauge that grew by a tenth over the window meets its limit. Over a
    recording it needs a trend that holds: `conditions.py` computes it."""

    kind: Literal["time to full"] = "time to full"
    limit: str

    def promql(self, scope: SeriesScope) -> str:
        used, limit = scope.select(self.metric), scope.select(self.limit)
        slope, grown = (scope.over(name, self.metric) for name in ("deriv", "delta"))
        left = f"({limit} - {used}) / ({slope} > 0)"
        return by_service("min", f"{left} and ({grown} > 0.1 * {used})")

    def within(self, scope: SeriesScope, ahead_s: float) -> str:
        """PromQL that is there for instances that will be full in so many seconds."""
        ahead = f"predict_linear({scope.select(self.metric)}[{scope.window}], {ahead_s:g})"
        return f"{ahead} > on (service, instance) {scope.select(self.limit)}"


_Gauges = Gauge | Busiest | Used | Filled | UsedTogether
_Counts = Rate | Share | Quantile | Restarts
AnyRecipe = Annotated[_Gauges | _Counts | Answering | TimeToFull, Field(discriminator="kind")]
"""As a record says it, by its kind."""


def uncounted(values: np.ndarray | None) -> Made | None:
    """Values that rest on no number of events."""
    return None if values is None else (values, None)
