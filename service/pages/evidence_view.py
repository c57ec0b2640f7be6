"""One tool call as a page shows it: what was asked, by whom and when, and the rows that came back
with the quoted cells marked."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from markupsafe import Markup

from ...analysis.quantities import count, figure
from ...app.charts.signal import signal_chart
from ...app.charts.tracks import Track
from ...app.record import Record
from ...errors import NotFound
from ...incident.evidence import Evidence
from ...tools.base import REGISTRY

CELL = re.compile(r"/rows/(\d{1,6})/([^/]{1,100})$")
ADDRESS = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]+$", re.ASCII)
TIMES = ("ts", "at", "start", "end", "onset", "since", "until", "seen_at")
"""Columns of unix seconds."""
MOMENT = (9e8, 4e9)
"""What a number has to lie between to be one."""
FEWEST = 8
"""Points that make a line."""
LETTERS, MARKUP = 70_000, 30
"""Most of a page's rows, with so many around each cell; the quoted ones are shown beside them."""


@dataclass(frozen=True)
class Cell:
    """A value as it is shown, whether it is a number, and whether a claim quotes it."""

    text: str
    number: bool
    quoted: bool


@dataclass(frozen=True)
class Asked:
    """How a backend is asked for the same; the link only where it is a plain address."""

    datasource: str
    language: str
    query: str
    link: str


@dataclass(frozen=True)
class EvidenceView:
    """A call and what came of it."""

    record: Evidence
    arguments: Sequence[tuple[str, str]]
    asked: Sequence[Asked]
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str  # why there are no rows to show, or how many more there are
    chart: Markup  # empty where it is no series


def evidence_view(
    record: Record, incident_id: str, evidence_id: str, cited: Sequence[str]
) -> EvidenceView:
    """Secrets masked. Raises NotFound, StoreError where the payload was altered."""
    found = record.evidence(incident_id, evidence_id)
    note, payload = "", None
    try:
        payload = record.payload(found)
    except NotFound as error:  # dropped for its age: what was asked is still told
        note = str(error)
    rows = payload.get("rows", []) if isinstance(payload, Mapping) else []
    rows = [row for row in rows if isinstance(row, Mapping)]
    quoted = {(int(place[1]), place[2]) for c in cited if (place := CELL.match(c))}
    first = [name for _number, name in quoted]
    names = dict.fromkeys([*first, *_order(found.tool), *(n for row in rows for n in row)])
    columns = [name for name in names if _told(rows, name)]
    most, cited_rows = _fitting(rows, columns), {number for number, _name in quoted}
    shown = [(n, row) for n, row in enumerate(rows) if n < most or n in cited_rows]
    if left := len(rows) - len(shown):
        note = f"{count(left)} more rows are not shown: the first are, and those that are quoted"
    return EvidenceView(
        record=found,
        arguments=[(name, _text(each)) for name, each in found.query.items() if each != ""],
        asked=[
            Asked(b.datasource, b.language, b.query, b.link if ADDRESS.match(b.link) else "")
            for b in found.backends
        ],
        columns=columns,
        rows=[
            [_cell(name, row.get(name), (number, name) in quoted) for name in columns]
            for number, row in shown
        ],
        note=note or ("" if rows else "no rows came back"),
        chart=_chart(rows),
    )


def _fitting(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> int:
    """How many of the first rows a page takes."""
    used = 0
    for number, row in enumerate(rows):
        used += sum(MARKUP + len(_text(row.get(name))) for name in columns)
        if used > LETTERS:
            return number
    return len(rows)


def _order(tool: str) -> Sequence[str]:
    """The columns as the tool has them: what is kept is sorted by name."""
    if tool not in REGISTRY:
        return ()
    (row,) = get_args(get_type_hints(REGISTRY[tool].function)["return"])
    return [field.name for field in fields(row)]


def _told(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether a column says anything at all."""
    return any(row.get(name) not in (None, "") for row in rows)


def _cell(name: str, value: Any, quoted: bool) -> Cell:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and name in TIMES and MOMENT[0] < value < MOMENT[1]:
        return Cell(_clock(value), True, quoted)
    return Cell(figure(float(value), 4) if number else _text(value), number, quoted)


def _clock(at: float) -> str:
    from ...incident.timeline import from_ts

    return f"{from_ts(at):%H:%M:%S}"


def _text(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _chart(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Of the rows of one signal over time."""
    whose = {(row.get("service"), row.get("signal"), row.get("labels")) for row in rows}
    points = [(row.get("ts"), row.get("value")) for row in rows]
    known = [(a, v) for a, v in points if _finite(a) and _finite(v)]
    if len(whose) != 1 or len(known) < FEWEST:
        return Markup("")
    service, signal, _labels = next(iter(whose))
    ts, values = zip(*sorted(known), strict=True)
    track = Track(str(service or ""), str(signal or ""), "", list(ts), list(values))
    return Markup(signal_chart(track, [], ts[0]))


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
