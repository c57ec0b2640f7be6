"""What a Prometheus counts for us in cells of time: calls between services by labels of both ends
(callers.yaml), and the requests of objectives by their own queries. Kept as metrics of ours.
"""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from ...errors import TelemetryError
from ...yaml_tables import Entry, read_table
from ..model import Catalogue, Counting, Objective
from ..objectives import ALL, GOOD, good_at
from ..promql import quoted
from ..topology import CALLS
from .conventions import NAME, any_of
from .datasource import Datasource, named
from .http import HttpApi, Refused
from .metrics_checkup import counted
from .otlp import fields, objects
from .source import Batch, Scope, Source, SourceQuery, closed

CALLS_STEP_S = 60.0
MOST_CELLS = 1000
SCRAPES = 4
"""Of a cell at least: an increase needs two."""
NOBODY = ("", "unknown", "user")
Points = Sequence[tuple[float, float]]
"""(unix seconds, value)."""


class Cells(ABC):
    """One kind of counts of one datasource; a cell is asked for once it has ended."""

    modality = "metrics"
    whole = False
    shortest_s = 0.0

    def __init__(self, source: Datasource, name: str) -> None:
        self.source, self.api = source, HttpApi(source)
        self.name = f"{name} by {source.name}"
        self.says = dict[str, None]()

    def read(self, ask: SourceQuery) -> Batch:
        """Rows of the cells that have ended since."""
        window = closed(ask.window)
        least = max(self.shortest_s, SCRAPES * self.source.jsonData.timeInterval)
        step = float(math.ceil(max(least, window.seconds / MOST_CELLS)))
        until = ask.after if ask.after is not None else window.start // step * step
        end = window.end // step * step
        if end <= until:
            return Batch(after=until)
        rows = list(self.rows(ask.scope, (until + step, end, step)))
        return Batch.of(rows, ask.budget, left_out=tuple(self.says), after=end)

    @abstractmethod
    def rows(self, scope: Scope, cells: tuple[float, float, float]) -> Iterator[dict[str, Any]]:
        """Rows of these services. cells: end of the first and of the last one, length; seconds."""

    def range(
        self, query: str, cells: tuple[float, float, float]
    ) -> Iterator[tuple[Mapping[str, str], Points]]:
        """The series of an expression at the end of each cell."""
        start, end, step = cells
        params = {"query": query, "start": f"{start:.0f}", "end": f"{end:.0f}", "step": f"{step:g}"}
        answer = self.api.json("api", "v1", "query_range", params=params, form=True)
        for one in objects(fields(fields(answer).get("data")).get("result")):
            try:
                found = [(float(ts), float(value)) for ts, value in one["values"]]
                yield one["metric"], [(ts, value) for ts, value in found if math.isfinite(value)]
            except (KeyError, TypeError, ValueError) as error:
                raise TelemetryError("answered no numbers: is it really prometheus?") from error

    def row(self, name: str, service: str, point: tuple[float, float], **labels: str) -> Any:
        """A row of a metric of ours."""
        known = {"name": name, "service": service, "instance": "", "labels": labels}
        return known | {"ts": point[0], "value": point[1]}


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

    def __init__(self, source: Datasource) -> None:
        super().__init__(source, "calls between services")
        self.told = set[tuple[str, str, float]]()

    def rows(self, scope: Scope, cells: tuple[float, float, float]) -> Iterator[dict[str, Any]]:
        """One row an edge and cell, whichever end is meant."""
        query = f"count by ({NAME}) ({{{NAME}=~{quoted(any_of(METRICS))}}})"
        there = counted(self.api, query, cells[1], NAME).keys()
        every = Counter[tuple[str, str, float]]()
        for one in CALLERS:
            for metric in there & set(one.metrics):
                every |= self._counted(one, metric, scope, cells)
        for edge, calls in every.items():
            if calls > 0 and edge not in self.told:
                self.told.add(edge)
                caller, callee, ts = edge
                yield self.row(CALLS, caller, (ts, calls), callee=callee)

    def _counted(
        self, one: Callers, metric: str, scope: Scope, cells: tuple[float, float, float]
    ) -> Counter[tuple[str, str, float]]:
        """By (caller, callee, end of the cell)."""
        callers = one.caller or tuple(map(named, self.source.whose.service))
        labels, found = (*callers, *one.callee), Counter[tuple[str, str, float]]()
        where = [f"{label}=~{quoted(pattern)}" for label, pattern in one.where.items()]
        ends = [[]]
        if scope.services is not None:
            ends = [[f"{label}=~{quoted(any_of(scope.services))}"] for label in labels]
        parts = (f"increase({metric}{{{','.join(where + end)}}}[{cells[2]:g}s])" for end in ends)
        query = f"sum by ({', '.join(labels)}) ({' or '.join(parts)})"
        for known, points in self.range(query, cells):
            caller, callee = (
                next((known[name] for name in names if known.get(name, "") not in NOBODY), "")
                for names in (callers, one.callee)
            )
            if caller and callee and caller != callee:
                for ts, value in points:
                    found[caller, callee, ts] += value  # pyright: ignore[reportArgumentType]
        return found


class Promised(Cells):
    """Good and all events of objectives, as their own queries count them."""

    def __init__(self, source: Datasource, promises: Sequence[tuple[str, Objective]]) -> None:
        super().__init__(source, "objectives")
        self.promises = promises

    def rows(self, scope: Scope, cells: tuple[float, float, float]) -> Iterator[dict[str, Any]]:
        """Two rows an objective and cell."""
        for service, objective in self.promises:
            if objective.counting is None or not scope.holds(service):
                continue
            try:
                counted = self._counted(objective.counting, cells)
            except Refused as error:
                if error.status not in (400, 422):
                    raise
                self.says[f"objective {objective.name} of {service}: {error}"] = None
                continue
            for ts, (good, total) in sorted(counted.items()):
                known = {"objective": objective.name}
                yield self.row(GOOD, service, (ts, good), **known)
                yield self.row(ALL, service, (ts, total), **known)

    def _counted(
        self, counting: Counting, cells: tuple[float, float, float]
    ) -> dict[float, tuple[float, float]]:
        """(good, all) by the end of the cell."""
        if counting.op:
            return self._compared(counting, cells)
        total, part = (self._sums(query, cells) for query in (counting.total, counting.part))
        return {
            ts: (good_at(events, part.get(ts, 0.0), counting.bad), events)
            for ts, events in total.items()
        }

    def _compared(
        self, counting: Counting, cells: tuple[float, float, float]
    ) -> dict[float, tuple[float, float]]:
        """A moment of a series is an event, good where it compares."""
        good, total = Counter[float](), Counter[float]()
        for _, points in self.range(counting.total, cells):
            for ts, value in points:
                total[ts] += 1
                good[ts] += COMPARED[counting.op](value, counting.value)
        return {ts: (good[ts], total[ts]) for ts in total}

    def _sums(self, query: str, cells: tuple[float, float, float]) -> dict[float, float]:
        asked = query.replace("$step", f"{cells[2]:g}s")
        return {ts: value for _, points in self.range(asked, cells) for ts, value in points}


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
    for service in catalogue.services:
        for objective in service.slos:
            if objective.counting and (where := _where(objective.counting, those)):
                promised.setdefault(where, []).append((service.name, objective))
    return [
        *(Calls(one) for one in those),
        *(Promised(one, promised[one.name]) for one in those if one.name in promised),
    ]


def uncounted(datasources: Sequence[Datasource], catalogue: Catalogue) -> Iterator[str]:
    """Objectives whose data source warroom.yaml does not have, in words."""
    those = [one for one in datasources if one.type == "prometheus"]
    for service in catalogue.services:
        for objective in service.slos:
            known = objective.counting
            if known and known.datasource not in ("", *(one.name for one in those)):
                other = _where(known, those)
                then = f"{other} is asked instead" if other else "it is not counted"
                yield f"{objective.name}: no datasource is called {known.datasource}: {then}"


def _where(counting: Counting, those: Sequence[Datasource]) -> str:
    """The datasource that counts it: the one that it names, or the only one; empty: none."""
    names = [one.name for one in those]
    only = names[0] if len(names) == 1 else ""
    return counting.datasource if counting.datasource in names else only
