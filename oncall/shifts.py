"""What a schedule comes to: its shifts in a time, one after the other, gaps among them.

Layers, calendars and overrides each make claims; at any moment those of the highest rank count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .schedule import Layer, Note, Override, Schedule, moment, stretches

OVER_ALL = 1000
"""Rank of the oldest override; a newer one stands above it."""
WEEK = timedelta(weeks=1)
SOON = timedelta(seconds=1)


@dataclass(frozen=True)
class Spell:
    """Somebody's claim on a time, UTC."""

    start: datetime
    end: datetime
    people: tuple[str, ...]
    rank: int = 0
    because: str = ""
    place: int = 0  # of its layer: whoever is on together stands in their order


Feeds = Mapping[str, Sequence[Spell]]
"""What calendars say, by their address."""


@dataclass(frozen=True)
class Shift:
    """Who is on, UTC; nobody where it is a gap."""

    start: datetime
    end: datetime
    people: tuple[str, ...]
    because: str  # layer, calendar or override; empty in a gap
    together: bool = False  # several claims of one rank: an overlap, wanted or not
    notes: tuple[str, ...] = ()  # what they left to who comes next


def shifts(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    overrides: Sequence[Override] = (),
    feeds: Feeds | None = None,
    notes: Sequence[Note] = (),
) -> list[Shift]:
    """The time from start to end without a hole: each shift begins where the one before ends.

    overrides: of this schedule, oldest first.
    """
    claims = sorted(_claims(schedule, start, end, overrides, feeds or {}), key=lambda s: s.start)
    edges = {edge for claim in claims for edge in (claim.start, claim.end) if start < edge < end}
    found, active, next_ = list[Shift](), list[Spell](), 0
    for begin, finish in pairwise(sorted({start, end, *edges})):
        active = [spell for spell in active if spell.end > begin]
        while next_ < len(claims) and claims[next_].start <= begin:
            active += [claims[next_]] if claims[next_].end > begin else []
            next_ += 1
        shift = _shift(begin, finish, active)
        if found and replace(found[-1], start=begin, end=finish) == shift:
            found[-1] = replace(found[-1], end=finish)
        else:
            found.append(shift)
    return [_noted(shift, notes) for shift in found]


def on_call(
    schedule: Schedule,
    at: datetime,
    overrides: Sequence[Override] = (),
    feeds: Feeds | None = None,
) -> tuple[str, ...]:
    """Who is on at a moment; nobody in a gap."""
    return shifts(schedule, at, at + SOON, overrides, feeds)[0].people


def remarks(found: Sequence[Shift]) -> list[str]:
    """Gaps and overlaps in words."""
    said = []
    for shift in found:
        when = f"from {shift.start:%a %Y-%m-%d %H:%M} to {shift.end:%a %Y-%m-%d %H:%M} UTC"
        if not shift.people:
            said.append(f"nobody is on {when}")
        elif shift.together:
            said.append(f"{' and '.join(shift.people)} are on together {when} ({shift.because})")
    return said


def _shift(begin: datetime, finish: datetime, active: Sequence[Spell]) -> Shift:
    top = max((spell.rank for spell in active), default=0)
    on = sorted((spell for spell in active if spell.rank == top), key=lambda spell: spell.place)
    people = tuple(dict.fromkeys(person for spell in on for person in spell.people))
    because = " and ".join(dict.fromkeys(spell.because for spell in on))
    return Shift(begin, finish, people, because, len(on) > 1)


def _noted(shift: Shift, notes: Sequence[Note]) -> Shift:
    left = (f"{n.by}: {n.text}" for n in notes if shift.start <= n.at < shift.end)
    return replace(shift, notes=tuple(left))


def _claims(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override], feeds: Feeds
) -> Iterator[Spell]:
    for number, layer in enumerate(schedule.all_layers, 1):
        name = layer.name or ("calendar" if layer.ics else f"layer {number}")
        spells = feeds.get(layer.ics, ()) if layer.ics else _turns(layer, schedule.zone, start, end)
        for spell in _within(spells, layer, schedule.zone, start, end):
            yield replace(spell, rank=layer.priority, because=name, place=number)
    for number, one in enumerate(overrides):
        begin, finish = one.start.astimezone(UTC), one.end.astimezone(UTC)
        if begin < end and start < finish:
            yield Spell(begin, finish, one.people, OVER_ALL + number, one.reason or "override")


def _turns(layer: Layer, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Spell]:
    """The turns that touch the time; a turn that daylight saving leaves nothing of is none."""
    assert layer.start is not None
    first, step, people = layer.start, layer.turn, layer.participants
    number = (start.astimezone(zone).replace(tzinfo=None) - first) // step
    number = max(0, number - 1 - timedelta(days=2) // step)  # clocks jump by a day at most
    begin, over = moment(first + number * step, zone), layer.end and moment(layer.end, zone)
    until = min(end, over) if over else end
    while begin < until:
        finish = moment(first + (number + 1) * step, zone)
        group = people[number % len(people)]
        if group and start < finish and begin < finish:
            yield Spell(begin, min(finish, over) if over else finish, group)
        begin, number = finish, number + 1


def _within(
    spells: Sequence[Spell] | Iterator[Spell],
    layer: Layer,
    zone: ZoneInfo,
    start: datetime,
    end: datetime,
) -> Iterator[Spell]:
    """What of the spells lies in the layer's hours."""
    if not layer.hours:
        yield from (spell for spell in spells if spell.start < end and start < spell.end)
        return
    open_ = list(open_hours(layer.hours, zone, start, end))
    for spell in spells:
        for begin, finish in open_:
            part = replace(spell, start=max(begin, spell.start), end=min(finish, spell.end))
            if part.start < part.end:
                yield part


def open_hours(
    hours: Sequence[str], zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """When these hours are, merged where they touch."""
    local = start.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    monday, found = local - timedelta(days=local.weekday()) - WEEK, []
    while moment(monday, zone) < end:
        for begin, lasts in (each for text in hours for each in stretches(text)):
            wall = monday + timedelta(minutes=begin)
            times = moment(wall, zone), moment(wall + timedelta(minutes=lasts), zone)
            found += [times] if times[0] < end and start < times[1] else []
        monday += WEEK
    last: tuple[datetime, datetime] | None = None
    for begin, finish in sorted(found):
        if last and begin <= last[1]:
            last = last[0], max(last[1], finish)
            continue
        if last:
            yield last
        last = begin, finish
    if last:
        yield last
