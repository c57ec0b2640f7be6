"""One signal over the incident as SVG: healthy stretch, onset, actions, before and after."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from ...incident.timeline import from_ts
from ..words import clock, value
from .svg import ACCENT, GRID, INK, QUIET, SHADE, box, document, rule, text, ticks, time_step
from .tracks import Track

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 68, 20, 74, 40
UNITS = {"share": "share", "s": "seconds", "1/s": "per second", "bytes": "MiB"}


@dataclass(frozen=True)
class ChartMark:
    """A moment that matters: the onset, an action."""

    at: float  # unix seconds
    label: str


@dataclass(frozen=True)
class ChartScale:
    """From time and value to the picture's coordinates."""

    start: float
    end: float
    top: float

    def x(self, at: float) -> float:
        """Pixels from the left."""
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, level: float) -> float:
        """Pixels from the top."""
        return HEIGHT - BOTTOM - level / self.top * (HEIGHT - TOP - BOTTOM)


def signal_chart(track: Track, marks: list[ChartMark], healthy_until: float) -> str:
    """The picture. `healthy_until`: end of the baseline, unix seconds; the track begins with it."""
    parts = signal_parts(track, marks, healthy_until)
    return document(WIDTH, HEIGHT, title_of(track), parts, told(track, marks))


def told(track: Track, marks: list[ChartMark]) -> str:
    """The picture in words: the levels, and when what is marked on it happened."""
    inside = [m for m in marks if track.ts[0] <= m.at <= track.ts[-1]]
    when = ", ".join(f"{m.label.strip('◆ ')} {clock(from_ts(m.at))}" for m in inside)
    levels = _before_after(track, marks).replace(" · ", ", ")
    return f"{title_of(track)}: {levels}. {f'Marked: {when} UTC.' if when else ''}".strip()


def title_of(track: Track) -> str:
    """Whose signal it is, where it says so, and which."""
    return f"{track.service}: {track.signal.replace('_', ' ')}".removeprefix(": ")


def signal_parts(track: Track, marks: list[ChartMark], healthy_until: float) -> list[str]:
    """Its elements, WIDTH by HEIGHT, for a picture of its own or inside another."""
    levels = [v for v in track.values if math.isfinite(v)]
    grid = ticks(max(levels, default=1.0))
    scale = ChartScale(track.ts[0], max(track.ts[-1], track.ts[0] + 1), grid[-1])
    return [
        text(LEFT, 24, title_of(track), size=16, font_weight="bold"),
        text(WIDTH - RIGHT, 24, _before_after(track, marks), size=13, anchor="end", fill=QUIET),
        *_healthy(scale, healthy_until),
        *_axes(track, scale, grid),
        *_marks(scale, marks),
        *_line(track, scale),
    ]


def _before_after(track: Track, marks: list[ChartMark]) -> str:
    """The level at the start, the highest one, and the one at the end."""
    known = [(at, v) for at, v in zip(track.ts, track.values, strict=True) if math.isfinite(v)]
    first = marks[0].at if marks else track.ts[-1]
    calm = sorted(v for at, v in known if at < first) or [known[0][1]]
    worst, last = max(v for _, v in known), known[-1][1]
    shown = [value(level, track.unit) for level in (calm[len(calm) // 2], worst, last)]
    return f"healthy {shown[0]} · highest {shown[1]} · last {shown[2]}"


def _healthy(scale: ChartScale, until: float) -> list[str]:
    end = min(max(until, scale.start), scale.end)
    width = scale.x(end) - LEFT
    shade = box(LEFT, TOP, width, HEIGHT - TOP - BOTTOM, SHADE)
    label = text(LEFT + 6, HEIGHT - BOTTOM - 6, "baseline", size=11, fill=QUIET)
    return [shade, label] if width > 60 else [shade]


def _axes(track: Track, scale: ChartScale, grid: list[float]) -> list[str]:
    unit = UNITS.get(track.unit, track.unit)
    parts = [text(LEFT, TOP - 30, unit, size=11, fill=QUIET, anchor="end")] if unit else []
    for level in grid:
        y = scale.y(level)
        parts.append(rule(LEFT, y, WIDTH - RIGHT, y, GRID))
        label = value(level, track.unit)
        parts.append(text(LEFT - 8, y + 4, label, size=11, fill=QUIET, anchor="end"))
    step = time_step(scale.end - scale.start)
    at = math.ceil(scale.start / step) * step
    while at <= scale.end:
        x = scale.x(at)
        parts.append(rule(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 5, QUIET))
        clock = f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"
        parts.append(text(x, HEIGHT - BOTTOM + 18, clock, size=11, fill=QUIET, anchor="middle"))
        at += step
    base = HEIGHT - BOTTOM
    parts.append(text(WIDTH - RIGHT, HEIGHT - 6, "UTC", size=11, fill=QUIET, anchor="end"))
    return [*parts, rule(LEFT, base, WIDTH - RIGHT, base, QUIET)]


def _marks(scale: ChartScale, marks: list[ChartMark]) -> list[str]:
    """Lines with their labels above the plot, on two rows so that neighbours stay readable."""
    parts = []
    for number, mark in enumerate(m for m in marks if scale.start <= m.at <= scale.end):
        x, y = scale.x(mark.at), TOP - 8 - 15 * (number % 2)
        late = x > WIDTH * 0.7
        dashes = "4 3" if mark.label == "onset" else "none"
        parts.append(rule(x, y + 3, x, HEIGHT - BOTTOM, INK, stroke_dasharray=dashes))
        anchor = "end" if late else "start"
        parts.append(text(x + (-4 if late else 4), y, mark.label[:44], size=11, anchor=anchor))
    return parts


def _line(track: Track, scale: ChartScale) -> list[str]:
    """The values as a line, broken where nothing is known; one by itself is a dot."""
    runs: list[list[str]] = [[]]
    for at, level in zip(track.ts, track.values, strict=True):
        if math.isfinite(level):
            runs[-1].append(f"{scale.x(at):.1f},{scale.y(max(level, 0.0)):.1f}")
        elif runs[-1]:
            runs.append([])
    return [
        f"<polyline points='{' '.join(run * 2 if len(run) == 1 else run)}' fill='none' "
        f"stroke='{ACCENT}' stroke-width='2' stroke-linejoin='round' stroke-linecap='round'/>"
        for run in runs
        if run
    ]
