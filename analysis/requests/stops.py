"""Whom an odd span speaks against: its own service, or the one at the other end of the call.

A call that is no longer answered is the callee's fault. One that fails speaks against both ends
where the callee leaves no spans of its own. A request that ends early shows where it stopped, not
why: the caller may have failed itself, or may have got an answer with which it could not go on.
When several services stop after calls to the same one, chance is out and what they have in common
is its answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .far_ends import far_ends
from .span_events import FAILS, NOBODY
from .span_patterns import Oddity
from .span_table import SpanTable

SHARED = 0.5
"""What either end of a call takes where the spans do not tell which it is."""
EXPLAINED = 0.3
"""What is left of a caller's weight where its stop is explained by what it called."""


@dataclass(frozen=True, slots=True)
class Blame:
    """An oddity, and the service that it speaks against."""

    service: str
    weight: float
    """0..1."""
    oddity: Oddity
    callers: tuple[str, ...] = ()
    """Services that newly stop after calling this one, or get no answer from it."""
    callee: str = ""
    """Who may be to blame instead, where the spans do not tell."""


def blamed(table: SpanTable, oddities: Sequence[Oddity]) -> list[Blame]:
    """Whom the oddities speak against, the clearest first."""
    far = far_ends(table)
    stops = _stops(far, oddities)
    explained = {o.service for group in stops.values() if len(group) > 1 for o in group}
    mute = {(odd.op, odd.under) for odd in oddities if odd.event == NOBODY and odd.new}
    found = []
    for odd in oddities:
        own = odd.weight * (EXPLAINED if odd.service in explained else 1.0)
        found += _ends(table, far, odd, own, (odd.op, odd.under) in mute)
    for callee, group in stops.items():
        weight = group[0].weight * (1.0 if len(group) > 1 else SHARED)
        found.append(Blame(callee, weight, group[0], tuple(odd.service for odd in group)))
    kept = [blame for blame in found if blame.weight > 0]
    return sorted(kept, key=lambda b: (-b.weight, b.service, b.oddity.operation, b.oddity.event))


def _ends(
    table: SpanTable, far: dict[int, str], odd: Oddity, own: float, mute: bool
) -> Iterator[Blame]:
    """Of a call whose other end is known; `mute`: it newly gets no answer. `own`: the caller's."""
    op, callee = table.ops[odd.op], far.get(odd.op, "")
    lost = not odd.new and odd.call >= 0 and table.ops[odd.call].service == callee
    if op.kind != "client" or not callee:
        yield Blame(odd.service, own, odd)
    elif mute or lost:
        yield Blame(callee, odd.weight, odd, (odd.service,))
    elif odd.event == FAILS and callee not in table.services:
        yield Blame(callee, SHARED * odd.weight, odd, (odd.service,))
        yield Blame(odd.service, SHARED * own, odd, callee=callee)
    else:
        yield Blame(odd.service, own, odd)


def _stops(far: dict[int, str], oddities: Sequence[Oddity]) -> dict[str, list[Oddity]]:
    """Called service -> the clearest oddity of each service that newly stops after it.

    To stop means to leave something out that came after; a call that is new itself ends nothing.
    """
    shorter = {(odd.op, odd.under) for odd in oddities if not odd.new and not odd.stops}
    fresh = {(odd.op, odd.under, odd.call) for odd in oddities if odd.new and not odd.stops}
    clearest: dict[tuple[str, str], Oddity] = {}
    for odd in sorted(oddities, key=lambda o: (-o.weight, o.service, o.operation, o.event)):
        callee = far.get(odd.call, "") if odd.new and odd.stops and odd.weight > 0 else ""
        stopped = (odd.op, odd.under) in shorter and (odd.op, odd.under, odd.call) not in fresh
        if callee and callee != odd.service and stopped:
            clearest.setdefault((callee, odd.service), odd)
    found: dict[str, list[Oddity]] = {}
    for (callee, _), odd in clearest.items():
        found.setdefault(callee, []).append(odd)
    return found
