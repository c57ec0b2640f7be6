"""Asking a backend further, by a query that a model wrote: checked, bounded in time, series, rows
and seconds, and put to nothing but the one address of its API that answers such a query.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...cluster.objects import named
from ...errors import TelemetryError, ToolFailed, ToolRetry
from ...incident.evidence import BackendQuery
from ..model import Window
from .conventions import CONVENTIONS
from .exemplars import BEHIND, Exemplar, exemplars
from .links import backend_queries, link_of, people_look_in
from .logs import Pages
from .loki import Loki
from .otlp import fields, hex_id, objects
from .prometheus import Prometheus
from .query_check import Checked, Owned, promql
from .query_grammar import OWNERS, logql, traceql
from .source import About, Asked, Scope, Source
from .tempo import Tempo

SECONDS = 8.0
"""That one answer may take."""
MOMENTS = 120
"""At which an expression is evaluated, at most."""
MOST_SERIES, MOST_LINES, MOST_TRACES = 500, 5000, 20
BEFORE_S = 600.0
"""So much earlier than the recording an expression may look: rates look back."""
CHECKS = {"promql": (Prometheus, promql), "logql": (Loki, logql), "traceql": (Tempo, traceql)}
"""By language: the source that answers, and what may be asked."""
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Numbers:
    """One series: labels, and (unix seconds, value)."""

    labels: Labels
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Answer:
    """What a backend said."""

    asked: BackendQuery
    series: Sequence[Numbers] = ()
    rows: Sequence[dict[str, Any]] = ()  # lines or spans as a bundle has them
    left_out: str = ""


@dataclass(frozen=True)
class Live:
    """The backends of one incident, and what of them it may see. Thread-safe."""

    sources: tuple[Source, ...]
    scope: Scope
    window: Window

    @property
    def languages(self) -> frozenset[str]:
        """Those in which one of them can be asked."""
        return frozenset(name for name, (kind, _) in CHECKS.items() if self._of(kind))

    def check(self, language: str, text: str, window: Window) -> Checked:
        """A query that may be asked. Raises ToolRetry with what to correct."""
        kind, check = CHECKS[language]
        source = self._of(kind)
        if source is None:
            raise ToolRetry(f"no backend here answers {language}")
        allowed = check(text, Owned(_labels(language, source), self.scope))
        if not self.window.start <= window.start < window.end <= self.window.end:
            span = f"{self.window.start:.0f} to {self.window.end:.0f}"
            raise ToolRetry(f"the incident's telemetry is of {span}: keep start and end within")
        early = self.window.start - BEFORE_S
        if window.start - allowed.reach_s < early:
            room = max(0.0, window.start - early)
            raise ToolRetry(
                f"from start on it looks back {allowed.reach_s:.0f} s, and {room:.0f} s are there: "
                "take shorter ranges and offsets, or a later start"
            )
        return allowed

    def ask(self, language: str, query: Checked, window: Window) -> Answer:
        """What the backend answers. Raises ToolFailed where it does not."""
        source = self._of(CHECKS[language][0])
        grafana = people_look_in(self.sources)
        link = link_of(source.source, Asked(language, query.text), window, grafana)
        known = {"datasource": source.source.name, "language": language, "query": query.text}
        asked = BackendQuery(**known, link=link)
        try:
            if isinstance(source, Tempo):
                return _spans(source, query, window, asked)
            if query.series:
                return _series(source, query, window, asked)
            return _lines(source, query, window, asked)
        except TelemetryError as error:
            raise ToolFailed(f"{source.source.name} {error}") from error

    def exemplars(self, window: Window) -> Sequence[Exemplar]:
        """Single requests behind the metrics of the incident's services. Raises ToolFailed."""
        source = self._of(Prometheus)
        try:
            return list(exemplars(source, About(window))) if source else []
        except TelemetryError as error:
            raise ToolFailed(f"{source.source.name} {error}") from error

    def behind(self, window: Window, ids: Sequence[str]) -> list[BackendQuery]:
        """How people look at what has exemplars, and open these traces."""
        about = About(window, metrics=BEHIND, traces=tuple(ids))
        traces = backend_queries(self.sources, ["traces"], about) if ids else []
        return [*traces, *backend_queries(self.sources, ["metrics"], about)]

    def _of(self, kind: type[Any]) -> Any:
        return next((one for one in self.sources if isinstance(one, kind)), None)


def _labels(language: str, source: Any) -> frozenset[str]:
    """By which a query may say whose it is."""
    usual = [named(label) for label in source.source.whose.service]
    if language == "traceql":
        return frozenset(OWNERS)
    theirs = [whose.label for one in CONVENTIONS for whose in one.service]
    return frozenset(usual + theirs * (language == "promql"))


def _series(source: Any, query: Checked, window: Window, asked: BackendQuery) -> Answer:
    least = source.source.jsonData.timeInterval
    step = max(least, math.ceil(window.seconds / MOMENTS))
    scale = 1 if isinstance(source, Prometheus) else int(1e9)
    path = ("api", "v1") if isinstance(source, Prometheus) else ("loki", "api", "v1")
    params = {"query": query.text, "step": f"{step:g}", "limit": str(MOST_SERIES + 1)}
    params |= {"start": _at(window.start, scale), "end": _at(window.end, scale)}
    if scale == 1:
        params["timeout"] = f"{SECONDS:g}s"
    answer = source.api.json(*path, "query_range", params=params, form=True, seconds=SECONDS)
    found = fields(fields(answer).get("data")).get("result")
    try:
        series = [
            Numbers(one["metric"], tuple((float(ts), float(value)) for ts, value in one["values"]))
            for one in objects(found)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise TelemetryError("answered no numbers over time") from error
    more = f"only {MOST_SERIES} series of more" if len(series) > MOST_SERIES else ""
    return Answer(asked, series=series[:MOST_SERIES], left_out=more)


def _lines(source: Pages, query: Checked, window: Window, asked: BackendQuery) -> Answer:
    most = min(MOST_LINES, source.source.jsonData.maxLines)
    found = source.lines(query.text, int(window.start * 1e9), int(window.end * 1e9))[:most]
    usual = source.source.whose
    rows = [line.row(_owner(line.labels, usual.service), usual) for line in found]
    return Answer(asked, rows=rows, left_out=f"only the first {most} lines" * (len(rows) == most))


def _spans(source: Tempo, query: Checked, window: Window, asked: BackendQuery) -> Answer:
    span = {"start": math.floor(window.start), "end": math.ceil(window.end)}
    params = {"q": query.text, "limit": MOST_TRACES, "spss": 1, **span}
    answer = source.api.json("api", "search", params=params, seconds=SECONDS)
    ids = [hex_id(one.get("traceID")).zfill(32) for one in objects(fields(answer).get("traces"))]
    rows, until, had = list[dict[str, Any]](), time.monotonic() + SECONDS, 0
    for one in ids[:MOST_TRACES]:
        if time.monotonic() < until:
            rows += source.spans(one, window)
            had += 1
    more = f"only {had} traces of maybe more" if had < len(ids) or had == MOST_TRACES else ""
    return Answer(asked, rows=rows, left_out=more)


def _owner(labels: Labels, tried: Sequence[str]) -> str:
    known = {named(name): value for name, value in labels.items()}
    return next((known[named(name)] for name in tried if known.get(named(name))), "")


def _at(moment: float, scale: int) -> str:
    return f"{moment:.3f}" if scale == 1 else str(int(moment * scale))
