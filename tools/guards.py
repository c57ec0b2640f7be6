"""What those on guard wrote down: connections at firewalls, calls in audit trails."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..analysis.rates import rate_change
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, durations, number, seconds, table

CATEGORY, OUTCOME = "event.category", "event.outcome"
NETWORK, AUDIT, AUTHENTICATION, FAILURE = "network", "audit", "authentication", "failure"
MOST_NAMED = 5
Key = tuple[str, str, str]
Told = Counter[tuple[bool, str]]
"""How many were refused (True) or not, by what was asked for."""


@dataclass(frozen=True, slots=True)
class Guarded(Row):
    """At firewalls what one address asked for, all of it; in an audit trail one kind of call of one
    user. `kinds`: how many different ports, or objects, of those refused if any was. `score`:
    -log10 of the probability that so many more refusals come by chance."""

    guard: str  # network, audit
    who: str
    what: str
    refused: int
    refused_before: int
    passed: int
    passed_before: int
    kinds: int
    score: float


def guarded(bench: Bench) -> bool:
    """Whether anybody on guard writes here."""
    telemetry, whole = bench.telemetry, bench.frame.whole

    def found() -> bool:
        return any(_key(log.attributes) for log in telemetry.logs(whole, having=[CATEGORY]))

    return telemetry.remember(("guarded", whole), found)


@tool(Effect.read, examples=("logs",))
def guard_logs(bench: Bench) -> Table[Guarded]:
    """What firewalls refused, by address, and what audit trails hold of calls, by user and kind of
    call, against the baseline: refusals beyond chance first, then calls that are new."""
    frame, found = bench.frame, defaultdict[Key, tuple[Told, Told]](lambda: (Counter(), Counter()))
    for side, window in enumerate((frame.baseline, frame.incident)):
        for log in bench.telemetry.logs(window, having=[CATEGORY]):
            if key := _key(log.attributes):
                refused = log.attributes.get(OUTCOME) == FAILURE
                found[key][side][refused, _object(log.attributes)] += 1
    rows = [_row(bench, key, *sides) for key, sides in found.items() if sides[1]]
    rows.sort(key=lambda row: (-row.score, row.passed_before, -row.refused, row.who, row.what))
    refused = sum(row.refused for row in rows)
    summary = f"{refused} of {sum(r.passed for r in rows) + refused} refused by those on guard"
    nothing = f"nobody on guard wrote anything in {seconds(frame.incident)}"
    return table(rows, summary, nothing, frame.incident)


def _key(facts: Mapping[str, Any]) -> Key | None:
    """Whose row an event is of; None for what is none of a guard's."""
    guard, source = facts.get(CATEGORY), str(facts.get("client.address") or "")
    if guard == NETWORK and source:
        return NETWORK, source, ""
    if guard != AUDIT or not facts.get("event.action"):
        return None
    call = f"{facts['event.action']} {facts.get('event.object') or ''}"
    return AUDIT, str(facts.get("user.name") or source), call.strip()


def _object(facts: Mapping[str, Any]) -> str:
    """What an event is about: address and port, a path, or what the call names."""
    parts = ["event.object.name"] if facts[CATEGORY] == AUDIT else ["server.address", "server.port"]
    named = ":".join(str(facts[part]) for part in parts if facts.get(part))
    return named or str(facts.get("url.path") or "")


def _row(bench: Bench, key: Key, before: Told, now: Told) -> Guarded:
    guard, who, what = key
    usual, refused = (Counter({o: n for (bad, o), n in t.items() if bad}) for t in (before, now))
    change = rate_change(usual.total(), refused.total(), *durations(bench))
    asked = refused or Counter(object for _, object in now)
    named = ", ".join(object for object, _ in asked.most_common(MOST_NAMED))
    passed, passed_before = (sum(told.values()) for told in (now, before))
    passed, passed_before = passed - refused.total(), passed_before - usual.total()
    score = number(-change.log10_p if change.direction > 0 else 0.0, 3) or 0.0
    counts = refused.total(), usual.total(), passed, passed_before, len(asked), score
    return Guarded(guard, cut(who, 200), cut(what or named, 200), *counts)
