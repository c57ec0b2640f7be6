"""What a Prometheus counts for us in cells of time: calls between services by labels of both ends
(callers.yaml), and the requests of objectives by their own queries. Kept as metrics of ours.
"""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field

from ...cluster.objects import named
from ...errors import TelemetryError
from ...yaml_tables import Entry, read_table
from ..model import Catalogue, Counting, Objective
from ..objectives import ALL, GOOD, good_at
from ..promql import quoted
from ..topology import CALLS
from .conventions import NAME, any_of
from .datasource import Datasource
from .http import HttpApi, Refused
from .metrics_checkup import counted
from .otlp import fields, objects
from .source import EVERYTHING, About, Asked, Batch, Scope, Source, SourceQuery, closed

CALLS_STEP_S = 60.0
MOST_CELLS = 1000
SCRAPES = 4
"""Of a cell at least: an increase needs two."""
STEP = "$step"
"""In an objective's query: the length of a cell."""
NOBODY = ("", "unknown", "user")
Points = Sequence[tuple[float, float]]
"""(unix seconds, value)."""


class CellsOf(NamedTuple):
    """Which cells: the ends of the first and of the last one, and their length; seconds."""

    first: float
    last: float
    step: float


class Cells(ABC):
    """One kind of counts of one datasource; a cell is asked for once it has ended."""

    modality = "metrics"
    whole = False
    shortest_s = 0.0
    metric: str
    """Of ours, which it fills."""

    def __init__(self, source: Datasource, name: str) -> None:
        self.source, self.api = source, HttpApi(source)
        self.name = f"{name} by {source.name}"
        self.says = dict[str, None]()
        self.least = max(self.shortest_s, SCRAPES * source.jsonData.timeInterval)

    def read(self, ask: SourceQuery) -> Batch:
        """Rows of the cells that have ended since."""
        window = closed(ask.window)
        step = float(math.ceil(max(self.least, window.seconds / MOST_CELLS)))
        until = ask.after if ask.after is not None else window.start // step * step
        end = window.end // step * step
        if end <= until:
            return Batch(after=until)
        rows = list(self.rows(ask.scope, CellsOf(until + step, end, step)))
        return Batch.of(rows, ask.budget, left_out=tuple(self.says), after=end)

    def queries(self, about: About) -> Iterator[Asked]:
        """What was asked of these services, for what rests on our metric alone."""
        for text in self.texts(about.services) if self.metric in about.metrics else ():
            yield Asked("promql", text)

    @abstractmethod
    def texts(self, services: Collection[str]) -> Iterator[str]:
        """Its expressions about these services."""

    @abstractmethod
    def rows(self, scope: Scope, cells: CellsOf) -> Iterator[dict[str, Any]]:
        """Rows of these services."""

    def range(self, query: str, cells: CellsOf) -> Iterator[tuple[Mapping[str, str], Points]]:
        """The series of an expression at the end of each cell."""
        ends = {"start": f"{cells.first:.0f}", "end": f"{cells.last:.0f}"}
        params = {"query": query, "step": f"{cells.step:g}", **ends}
        answer = self.api.json("api", "v1", "query_range", params=params, form=True)
        for one in objects(fields(fields(answer).get("data")).get("result")):
            try:
                found = [(float(ts), float(value)) for ts, value in one["values"]]
                yield one["metric"], [(ts, value) for ts, value in found if math.isfinite(value)]
            except (KeyError, TypeError, ValueError) as error:
                raise TelemetryError("answered no numbers: is it really prometheus?") from error


def _row(name: str, service: str, ts: float, value: float, **labels: str) -> dict[str, Any]:
    known = {"ts": ts, "value": value, "labels": labels}
    return known | {"name": name, "service": service, "instance": ""}


class Callers(Entry):
    """How one mesh counts calls; what each key means stands in the table."""

    name: str
    metrics: tuple[str, ...]
    caller: tuple[str, ...]
    callee: tuple[str, ...]
    where: dict[str, str] = Field(default_factory=dict)


CALLERS = read_table("telemetry/sources/callers.yaml", tuple[Callers, ...])
METRICS = {metric for one in CALLERS for metric in one.metrics}


class Calls(Cells):
    """Calls between services, of those that are meant and of their neighbours."""

    shortest_s = CALLS_STEP_S
    metric = CALLS

    def __init__(self, source: Datasource) -> None:
        super().__init__(source, "calls between services")
        self.told = set[tuple[str, str, float]]()
        self.there = set[str]()
        """The metrics that there are."""

    def rows(self, scope: Scope, cells: CellsOf) -> Iterator[dict[str, Any]]:
        """One row an edge and cell, whichever end is meant."""
        query = f"count by ({NAME}) ({{{NAME}=~{quoted(any_of(METRICS))}}})"
        self.there |= counted(self.api, query, cells.last, NAME).keys()
        every = Counter[tuple[str, str, float]]()
        for one, metric in self._counters():
            for known, points in self.range(self._query(one, metric, scope, cells.step), cells):
                caller, callee = _said(known, self._callers(one)), _said(known, one.callee)
                if caller and callee and caller != callee:
                    for ts, value in points:
                        every[caller, callee, ts] = max(every[caller, callee, ts], round(value))
        for (caller, callee, ts), calls in every.items():
            if calls > 0 and (caller, callee, ts) not in self.told:
                self.told.add((caller, callee, ts))
                yield _row(CALLS, caller, ts, calls, callee=callee)

    def texts(self, services: Collection[str]) -> Iterator[str]:
        """One an existing metric."""
        scope = Scope(frozenset(services)) if services else EVERYTHING
        return (self._query(*one, scope, self.least) for one in self._counters())

    def _counters(self) -> Iterator[tuple[Callers, str]]:
        return ((one, metric) for one in CALLERS for metric in one.metrics if metric in self.there)

    def _callers(self, one: Callers) -> tuple[str, ...]:
        return one.caller or tuple(map(named, self.source.whose.service))

    def _query(self, one: Callers, metric: str, scope: Scope, step: float) -> str:
        labels = (*self._callers(one), *one.callee)
        where = [f"{label}=~{quoted(pattern)}" for label, pattern in one.where.items()]
        ends = [[]]
        if scope.services is not None:
            ends = [[f"{label}=~{quoted(any_of(scope.services))}"] for label in labels]
        parts = (f"increase({metric}{{{','.join(where + end)}}}[{step:g}s])" for end in ends)
        return f"sum by ({', '.join(labels)}) ({' or '.join(parts)})"


def _said(labels: Mapping[str, str], names: Sequence[str]) -> str:
    return next((labels[name] for name in names if labels.get(name, "") not in NOBODY), "")


class NothingGood(TelemetryError):
    """Nothing counts good events, which is not the same as that there are none."""


class Promised(Cells):
    """Good and all events of objectives, as their own queries count them."""

    metric = GOOD

    def __init__(self, source: Datasource, promises: Sequence[tuple[str, Objective]]) -> None:
        super().__init__(source, "objectives")
        self.promises = promises

    def rows(self, scope: Scope, cells: CellsOf) -> Iterator[dict[str, Any]]:
        """Two rows an objective and cell."""
        for service, objective in self.promises:
            if objective.counting is None or not scope.holds(service):
                continue
            try:
                found = self._counted(objective.counting, cells)
            except (Refused, NothingGood) as error:
                if isinstance(error, Refused) and error.status not in (400, 422):
                    raise
                self.says[f"objective {objective.name} of {service}: {error}"] = None
                continue
            for ts, (good, total) in sorted(found.items()):
                yield _row(GOOD, service, ts, good, objective=objective.name)
                yield _row(ALL, service, ts, total, objective=objective.name)

    def texts(self, services: Collection[str]) -> Iterator[str]:
        """Both of each objective."""
        for service, objective in self.promises:
            if objective.counting and service in services:
                both = (objective.counting.part, objective.counting.total)
                yield from (_stepped(query, self.least) for query in both if query)

    def _counted(self, counting: Counting, cells: CellsOf) -> dict[float, tuple[float, float]]:
        """(good, all) by the end of the cell."""
        if counting.op:
            return self._compared(counting, cells)
        total, part = (self._sums(query, cells) for query in (counting.total, counting.part))
        if total and not part and not counting.bad:
            raise NothingGood("no series of its good events is there: look at its query")
        return {
            ts: (good_at(events, part.get(ts, 0.0), counting.bad), events)
            for ts, events in total.items()
        }

    def _compared(self, counting: Counting, cells: CellsOf) -> dict[float, tuple[float, float]]:
        """A moment of a series is an event, good where it compares."""
        good, total = Counter[float](), Counter[float]()
        for _, points in self.range(counting.total, cells):
            for ts, value in points:
                total[ts] += 1
                good[ts] += COMPARED[counting.op](value, counting.value)
        return {ts: (good[ts], total[ts]) for ts in total}

    def _sums(self, query: str, cells: CellsOf) -> dict[float, float]:
        found = self.range(_stepped(query, cells.step), cells)
        return {ts: value for _, points in found for ts, value in points}


def _stepped(query: str, step: float) -> str:
    return query.replace(STEP, f"{step:g}s")


COMPARED = {
    "lt": float.__lt__,
    "lte": float.__le__,
    "gt": float.__gt__,
    "gte": float.__ge__,
}


def counting(datasources: Sequence[Datasource], catalogue: Catalogue) -> list[Source]:
    """What these count besides metrics: calls, and the objectives that name them."""
    those = [one for one in datasources if one.type == "prometheus"]
    promised = dict[str, list[tuple[str, Objective]]]()
    for service, objective, where, _ in _placed(datasources, catalogue):
        promised.setdefault(where, []).append((service, objective))
    return [
        *(Calls(one) for one in those),
        *(Promised(one, promised[one.name]) for one in those if one.name in promised),
    ]


def uncounted(datasources: Sequence[Datasource], catalogue: Catalogue) -> Iterator[str]:
    """Objectives that another data source counts than they name, or none, in words."""
    for _, objective, where, wanted in _placed(datasources, catalogue):
        if not where or (wanted and where != wanted):
            missing = f"no datasource is called {wanted}" if wanted else "it names no datasource"
            then = f"{where} is asked instead" if where else "it is not counted"
            yield f"{objective.name}: {missing}: {then}"


def _placed(
    datasources: Sequence[Datasource], catalogue: Catalogue
) -> Iterator[tuple[str, Objective, str, str]]:
    """(service, objective, the Prometheus that counts it, the one that it names): the one that it
    names, else the only one; empty: none."""
    names = [one.name for one in datasources if one.type == "prometheus"]
    for service in catalogue.services:
        for objective in (slo for slo in service.slos if slo.counting):
            wanted = objective.counting.datasource if objective.counting else ""
            only = names[0] if len(names) == 1 else ""
            yield service.name, objective, wanted if wanted in names else only, wanted
