"""A root-cause case in one picture: scores above, below them what the services went through."""

from contextlib import closing
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory

from ...app.charts.signal import HEIGHT, WIDTH, Mark, signal_parts
from ...app.charts.svg import QUIET, document, placed, text
from ...app.charts.tracks import Track
from ...telemetry.bundle import read_bundle
from ...telemetry.recording import Recording
from .answer import RcaAnswer
from .bars import bars
from .bundle import write
from .cases import RcaCase
from .tracks import CELLS, Times, drawn

WIDE, EDGE, HEAD = 980, 20, 70
SCALE = (WIDE - 3 * EDGE) / 2 / WIDTH
"""Of a chart: two stand beside each other."""
HEALTHY = 5
"""Times the length of the incident: so much of the baseline is drawn."""


@dataclass(frozen=True)
class Column:
    """Charts of one service, below each other."""

    title: str
    tracks: list[Track]


def picture(case: RcaCase, answer: RcaAnswer, guilty: str, title: str) -> str:
    """The SVG. What is drawn is what the case shows; a mark says when it was detected."""
    with TemporaryDirectory() as folder, closing(read_bundle(write(case, Path(folder)))) as bundle:
        times = times_of(bundle, case)
        columns = _columns(bundle, answer, guilty, times)
    rows, height = bars(answer.scores, answer.first(), guilty)
    under = HEAD + height + 40
    tall = max((len(column.tracks) for column in columns), default=0)
    parts = [
        text(EDGE, 28, title, size=15, font_weight="bold"),
        text(EDGE, 50, "score of each service; the guilty one is hatched", fill=QUIET),
        placed(EDGE, HEAD, 1, rows),
        *(
            part
            for number, one in enumerate(columns)
            for part in _column(one, number, under, times)
        ),
    ]
    return document(WIDE, under + tall * HEIGHT * SCALE + EDGE, title, parts)


def times_of(bundle: Recording, case: RcaCase) -> Times:
    """To the last record, from the first one, or as much earlier as leaves the incident room."""
    parts = [c for c in bundle.coverage() if c.modality != "changes" and c.start and c.end]
    windows = bundle.catalogue().windows
    detected = case.detected_at + case.part.late_s
    begin = detected - windows.detect_s
    end = max([detected, *(c.end for c in parts if c.end)]) + 1e-3
    first = min([begin, *(c.start for c in parts if c.start)])
    start = max(first, begin - HEALTHY * (end - begin))
    return Times(start, begin, detected, end, max((end - start) / CELLS, case.interval_s))


def _columns(bundle: Recording, answer: RcaAnswer, guilty: str, times: Times) -> list[Column]:
    """The named service's and the guilty one's."""
    named = answer.first()
    cited = [pair for one in answer.blamed for pair in one.seen()]
    pairs = {"named": named, "guilty": guilty} if named != guilty else {"named and guilty": named}
    return [
        Column(f"{what}: {service}", drawn(bundle, service, cited, times))
        for what, service in pairs.items()
        if service
    ]


def _column(column: Column, number: int, y: float, times: Times) -> list[str]:
    x = EDGE + number * (WIDTH * SCALE + EDGE)
    marks = [Mark(times.detected, "detected")]
    nothing = "" if column.tracks else " (nothing of it is recorded)"
    charts = [
        placed(x, y + row * HEIGHT * SCALE, SCALE, signal_parts(track, marks, times.begin))
        for row, track in enumerate(_framed(one, times) for one in column.tracks)
    ]
    return [text(x, y - 8, column.title + nothing, size=13, font_weight="bold"), *charts]


def _framed(track: Track, times: Times) -> Track:
    """On the same time axis as the others, under a title that names its service."""
    ts, values = [times.start, *track.ts, times.end], [nan, *track.values, nan]
    return replace(track, service="", ts=ts, values=values)
