"""A root-cause case in one picture: scores above, below them what the services went through."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory

from ...app.charts.signal import HEIGHT, WIDTH, ChartMark, signal_parts
from ...app.charts.svg import ACCENT, INK, QUIET, box, document, rule, text
from ...app.charts.tracks import Track
from ...app.words import value
from ...telemetry.bundle import read_bundle
from ...telemetry.recording import Recording
from .answers import RcaAnswer
from .bundle import write
from .cases import RcaCase
from .marks import rank
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
    marks = [ChartMark(times.detected, "detected")]
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


TOP = 6
ROW, NAMES, BAR = 24, 340, 400
PATTERN = "guilty"


def bars(scores: dict[str, float], named: str, guilty: str) -> tuple[list[str], float]:
    """The elements, and their height. The guilty service has a row whatever it scored."""
    ordered = sorted(scores, key=lambda service: (-scores[service], service))
    shown = list(dict.fromkeys([*ordered[:TOP], guilty]))
    low, high = min([0.0, *scores.values()]), max([0.0, *scores.values()])
    parts = [hatch(PATTERN, INK)]
    for number, service in enumerate(shown):
        score = scores.get(service)
        length = 0.0 if score is None or high == low else (score - low) / (high - low) * BAR
        words = _words(service, scores, named=named, guilty=guilty)
        parts += _row(number * ROW, service, length, words, service == guilty)
    height = len(shown) * ROW
    return [*parts, rule(NAMES, 0, NAMES, height, QUIET)], height


def _row(y: float, service: str, length: float, words: str, guilty: bool) -> list[str]:
    weight = "bold" if guilty else "normal"
    name = service if len(service) <= 40 else f"{service[:19]}…{service[-20:]}"
    found = [text(NAMES - 8, y + 16, name, anchor="end", font_weight=weight)]
    if guilty:
        size = (NAMES, y + 4, max(length, 6), ROW - 8)
        found += [box(*size, "#ffffff"), box(*size, f"url(#{PATTERN})", stroke=INK)]
    else:
        found.append(box(NAMES, y + 4, length, ROW - 8, ACCENT))
    return [*found, text(NAMES + max(length, 6) + 8, y + 16, words, fill=INK, font_weight=weight)]


def _words(service: str, scores: dict[str, float], *, named: str, guilty: str) -> str:
    """Its score, its rank where it matters, and what it is."""
    score, place = scores.get(service), rank(scores, service)
    parts = ["no score" if score is None else value(score, "")]
    if service == guilty:
        parts.append("GUILTY" if place is None else f"GUILTY, rank {place}")
    if service == named:
        parts.append("named")
    return " · ".join(parts)


def placed(x: float, y: float, scale: float, parts: Iterable[str]) -> str:
    """Elements as a smaller picture inside another, its corner at a point."""
    move = f"translate({x:.1f} {y:.1f}) scale({scale:.3f})"
    return f"<g transform='{move}'>\n" + "\n".join(parts) + "\n</g>"


def hatch(name: str, stroke: str) -> str:
    """A pattern of slanted lines: told apart from a plain colour by everybody, and in print."""
    line = f"<path d='M0,8 L8,0' stroke='{stroke}' stroke-width='2'/>"
    size = "width='8' height='8' patternUnits='userSpaceOnUse'"
    return f"<defs><pattern id='{name}' {size}>{line}</pattern></defs>"
