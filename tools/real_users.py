"""What browsers report of their pages, as OpenTelemetry has them send it: spans of page loads, web
vitals as spans or as log events (semantic conventions: browser events).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..telemetry.model import Span, Window
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, seconds, share, table, traces

LOAD, EVENT = "page load", "browser.web_vital"
VITALS = {"lcp": "s", "inp": "s", "cls": ""}
"""What users feel of a page: until it is there, until it answers, how much it jumps (web.dev)."""
SPANS = {"documentLoad", EVENT, *VITALS, *map(str.upper, VITALS)}
GROUPS = {
    "release": ("service.version", "app.version"),
    "country": ("geo.country.iso_code", "client.geo.country_iso_code", "geo.country_iso_code"),
}
VALUES = {name: f"{name}.value" for name in VITALS}
NUMBER = re.compile(r"\d+(\.\d*)?(e-?\d+)?")
ALL, MOST_ROWS, NANOSECONDS = "*", 30, 1e6
"""No page takes a million milliseconds: from there on it is nanoseconds."""
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UserExperience(Row):
    """One measure of real users' pages, of all ("*") or of one release or country: in the incident
    and before. `failed` of page loads."""

    measure: str
    whose: str
    unit: str
    pages: int
    pages_before: int
    p75: float | None
    p75_before: float | None
    failed: float | None
    failed_before: float | None


Told = tuple[str, float, bool]
"""Measure, value, whether it failed."""
Pages = list[tuple[float, bool]]


def browsers(bench: Bench) -> bool:
    """Whether any page reports."""
    spans = (op.name in SPANS for found in traces(bench, linked=False) for op in found.ops)
    return any(spans) or any(_beacons(bench, bench.frame.whole))


@tool(Effect.read, shares=("traces",))
def real_users(bench: Bench) -> Table[UserExperience]:
    """What real users' browsers saw, before and now: page loads and those that failed, web vitals
    (LCP, INP, CLS) at the 75th percentile, of all, by release and by country."""
    found = defaultdict[tuple[str, str], tuple[Pages, Pages]](lambda: ([], []))
    for place, window in enumerate((bench.frame.incident, bench.frame.baseline)):
        for whose, (measure, value, failed) in _reported(bench, window):
            found[measure, whose][place].append((value, failed))
    rows = [_row(*key, *pages) for key, pages in found.items()]
    rows.sort(key=lambda row: (row.whose != ALL, -row.pages, row.measure, row.whose))
    summary = "; ".join(f"{r.measure} of {r.pages} pages" for r in rows if r.whose == ALL)
    nothing = f"no page reports in {seconds(bench.frame.whole)}"
    return table(rows[:MOST_ROWS], summary, nothing, bench.frame.whole)


def _row(measure: str, whose: str, now: Pages, before: Pages) -> UserExperience:
    p75 = [
        number(float(np.percentile([v for v, _ in p], 75))) if p else None for p in (now, before)
    ]
    loads = measure == LOAD
    failed = [share(sum(bad for _, bad in p), len(p)) if loads else None for p in (now, before)]
    unit = VITALS.get(measure.lower(), "s")
    return UserExperience(measure, whose, unit, len(now), len(before), *p75, *failed)


def _reported(bench: Bench, window: Window) -> Iterator[tuple[str, Told]]:
    """Whose, and what: of all, and of each group that it names."""
    spans = bench.telemetry.span_table(window, linked=False)
    ours = np.array([op.name in SPANS for op in spans.ops], bool)
    rows = bench.telemetry.spans_of(spans, np.flatnonzero(ours[spans.op])) if ours.any() else []
    found = [(span.attributes, _told(span)) for span in rows]
    if sending := sorted({span.service for span in rows}):
        lines = bench.telemetry.logs(window, sending)
        found += [(e.attributes, _vital(e.attributes)) for e in lines if e.message == EVENT]
    for facts, told in (*found, *_beacons(bench, window)):
        if told:
            yield from ((whose, told) for whose in _groups(facts))


def _beacons(bench: Bench, window: Window) -> Iterator[tuple[Facts, Told]]:
    """Web vitals as log lines of other products; Google's own library rates each that it names."""
    for log in bench.telemetry.logs(window, having=[*VALUES.values(), "rating"]):
        names = [name for name, value in VALUES.items() if value in log.attributes] or [""]
        for name in names if log.message != EVENT else ():
            if told := _vital(log.attributes, name):
                yield log.attributes, told


def _groups(facts: Facts) -> Iterator[str]:
    yield ALL
    for group, labels in GROUPS.items():
        if named := next((facts[label] for label in labels if facts.get(label)), ""):
            yield f"{group} {cut(named, 60)}"


def _told(span: Span) -> Told | None:
    if span.name != "documentLoad":
        return _vital(span.attributes, span.name.lower())
    refused = str(span.attributes.get("http.response.status_code", "")).startswith("5")
    return LOAD, span.duration_ms / 1000, refused or span.status == "error"


def _vital(facts: Facts, name: str = "") -> Told | None:
    """A web vital as its event has it (name, value), or its span (lcp.value)."""
    named = name if name in VITALS else str(facts.get("name") or facts.get(f"{EVENT}.name")).lower()
    values = (facts.get(key) for key in (f"{named}.value", "value", f"{EVENT}.value"))
    known = next((float(str(v)) for v in values if NUMBER.fullmatch(str(v))), None)
    if named not in VITALS or known is None:
        return None
    unit = 1 if not VITALS[named] else 1e9 if known > NANOSECONDS else 1000
    return named.upper(), known / unit, False
