"""How safe the data of an incident is: what the catalogue names to prove it, asked of the metrics
backend and kept as evidence."""

from collections.abc import Iterator
from typing import Any

from ...incident.action import Measure
from ...incident.document import Incident
from ...telemetry.model import Catalogue
from ...tools.backend_queries import SeriesRow, promql
from ...tools.toolbox import Toolbox
from ..reporting.recovery import COPY, ROWS, data_stores


def data_measures(document: Incident, catalogue: Catalogue, tools: Toolbox) -> Iterator[Measure]:
    """Of each store: how old its newest copy was when it began, and how many rows are broken now.
    What nobody answers is there without a level."""
    began = document.began.at.timestamp()
    for store, goals in data_stores(document, catalogue).items():
        if goals.newest:
            found, times = _asked(tools, query=goals.newest, end=began)
            age = max(0.0, began - max(times)) if times else None
            yield _measure(store, COPY, "s", age, goals.rpo_s, found)
        if goals.broken:
            found, rows = _asked(tools, query=goals.broken)
            yield _measure(store, ROWS, "count", sum(rows) if rows else None, 0.0, found)


def _asked(tools: Toolbox, **asked: Any) -> tuple[str, list[float]]:
    """The evidence, and the last value of each series."""
    found = tools.call(promql, **asked)
    rows = (row for row in found.rows if isinstance(row, SeriesRow))
    return found.evidence, [row.last for row in rows if row.last is not None]


def _measure(
    store: str, signal: str, unit: str, level: float | None, most: float, evidence: str
) -> Measure:
    well = None if level is None else level <= most
    told = {"service": store, "signal": signal, "unit": unit, "after": level, "threshold": most}
    return Measure(**told, healthy=well, decisive=False, evidence=evidence)
