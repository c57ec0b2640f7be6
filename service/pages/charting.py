"""Charts of an incident's signals, read from its telemetry when somebody looks: they go on while it
waits for a person, and cost nothing while nobody does."""

import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from typing import NamedTuple

from markupsafe import Markup

from ...app.charts.incident_charts import chart_file, marks_of
from ...app.charts.signal import LEFT, RIGHT, WIDTH, ChartMark, signal_chart, title_of
from ...app.charts.tracks import SIGNALS, Track, kept_tracks, story
from ...app.configuration import Sources, recall
from ...app.opening import open_context, playbooks
from ...app.words import value
from ...errors import NotFound, WarroomError
from ...incident.document import Incident
from ...incident.timeline import from_ts
from ..service import Service

KEPT_S = 15.0
"""For so long what was read is drawn for whoever else looks."""
ROWS, MOST, LEAST_S = 40, 64, 4.0
PLOT = f"{LEFT} {WIDTH - RIGHT} {WIDTH}"
"""Where the plot begins and ends in a picture, and how wide that is."""


class Point(NamedTuple):
    """A row of the table behind a chart."""

    at: str
    level: str
    event: str


@dataclass(frozen=True)
class Chart:
    """One signal, as a picture and as a table."""

    name: str  # of its file, without the ending
    title: str
    svg: Markup
    points: Sequence[Point]
    start: float  # unix seconds, at the plot's left edge
    end: float


@dataclass(frozen=True)
class Span:
    """The time that is shown, unix seconds, within all that there is."""

    start: float
    end: float
    first: float
    last: float

    @property
    def said(self) -> str:
        """In words."""
        return f"{from_ts(self.start):%H:%M:%S} to {from_ts(self.end):%H:%M:%S} UTC"

    @property
    def ways(self) -> Sequence[tuple[str, str]]:
        """Where one can go from here: a word, and the query of that."""
        half = (self.end - self.start) / 2
        middle, whole = self.start + half, (self.first, self.last)
        back, on = min(half, self.start - self.first), min(half, self.last - self.end)
        near = (middle - half / 2, middle + half / 2) if 2 * half > LEAST_S else whole
        ways = {
            "Zoom in": near,
            "Zoom out": (middle - 2 * half, middle + 2 * half),
            "Earlier": (self.start - back, self.end - back),
            "Later": (self.start + on, self.end + on),
            "All": whole,
        }
        found = {word: (max(a, self.first), min(b, self.last)) for word, (a, b) in ways.items()}
        differ = {word: to for word, to in found.items() if to != (self.start, self.end)}
        return [(word, f"?start={a:.2f}&end={b:.2f}") for word, (a, b) in differ.items() if a < b]


@dataclass(frozen=True)
class Drawn:
    """What could be drawn, and why not more."""

    charts: Sequence[Chart]
    why: str = ""
    span: Span | None = None


@dataclass(frozen=True)
class Known:
    """An incident's signals, as they were read; drawn for whoever looks."""

    tracks: Sequence[Track]
    why: str = ""

    def drawn(self, document: Incident, start: float | None, end: float | None) -> Drawn:
        """What lies between these; all of it where they are not given."""
        if not self.tracks:
            return Drawn([], self.why)
        first, last = min(t.ts[0] for t in self.tracks), max(t.ts[-1] for t in self.tracks)
        span = Span(first if start is None else start, last if end is None else end, first, last)
        marks, until = marks_of(document), document.began.at.timestamp()
        parts = [_part(track, span) for track in self.tracks]
        shown = [_chart(track, marks, until) for track in parts if _has_values(track)]
        return Drawn(shown, self.why, span)


def _part(track: Track, span: Span) -> Track:
    pairs = zip(track.ts, track.values, strict=True)
    inside = [(at, value) for at, value in pairs if span.start <= at <= span.end]
    ts, values = [at for at, _value in inside], [value for _at, value in inside]
    return replace(track, ts=ts, values=values)


def _has_values(track: Track) -> bool:
    return any(math.isfinite(value) for value in track.values)


@cache
def _one_at_a_time() -> Lock:
    return Lock()


KEPT: dict[str, tuple[float, int, Known]] = {}


def drawn(
    service: Service, incident_id: str, start: float | None = None, end: float | None = None
) -> Drawn:
    """The charts of now, or of a moment ago. Raises NotFound."""
    document = service.store.load(incident_id)
    done = len(document.executions)
    with _one_at_a_time():  # telemetry takes memory to open
        at, known, found = KEPT.pop(incident_id, (0.0, 0, Known([])))
        if time.monotonic() > at + KEPT_S or known != done:
            at, found = time.monotonic(), _read(service, document)
        KEPT[incident_id] = at, done, found
        for oldest in list(KEPT)[:-MOST]:
            del KEPT[oldest]
    return found.drawn(document, start, end)


def _read(service: Service, document: Incident) -> Known:
    kept = recall(service.settings, document.id)
    why = ""
    sources = service.sources if kept == Sources() else kept
    try:
        context = open_context(
            service.settings, sources, store=service.store, model_layer=playbooks
        )
        with closing(context.recorder):
            context.observe(document)
            tracks = story(context, document)
    except NotFound:
        raise
    except (OSError, WarroomError) as error:  # a drill's is gone with its shop
        tracks, why = [], f"its telemetry cannot be read now: {error}"
    if not tracks:
        tracks = kept_tracks(service.settings.files(document.id) / "charts" / SIGNALS)
    return Known(tracks, why)


def _chart(track: Track, marks: list[ChartMark], until: float) -> Chart:
    shown = [mark for mark in marks if track.ts[0] <= mark.at <= track.ts[-1]]
    svg = Markup(signal_chart(track, marks, until))
    name = chart_file(track).removesuffix(".svg")
    return Chart(name, title_of(track), svg, list(_points(track, shown)), track.ts[0], track.ts[-1])


def _points(track: Track, marks: list[ChartMark]) -> Sequence[Point]:
    """So many samples and every event, in order of time."""
    step = max(1, len(track.ts) // ROWS)
    samples = list(zip(track.ts, track.values, strict=True))[::step]
    rows = [(at, value(level, track.unit), "") for at, level in samples]
    rows += [(mark.at, "", mark.label) for mark in marks]
    ordered = sorted(rows, key=lambda row: row[0])
    return [Point(f"{from_ts(at):%H:%M:%S}", level, label) for at, level, label in ordered]
