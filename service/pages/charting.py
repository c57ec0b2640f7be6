"""Charts of an incident's signals, read from its telemetry when somebody looks: they go on while it
waits for a person, and cost nothing while nobody does."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import NamedTuple

from markupsafe import Markup

from ...app.charts.incident_charts import marks_of
from ...app.charts.signal import ChartMark, signal_chart, title_of
from ...app.charts.tracks import SIGNALS, Track, kept_tracks, story
from ...app.configuration import Sources, recall
from ...app.opening import open_context, playbooks
from ...app.words import value
from ...errors import NotFound, WarroomError
from ...incident.document import Incident
from ...incident.timeline import from_ts
from ..service import Service

KEPT_S = 15.0
"""For so long a picture is shown to whoever else looks."""
ROWS, MOST = 40, 64


class Point(NamedTuple):
    """A row of the table behind a chart."""

    at: str
    level: str
    event: str


@dataclass(frozen=True)
class Chart:
    """One signal, as a picture and as a table."""

    title: str
    svg: Markup
    points: Sequence[Point]


@dataclass(frozen=True)
class Drawn:
    """What could be drawn, and why not more."""

    charts: Sequence[Chart]
    why: str = ""


@cache
def _one_at_a_time() -> Lock:
    return Lock()


KEPT: dict[str, tuple[float, int, Drawn]] = {}


def drawn(service: Service, incident_id: str) -> Drawn:
    """The charts of now, or of a moment ago. Raises NotFound."""
    document = service.store.load(incident_id)
    done = len(document.executions)
    with _one_at_a_time():  # telemetry takes memory to open
        at, known, found = KEPT.pop(incident_id, (0.0, 0, Drawn([])))
        if time.monotonic() > at + KEPT_S or known != done:
            at, found = time.monotonic(), _drawn(service, document)
        KEPT[incident_id] = at, done, found
        for oldest in list(KEPT)[:-MOST]:
            del KEPT[oldest]
    return found


def _drawn(service: Service, document: Incident) -> Drawn:
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
    marks, until = marks_of(document), document.began.at.timestamp()
    return Drawn([_chart(track, marks, until) for track in tracks], why)


def _chart(track: Track, marks: list[ChartMark], until: float) -> Chart:
    svg = Markup(signal_chart(track, marks, until))
    return Chart(title_of(track), svg, list(_points(track, marks)))


def _points(track: Track, marks: list[ChartMark]) -> Sequence[Point]:
    """So many samples and every event, in order of time."""
    step = max(1, len(track.ts) // ROWS)
    samples = list(zip(track.ts, track.values, strict=True))[::step]
    rows = [(at, value(level, track.unit), "") for at, level in samples]
    rows += [(mark.at, "", mark.label) for mark in marks]
    ordered = sorted(rows, key=lambda row: row[0])
    return [Point(f"{from_ts(at):%H:%M:%S}", level, label) for at, level, label in ordered]
