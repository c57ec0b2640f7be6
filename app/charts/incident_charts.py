"""The pictures of an incident: its guilty signals and its course."""

from collections.abc import Iterable
from datetime import datetime

from ...agents.reporting.incident_status import ended
from ...agents.runtime.context import ResponseContext
from ...incident.document import Incident
from ...incident.private import file_name
from ...incident.timeline import EventKind
from ...prompts.values import data
from ..words import clock
from .signal import ChartMark, signal_chart, told
from .svg import ACCENT, GRID, INK, QUIET, SHADE, box, document, rule, text, time_step
from .tracks import SIGNALS, Track, story, tracks_json


def charts(context: ResponseContext, incident: Incident) -> dict[str, str]:
    """SVG by file name."""
    found = story(context, incident)
    until, marks = incident.began.at.timestamp(), marks_of(incident)
    drawn = {chart_file(track): signal_chart(track, marks, until) for track in found}
    kept = {SIGNALS: tracks_json(found)} if found else {}
    return {**drawn, **kept, "timeline.svg": timeline_chart(incident)}


def chart_file(track: Track) -> str:
    """What the picture of a signal is called."""
    return f"{file_name(f'{track.service}-{track.signal}')}.svg"


def with_pictures(markdown: str, tracks: Iterable[Track], incident: Incident) -> str:
    """A document with the charts of these behind its summary, each with its words."""
    first = markdown.find("\n## ")
    told_before = "\n\n" in markdown[:first].partition("\n\n")[2]
    marks, place = marks_of(incident), first if told_before else markdown.find("\n## ", first + 1)
    shown = [f"![{data(told(t, marks))}](charts/{chart_file(t)})\n" for t in tracks]
    shown = [one for one in shown if one not in markdown]
    place = place if place >= 0 else len(markdown)
    return markdown[:place] + "".join(f"\n{one}" for one in shown) + markdown[place:]


def marks_of(incident: Incident) -> list[ChartMark]:
    """What is labelled on every plot: the last change before the onset, that, each action, and
    when it was over."""
    begun = incident.began.at
    marks = [ChartMark(begun.timestamp(), "onset")]
    changes = [e for e in incident.timeline if e.kind is EventKind.change and e.at <= begun]
    if last := max(changes, key=lambda event: event.at, default=None):
        marks.append(ChartMark(last.at.timestamp(), f"◆ {last.text.partition(':')[0]}"))
    for execution in incident.executions:
        at = (execution.ended_at or execution.started_at).timestamp()
        marks.append(ChartMark(at, execution.title.partition(" (")[0]))
    if over := ended(incident):
        marks.append(ChartMark(over.timestamp(), "over"))
    return sorted(marks, key=lambda mark: mark.at)


WIDTH, LEFT, RIGHT, TOP, LANE = 900, 110, 24, 62, 34
LETTER = 6  # pixels that a letter of size 11 takes
Bar = tuple[datetime, datetime, str]


def timeline_chart(incident: Incident) -> str:
    """The picture; times on the axis count from the first thing that is drawn."""
    lanes = _lanes(incident)
    times = [moment for bars in lanes.values() for bar in bars for moment in bar[:2]]
    start, end = min(times), max(times)
    span = max((end - start).total_seconds(), 1.0)
    height = TOP + LANE * len(lanes) + 36
    title = f"{incident.id} over time"
    parts = [
        text(LEFT, 24, title, size=16, font_weight="bold"),
        text(WIDTH - RIGHT, 24, f"from {clock(start)} UTC", size=12, fill=QUIET, anchor="end"),
        *_axis(span, height),
    ]
    for number, (name, bars) in enumerate(lanes.items()):
        parts += _lane(TOP + number * LANE, name, bars, start, span)
    return document(WIDTH, height, title, parts)


def _lanes(incident: Incident) -> dict[str, list[Bar]]:
    """Bars by lane, oldest first; lanes without any are left out."""
    begin = incident.began.at
    over = ended(incident)
    last = max((event.at for event in incident.timeline), default=incident.opened_at)
    lanes = {
        "incident": [(begin, over or last, "resolved" if over else "still open")],
        "alert": _points(incident, EventKind.alert),
        "find out": _steps(incident, range(1, 8)),
        "decide": _decided(incident),
        "act": [(e.started_at, e.ended_at or e.started_at, e.title) for e in incident.executions],
        "measure": [
            (a, b, _outcome(words)) for a, b, words in _points(incident, EventKind.verification)
        ],
        "tell": [(m.sent_at, m.sent_at, "") for m in incident.communications if m.sent_at],
        "learn": _steps(incident, range(11, 14)),
    }
    return {name: bars for name, bars in lanes.items() if bars}


def _decided(incident: Incident) -> list[Bar]:
    """Decisions on plans; those on texts are told apart by what they lead to."""
    plans = {plan.hash: plan.title for plan in incident.proposals}
    found = [d for d in incident.decisions if d.subject in plans]
    return [(d.at, d.at, f"{d.verdict.value}: {plans[d.subject]}") for d in found]


def _outcome(words: str) -> str:
    """What came of it: the end of "roll back checkout: better; …"."""
    return words.partition(";")[0].rpartition(": ")[2]


def _points(incident: Incident, kind: EventKind) -> list[Bar]:
    return [(e.at, e.at, e.text) for e in incident.timeline if e.kind is kind]


def _steps(incident: Incident, numbers: range) -> list[Bar]:
    """From the first to the last line that these steps left on the timeline."""
    starts = tuple(f"step {number}:" for number in numbers)
    times = [e.at for e in incident.timeline if e.text.startswith(starts)]
    return [(min(times), max(times), "")] if times else []


def _axis(span: float, height: float) -> list[str]:
    step = time_step(span, 9)
    parts = []
    for number in range(int(span // step) + 1):
        x = _x(number * step, span)
        parts.append(rule(x, TOP - 6, x, height - 32, GRID))
        seconds = int(number * step)
        label = f"{seconds // 60}:{seconds % 60:02d}"
        parts.append(text(x, height - 16, label, size=11, fill=QUIET, anchor="middle"))
    return [*parts, text(LEFT, height - 2, "minutes and seconds", size=10, fill=QUIET)]


def _x(seconds: float, span: float) -> float:
    return LEFT + seconds / span * (WIDTH - LEFT - RIGHT)


def _lane(y: float, name: str, bars: list[Bar], start: datetime, span: float) -> list[str]:
    """Bars with their words behind them, as far as there is room before the next one."""
    parts = [text(LEFT - 12, y + 16, name, size=12, anchor="end")]
    places = [_x((begin - start).total_seconds(), span) for begin, _end, _words in bars]
    for (_begin, end, words), x1, following in zip(
        bars, places, [*places[1:], WIDTH - RIGHT], strict=True
    ):
        x2 = max(_x((end - start).total_seconds(), span), x1 + 5)
        inside = name == "incident"
        parts.append(box(x1, y + 4, x2 - x1, 16, SHADE if inside else ACCENT, rx="2"))
        where = x1 + 6 if inside else x2 + 5
        fits = int((x2 if inside else following - 6) - where) // LETTER
        label = words if len(words) <= fits else words[: fits - 1].rstrip() + "…"
        if fits >= min(len(words), 8):
            parts.append(text(where, y + 16, label, size=11, fill=INK))
    return parts
