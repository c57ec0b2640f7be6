"""Callers that stop after the same call.

A request that ends early shows where it stopped, not why: the caller may have failed itself, or
may have got an answer with which it could not go on. When several services stop after calls to the
same one, chance is out and what they have in common is its answer.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .span_patterns import Oddity
from .span_table import SpanTable

ALONE = 0.5
"""One caller that stops: the callee is as likely as the caller itself, and less is known of it."""
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
    """Services that newly stop after calling this one, where that is the reason."""


def blamed(table: SpanTable, oddities: Sequence[Oddity]) -> list[Blame]:
    """Whom the oddities speak against, the clearest first: where they begin, or what several
    services stop after."""
    stops = _stops(table, oddities)
    explained = {o.service for group in stops.values() if len(group) > 1 for o in group}
    found = [
        Blame(odd.service, odd.weight * (EXPLAINED if odd.service in explained else 1.0), odd)
        for odd in oddities
    ]
    for callee, group in stops.items():
        weight = group[0].weight * (1.0 if len(group) > 1 else ALONE)
        found.append(Blame(callee, weight, group[0], tuple(odd.service for odd in group)))
    kept = [blame for blame in found if blame.weight > 0]
    return sorted(kept, key=lambda b: (-b.weight, b.service, b.oddity.operation, b.oddity.event))


def _stops(table: SpanTable, oddities: Sequence[Oddity]) -> dict[str, list[Oddity]]:
    """Called service -> the clearest oddity of each service that newly stops after it."""
    far = _far_ends(table)
    clearest: dict[tuple[str, str], Oddity] = {}
    for odd in sorted(oddities, key=lambda o: (-o.weight, o.service, o.operation, o.event)):
        callee = far.get(odd.call, "") if odd.new and odd.stops else ""
        if callee and callee != odd.service and odd.weight > 0:
            clearest.setdefault((callee, odd.service), odd)
    found: dict[str, list[Oddity]] = {}
    for (callee, _), odd in clearest.items():
        found.setdefault(callee, []).append(odd)
    return found


def _far_ends(table: SpanTable) -> dict[int, str]:
    """Operation -> the service that it calls, or that it is at the other end of."""
    child = np.flatnonzero(table.parent >= 0)
    child = child[table.service[child] != table.service[table.parent[child]]]
    pairs = Counter(
        zip(table.op[table.parent[child]].tolist(), table.service[child].tolist(), strict=True)
    )
    ends = {number: op.peer for number, op in enumerate(table.ops) if op.peer}
    for (op, service), _ in sorted(pairs.items(), key=lambda item: item[1]):
        ends[op] = table.services[service]
    for op in set(table.op[child].tolist()):
        ends.setdefault(op, table.ops[op].service)
    return ends
