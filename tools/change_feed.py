"""What was changed: just before it began, and within days: today's culprit may be of last week."""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import unified_diff

from ..telemetry.model import Change, Window
from .base import MAX_ROWS, Bench, Effect, Row, Table, tool
from .reading import cut, number, table
from .state import RESTART_S, STATE_KINDS, StateChange, allows_more, changed

DIFF = 2000
"""Characters of a diff that are kept."""
AFTER_S = 5.0
"""Clocks of sources differ a little: a change this much later may still have come first."""
WEEK_S = 7 * 86_400.0
LONG_DIFF = 6000
"""Characters of a diff that are kept: enough for what one commit does."""


@dataclass(frozen=True, slots=True)
class ChangeRecord(Row):
    """One change; `at` in unix seconds."""

    at: float
    seconds_before: float
    kind: str
    service: str
    id: str
    version: str
    previous: str
    author: str
    summary: str
    files: str  # joined by ", "
    diff: str

    @property
    def eases(self) -> bool:
        """Whether it is a change of state that only allows more than before: no reason to fail."""
        known = self.kind in STATE_KINDS
        return known and allows_more(self.kind, self.files, self.previous, self.version)


@tool(Effect.read)
def recent_changes(bench: Bench, lookback_s: float = 3600.0) -> Table[ChangeRecord]:
    """Deploys, commits, flags, configuration, scaling and restarts before the onset.

    `seconds_before` is positive for a change before the onset (where that is not known, before the
    alert); the nearest comes first. Changes inside the incident window are listed too, with
    negative seconds.
    """
    begin, told = bench.frame.began, _begin(bench)
    window = Window(begin - lookback_s, max(begin + AFTER_S, bench.frame.incident.end))
    found = changes_within(bench, window)
    rows = [listed(change, begin, DIFF) for change in found]
    late = -max(AFTER_S, bench.frame.unsure_s)
    rows.sort(key=lambda row: (row.seconds_before < late, abs(row.seconds_before)))
    before = sum(row.seconds_before >= late for row in rows)
    summary = f"{before} changes in the {lookback_s:.0f} s before {told}"
    if before:
        first = rows[0]
        summary += f"; nearest: {first.kind} {first.service or first.id}"
        seconds = first.seconds_before
        summary += f" {abs(seconds):.0f} s {'before' if seconds >= 0 else 'after'}"
    return table(rows, summary, f"nothing changed in the {lookback_s:.0f} s before", window)


@tool(Effect.read)
def change_history(bench: Bench) -> Table[ChangeRecord]:
    """Every change of the last days up to the end of the incident, newest first, with its diff.

    `seconds_before` counts to the onset (where that is not known, to the alert), negative after it.
    """
    begin = bench.frame.began
    window = Window(begin - WEEK_S, bench.frame.incident.end)
    found = changes_within(bench, window)
    rows = [listed(change, begin, LONG_DIFF) for change in reversed(found)][:MAX_ROWS]
    kinds = {kind: sum(row.kind == kind for row in rows) for kind in ("commit", "deploy")}
    summary = f"{len(found)} changes: {kinds['commit']} commits, {kinds['deploy']} deploys"
    return table(rows, summary, f"nothing changed in the {WEEK_S:.0f} s before", window)


def _begin(bench: Bench) -> str:
    """What changes are told relative to."""
    return "the alert; the onset is not known" if bench.frame.onset is None else "the onset"


def by_weight(
    row: ChangeRecord, services: Collection[str], unsure_s: float = 0.0
) -> tuple[bool, bool, bool, bool, float]:
    """Sorts changes, those that may matter first: before the onset, delivered rather than only
    committed, of these services or of none that is named, near to the onset.

    unsure_s: how much later the onset may have been.
    """
    after = row.seconds_before < -max(AFTER_S, unsure_s)
    elsewhere = bool(services) and row.service not in ("", *services)
    near = row.seconds_before < 0, abs(row.seconds_before)
    return after, row.kind == "commit", elsewhere, *near


def changes_within(bench: Bench, window: Window) -> list[Change]:
    """What was written down as a change, and what state tells of others; oldest first."""
    told = bench.telemetry.changes(window)
    restarts = [(change.service, change.at) for change in told if change.kind == "restart"]
    others = [
        as_change(row)
        for row in changed(bench)
        if window.start <= row.at < window.end
        and not (row.kind == "restart" and _known(restarts, row))
    ]
    return sorted([*told, *others], key=lambda change: change.at) if others else told


def _known(restarts: list[tuple[str, float]], row: StateChange) -> bool:
    return any(service == row.service and abs(at - row.at) < RESTART_S for service, at in restarts)


def as_change(row: StateChange) -> Change:
    """A change of state as a change, with its id."""
    old, new = row.previous.splitlines(), row.value.splitlines()
    diff = "\n".join(unified_diff(old, new, lineterm="")) if len(old) + len(new) > 2 else ""
    return Change(
        at=row.at,
        kind=row.kind,
        service=row.service,
        id=row.id,
        version=cut(row.value, 200),
        previous=cut(row.previous, 200),
        summary=row.summary,
        files=(row.object,),
        diff=diff,
    )


def listed(change: Change, begin: float, longest: int) -> ChangeRecord:
    """A change before `begin` (unix seconds), with at most so many characters of its diff."""
    return ChangeRecord(
        at=number(change.at) or 0.0,
        seconds_before=round(begin - change.at, 1) + 0.0,
        kind=change.kind,
        service=change.service,
        id=change.id,
        version=change.version,
        previous=change.previous,
        author=change.author,
        summary=cut(change.summary, 300),
        files=", ".join(change.files[:20]),
        diff=cut(change.diff, longest),
    )
