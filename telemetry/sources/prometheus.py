"""Metrics of Prometheus and what speaks its API: Thanos, Mimir, VictoriaMetrics.

First what exists of the services (`series`), as far as signals can use it by one of the
conventions; then its raw samples, by instant queries of range selectors: true values at true
times. What is older than that allows comes in steps. Every query is built here from quoted parts.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import TelemetryError
from ..model import Window
from ..signal_catalogue import CATALOGUE
from .computed import Computed, native, recorded
from .conventions import CONVENTIONS, NAME, LabelSet
from .datasource import Datasource
from .http import HttpApi
from .metric_plan import MOST_SERIES, Plan, Selection, planned
from .source import About, Asked, Batch, Scope, Source, SourceQuery, closed

MOST_SAMPLES = 1_000_000
"""Of one scope as raw samples; what is older comes in steps, as many again."""
SAMPLES_AT_ONCE = 100_000
RAW_S, SHORTEST_S = 3600.0, 60.0
"""How far back samples are raw at most, and at least."""
LATE_S = 30.0
"""A sample is there some seconds after its own time: so much is asked for again."""
MOST_SAID = 6
SCRAPES = 5
"""That a rate which it computes looks back over, as our own do."""


@dataclass(frozen=True)
class Place:
    """Where reading stands."""

    until: float
    plan: Plan = field(default_factory=Plan)
    last: dict[str, float] = field(default_factory=dict)
    """Time of the last sample of series that were read just now."""
    says: tuple[str, ...] = ()
    """What was said on the way here, and still holds."""


class Prometheus:
    """The metrics of one datasource."""

    modality = "metrics"
    whole = False

    def __init__(self, source: Datasource) -> None:
        self.source, self.api = source, HttpApi(source)
        self.name = f"{source.name}, {source.type} at {source.url}"
        self.warned: tuple[str, ...] = ()
        self.found = False  # something of some scope: the labels are right
        self.plans = dict[Scope, Plan]()  # the latest

    def read(self, ask: SourceQuery) -> Batch:
        """The next samples, some minutes of all series at a time."""
        window, self.warned = closed(ask.window), ()
        place = ask.after or Place(window.start)
        plan = place.plan
        if not plan.holds:
            plan = self._plan(ask.scope, window, ask.budget.seconds)
            self.found |= plan.some
            self.plans[ask.scope] = plan
        part, step = _part(plan, place, window, self.source.jsonData.timeInterval)
        last = dict(place.last)
        lines = list(self._lines(plan, part, step, ask, last))
        recent = {key: ts for key, ts in last.items() if ts >= part.end - LATE_S}
        news = self._warnings() + ([f"what is old came in steps of {step:g} s"] if step else [])
        says = tuple(dict.fromkeys([*news, *place.says]))[:MOST_SAID]
        until = part.end if plan.some else place.until
        return Batch.of_lines(
            lines,
            ask.budget,
            left_out=says if self.found and not plan.some else (*plan.says, *says),
            gap=self.api.clock(),
            after=Place(until, plan, recent, says),
            more=part.end < window.end and plan.some,
        )

    def queries(self, about: About) -> Iterator[Asked]:
        """Selectors of what was found of these services and metrics."""
        for _selection, _scope, text in self.selected(about.services, about.metrics):
            yield Asked("promql", text)
        for plan in self.plans.values():
            for one in plan.computed:
                if not about.metrics or about.metrics.intersection(
                    CATALOGUE[one.signal].recipe.needs
                ):
                    yield Asked("promql", one.query)

    def selected(
        self, services: frozenset[str], metrics: frozenset[str]
    ) -> Iterator[tuple[Selection, Scope, str]]:
        """What was found of these services (none: of all) and metrics (the same, by our names),
        and its selector."""
        for scope, plan in self.plans.items():
            meant = scope.within(services)
            for one in plan.selections if meant else ():
                ours = one.convention.named
                names = [name for name in one.names if not metrics or ours[name] in metrics]
                if meant and names:
                    yield one, meant, one.convention.selector(names, one.whose, meant)

    def _plan(self, scope: Scope, window: Window, seconds: float) -> Plan:
        """What there is, of what signals can use."""
        matches = [
            convention.selector(convention.named | convention.native, whose, scope)
            for convention in CONVENTIONS
            for whose in convention.whose(self.source.whose)
        ]
        span = {"start": _number(window.start), "end": _number(window.end)}
        params = {"match[]": matches, "limit": str(3 * MOST_SERIES), **span}
        found = self.data("series", params, seconds)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise TelemetryError("answered no list of series: is it really prometheus?")
        return planned(found, scope, self.source, self._computed(found, scope, seconds))

    def _computed(
        self, found: Sequence[LabelSet], scope: Scope, seconds: float
    ) -> Sequence[Computed]:
        """What it computes itself."""
        usual, reach = self.source.whose, math.ceil(SCRAPES * self.source.jsonData.timeInterval)
        known = list(native(found, scope, usual, f"{reach}s"))
        try:
            groups = self.data("rules", {"type": "record"}, seconds, form=False).get("groups")
        except TelemetryError as error:
            self.warned += (f"its recording rules are not known: {error}",)
            return known
        return [*recorded(groups, scope, usual), *known]

    def _lines(
        self,
        plan: Plan,
        part: Window,
        step: float,
        ask: SourceQuery,
        last: dict[str, float],
    ) -> Iterator[bytes]:
        """The new rows of a part of the window; `last` has the time of each series' last one."""
        for selection in plan.selections:
            query = selection.convention.selector(selection.names, selection.whose, ask.scope)
            for one in self._samples(query, part, step, ask.budget.seconds):
                if row := self._row(plan, selection, one["metric"], ask.scope):
                    yield from _news(one["values"], row, part, last)
        for signal in plan.computed:
            every = step or self.source.jsonData.timeInterval
            for one in self._samples(signal.query, part, every, ask.budget.seconds):
                labels, times = one["metric"], signal.factor
                service = signal.whose.service(labels, ask.scope)
                instance = labels[signal.whose.label] if service and signal.whose.suffix else ""
                name, own = CATALOGUE[signal.signal].computed, {"computed": signal.by}
                row = {"name": name, "service": service, "instance": instance, "labels": own}
                values = [(ts, float(value) * times) for ts, value in one["values"]]
                if service:
                    yield from _news(values, json.dumps(row)[1:], part, last)

    def _samples(self, query: str, part: Window, step: float, seconds: float) -> list[Any]:
        if step:  # on the clock's grid, as some servers move it otherwise (VictoriaMetrics, Mimir)
            start, end = math.ceil(part.start / step) * step, part.end // step * step
            if start > end:
                return []
            span = {"start": _number(start), "end": _number(end), "step": f"{step:g}"}
            data = self.data("query_range", {"query": query, **span}, seconds)
        else:
            reach = math.ceil(1000 * part.seconds) + 1  # a selector leaves its own start out
            asked = {"query": f"{query}[{reach}ms]", "time": _number(part.end)}
            data = self.data("query", asked, seconds)
        try:
            for one in data["result"]:
                dict(one["metric"])
                one["values"] = [(float(ts), value) for ts, value in one.get("values", ())]
            return data["result"]
        except (KeyError, TypeError, ValueError) as error:
            raise TelemetryError("answered no samples: is it really prometheus?") from error

    def _row(self, plan: Plan, selection: Selection, labels: LabelSet, scope: Scope) -> str:
        """What all rows of a series have in common, as JSON; empty for one that is not meant."""
        convention, usual = selection.convention, self.source.whose
        if not convention.holds(labels):
            return ""
        whose, service = convention.owner(labels, scope, usual)
        ours = convention.named[labels[NAME]]
        counts = plan.chosen.get((service, ours), selection.order) == selection.order
        if whose != selection.whose or not counts:
            return ""
        names = convention.instance or usual.instance
        instance = next((labels[name] for name in names if labels.get(name)), "")
        row = {"name": ours, "service": service, "instance": instance}
        return json.dumps(row | {"labels": convention.ours(labels)})[1:]

    def data(self, path: str, params: dict[str, Any], seconds: float, *, form: bool = True) -> Any:
        """What its API answers. Raises TelemetryError where that is no success."""
        found = self.api.json("api", "v1", path, params=params, form=form, seconds=seconds)
        if not isinstance(found, dict) or found.get("status") != "success" or "data" not in found:
            raise TelemetryError("answered no success: is it really prometheus?")
        warnings = found.get("warnings") or []
        self.warned += tuple(str(one)[:200] for one in warnings if isinstance(warnings, list))
        return found["data"]

    def _warnings(self) -> list[str]:
        different = list(dict.fromkeys(self.warned))
        return [f"{self.source.name} warns: {one}" for one in different[:3]]


def _news(
    values: Sequence[tuple[float, Any]], row: str, part: Window, last: dict[str, float]
) -> Iterator[bytes]:
    """What came of a series since the last time."""
    for ts, value in values:
        if part.start <= ts < part.end and ts > last.get(row, -math.inf):
            last[row] = ts
            yield f'{{"ts": {ts!r}, "value": {json.dumps(value)}, {row}\n'.encode()


def _part(plan: Plan, place: Place, window: Window, interval: float) -> tuple[Window, float]:
    """The next part of the window to ask for, and its step; 0: raw."""
    raw_s = max(SHORTEST_S, min(RAW_S, MOST_SAMPLES * interval / plan.series))
    raw, start = window.end - raw_s, max(window.start, place.until)
    if start < raw - interval:
        step = math.ceil(max(interval, plan.series * (raw - window.start) / MOST_SAMPLES))
        most = step * max(1, SAMPLES_AT_ONCE // plan.series)
        return Window(start, min(raw, start + most)), step
    most = max(2 * interval, SAMPLES_AT_ONCE * interval / plan.series)
    end = min(window.end, start + most)
    return Window(max(window.start, start - LATE_S), end), 0.0


def _number(ts: float) -> str:
    return f"{ts:.3f}"


def open_prometheus(source: Datasource) -> Sequence[Source]:
    """Its one source."""
    return [Prometheus(source)]
