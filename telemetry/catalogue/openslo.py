"""A team's objectives as OpenSLO describes them (v1), as far as they are ours: a share of good
requests, or how often a latency is good enough. Their own PromQL is what a Prometheus is asked,
over cells of time; whether it is any is for that to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ...errors import TableError
from ...yaml_tables import Document, Part
from ..model import DAY_S, Counting, Finite, Objective
from ..sources.cells import STEP
from ..sources.conventions import CONVENTIONS
from ..sources.query_check import LONGEST

VERSION = "openslo/v1"
KINDS = ("SLO", "SLI", "Service", "DataSource")
UNITS = {"m": 60, "h": 3600, "d": DAY_S, "w": 7 * DAY_S, "M": 30 * DAY_S, "Q": 91 * DAY_S}
UNITS |= {"Y": 365 * DAY_S}
TEXT = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
NAME = r"[A-Za-z_:][\w:]*"
SELECTOR = re.compile(rf"{NAME}\s*(?:\{{[^{{}}]*\}})?")
RATE = re.compile(rf"(?P<text>{TEXT})|(?P<range>\[\s*\w+\s*\])|\b(?:rate|increase)(?=\s*\()")
BUCKET = re.compile(rf'({NAME})\s*\{{[^{{}}]*\ble\s*=\s*"([0-9.eE+-]+)"')
LATENCY = re.compile("duration|latency|response_time", re.IGNORECASE)


class Unfit(ValueError):
    """A query or an objective is none that is counted here; says why."""


def counts(text: str, counter: bool) -> str:
    """A query of how many events there were in one $step, whatever range it looks over itself.

    Args:
        text: PromQL of a team: rates or increases, or a counter.
        counter: a selector alone counts as well.

    Raises Unfit.
    """
    bare = _bare(text)
    if counter and SELECTOR.fullmatch(bare):
        return f"sum(increase({text.strip()}[{STEP}]))"
    if not {"range", None} <= {match.lastgroup for match in RATE.finditer(bare)}:
        raise Unfit(
            f"{text[:80]} counts no events: rate(…), increase(…) or, with `counter: true`, "
            "the selector of a counter do"
        )
    return f"sum({RATE.sub(_over_a_cell, text.strip())})"


def _over_a_cell(match: re.Match[str]) -> str:
    known = {"text": match[0], "range": f"[{STEP}]"}
    return known.get(match.lastgroup or "", "increase")


def values(text: str) -> tuple[str, float]:
    """A query of a latency at one moment, and what one of its units is, in ms. Raises Unfit."""
    bare = _bare(text)
    found = [bare] if SELECTOR.fullmatch(bare) else re.findall(rf"{NAME}(?=\s*[{{\[])", bare)
    if not found or not all(map(LATENCY.search, found)):
        raise Unfit("a value that is no latency is not compared here")
    return text.strip(), unit_ms(found[0])


def unit_ms(metric: str) -> float:
    """What one unit of a metric of time is: by its convention, or as its name says."""
    known = (one.le_unit for one in CONVENTIONS if metric in one.metrics)
    by_name = 1.0 if re.search("milli|_ms", metric) else 1000.0
    return next((1000 * unit for unit in known), by_name)


def _bare(text: str) -> str:
    """The query without what its texts say. Raises Unfit."""
    if len(text) > LONGEST:
        raise Unfit(f"a query has {LONGEST} characters at most")
    bare = re.sub(TEXT, '""', text).strip()
    if re.search(r"@|\boffset\b", bare):
        raise Unfit("@ and offset are not taken: the moment that is asked for says the time")
    return bare


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)([mhdwMQY])", text)
    if not match or not 0 < int(match[1]) * UNITS[match[2]] <= 400 * DAY_S:
        raise ValueError("write a number with m, h, d, w, M, Q or Y, of 400 days at most: 28d")
    return float(int(match[1]) * UNITS[match[2]])


class Source(Part):
    """Where a figure comes from."""

    type: str = ""
    metricSourceRef: str = ""
    spec: dict[str, Any] = Field(default={})


class Metric(Part):
    """One figure."""

    metricSource: Source


class Ratio(Part):
    """Events, and how many of them are good or bad."""

    counter: bool = False
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None


class Indicator(Part):
    """What is measured."""

    ratioMetric: Ratio | None = None
    thresholdMetric: Metric | None = None


class Head(Part):
    """What each document has."""

    name: str = Field(min_length=1)


class Sli(Part):
    """A document of kind SLI; inside of an objective it needs no name."""

    metadata: Head | None = None
    spec: Indicator


class TimeWindow(Part):
    """Over how long."""

    duration: Annotated[str, AfterValidator(lambda text: (_seconds(text), text)[1])]
    isRolling: bool = True


class Target(Part):
    """How much of it is wanted."""

    displayName: str = ""
    target: float | None = Field(default=None, gt=0, le=1)
    targetPercent: float | None = Field(default=None, gt=0, le=100)
    op: Literal["lt", "lte", "gt", "gte", ""] = ""
    value: Finite | None = None

    @property
    def share(self) -> float | None:
        """Of good ones; None: not said."""
        return self.target or (self.targetPercent and round(self.targetPercent / 100, 12))


class SloSpec(Part):
    """Of kind SLO."""

    service: str
    indicator: Sli | None = None
    indicatorRef: str = ""
    timeWindow: list[TimeWindow] = Field(min_length=1, max_length=1)
    budgetingMethod: str = "Occurrences"
    objectives: list[Target] = Field(min_length=1)


class Slo(Part):
    """A document of kind SLO."""

    metadata: Head
    spec: SloSpec


class DataSource(Part):
    """A document of kind DataSource."""

    metadata: Head
    spec: Source


@dataclass
class Objectives:
    """What the files say together."""

    slos: list[tuple[str, Slo]]
    slis: dict[str, Indicator]
    sources: dict[str, str]
    """Types of data sources, by name."""
    says: list[str]
    """What was left out, and why."""

    @classmethod
    def none(cls) -> "Objectives":
        """Before the first file."""
        return cls([], {}, {}, [])

    def add(self, document: Document) -> None:
        """One document more. Raises TableError for what cannot be used."""
        data = document.data if isinstance(document.data, dict) else {}
        version, kind = data.get("apiVersion"), data.get("kind")
        if version != VERSION:
            raise TableError(f"{document.place}: apiVersion: write {VERSION}, not {version}")
        if kind == "SLO":
            self.slos.append((document.place, document.read(Slo)))
        elif kind == "SLI":
            found = document.read(Sli)
            self.slis[found.metadata.name if found.metadata else ""] = found.spec
        elif kind == "DataSource":
            source = document.read(DataSource)
            self.sources[source.metadata.name] = source.spec.type
        elif kind not in KINDS:
            self.says.append(f"{document.place}: {kind} tells nothing that is used here")

    def by_service(self) -> Iterator[tuple[str, Objective]]:
        """(service, objective) as far as they are ours; the others are said."""
        for place, slo in self.slos:
            for number, target in enumerate(slo.spec.objectives):
                name = slo.metadata.name
                if len(slo.spec.objectives) > 1:
                    name += f" {target.displayName or number + 1}"
                try:
                    yield slo.spec.service, self._objective(slo, target, name)
                except Unfit as why:
                    self.says.append(f"{place}: {name} is left out: {why}")

    def _objective(self, slo: Slo, target: Target, name: str) -> Objective:
        """Raises Unfit saying why it is none of ours."""
        spec, share = slo.spec, target.share
        found = spec.indicator.spec if spec.indicator else self.slis.get(spec.indicatorRef)
        if found is None:
            raise Unfit(f"no file describes its indicator {spec.indicatorRef or '(none is named)'}")
        if share is None:
            raise Unfit("it has neither target nor targetPercent")
        if spec.budgetingMethod != "Occurrences" and found.ratioMetric:
            raise Unfit(f"{spec.budgetingMethod} of a ratio are not counted here, Occurrences are")
        window = spec.timeWindow[0]
        if not window.isRolling:
            self.says.append(f"{name}: its calendar window is taken as a rolling one as long")
        made = self._ratio(found.ratioMetric) if found.ratioMetric else self._level(found, target)
        counting, sli, threshold = made
        known = {"threshold_ms": threshold, "window_s": _seconds(window.duration)}
        return Objective(name=name, sli=sli, objective=share, counting=counting, **known)

    def _ratio(self, ratio: Ratio) -> tuple[Counting, str, float | None]:
        part = ratio.good or ratio.bad
        if not ratio.total or not part:
            raise Unfit("a ratio is counted by `total` with `good` or `bad`")
        where = {self._where(metric.metricSource) for metric in (part, ratio.total)}
        if len(where) > 1:
            raise Unfit("its parts come from different data sources")
        query = self._query(part)
        counting = Counting(
            datasource=where.pop(),
            total=counts(self._query(ratio.total), ratio.counter),
            part=counts(query, ratio.counter),
            bad=ratio.good is None,
        )
        if bucket := BUCKET.search(query):
            return counting, "latency", float(bucket[2]) * unit_ms(bucket[1])
        return counting, "availability", None

    def _level(self, found: Indicator, target: Target) -> tuple[Counting, str, float | None]:
        if not found.thresholdMetric:
            raise Unfit("it has neither ratioMetric (good or bad, and total) nor thresholdMetric")
        if not target.op or target.value is None:
            raise Unfit("a threshold has `op` and `value`")
        query, unit = values(self._query(found.thresholdMetric))
        where = self._where(found.thresholdMetric.metricSource)
        counting = Counting(datasource=where, total=query, op=target.op, value=target.value)
        return counting, "latency", target.value * unit

    def _query(self, metric: Metric) -> str:
        spec = metric.metricSource.spec
        text = spec.get("query") or spec.get("promql")
        if not isinstance(text, str):
            raise Unfit("its metricSource has no spec.query")
        return text

    def _where(self, source: Source) -> str:
        """The datasource's name; empty: the only one. Raises Unfit for what is no Prometheus."""
        kind = source.type or self.sources.get(source.metricSourceRef, "")
        if kind and kind.lower() not in ("prometheus", "thanos", "mimir", "victoriametrics"):
            raise Unfit(f"it is measured by {kind}, and only Prometheus is asked for objectives")
        return source.metricSourceRef
