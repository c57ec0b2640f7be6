"""Who is on call over some days: a lane for each schedule, a box for each shift."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ...oncall.shifts import Shift
from .svg import ACCENT, GRID, INK, QUIET, SHADE, box, rule, text, wrapped

WIDTH, LEFT, TOP, LANE, LETTER, DAY_NAME = 900, 120, 32, 44, 7, 50


def week_chart(lanes: Mapping[str, Sequence[Shift]], start: datetime, end: datetime) -> str:
    """The picture, days in UTC; what has no room for its name stands in the table."""
    height = TOP + LANE * len(lanes)
    parts = list[str]()
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        x = max(_x(day, start, end), LEFT)
        parts.append(rule(x, TOP - 6, x, height, GRID))
        day, label = day + timedelta(days=1), f"{day:%a %d}"
        room = min(_x(day, start, end), WIDTH) - x
        parts.append(text(x + 4, 18, label if room >= DAY_NAME else "", fill=QUIET))
    for number, (name, shifts) in enumerate(lanes.items()):
        y = TOP + number * LANE
        parts.append(text(LEFT - 12, y + 22, name[:16], anchor="end"))
        for shift in shifts:
            parts += _shift(shift, y, start, end)
    return wrapped(WIDTH, height, "Who is on call in the next seven days", parts)


def _x(at: datetime, start: datetime, end: datetime) -> float:
    return LEFT + (at - start) / (end - start) * (WIDTH - LEFT - 4)


def _shift(shift: Shift, y: float, start: datetime, end: datetime) -> list[str]:
    """A gap is an empty box; who is on now has the accent's frame."""
    x, until = _x(shift.start, start, end), _x(shift.end, start, end)
    words, fill = ", ".join(shift.people) or "nobody", SHADE if shift.people else "none"
    frame = ACCENT if shift.start == start and shift.people else QUIET
    dashes = "none" if shift.people else "4 3"
    more = {"stroke": frame, "stroke_dasharray": dashes, "rx": "3"}
    found = [box(x + 1, y + 4, until - x - 2, LANE - 14, fill, **more)]
    fits = int(until - x - 12) // LETTER
    shown = words if len(words) <= fits else f"{words[: fits - 1]}…"
    return [*found, text(x + 8, y + 23, shown, fill=INK)] if fits >= min(len(words), 3) else found
