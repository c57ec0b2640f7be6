"""Everything that was changed within days: the culprit of today may be of last week."""

from ..telemetry.model import Change, Window
from .base import MAX_ROWS, Bench, Effect, Row, Table, tool
from .reading import attempt, cut, number, table

WEEK_S = 7 * 86_400.0
DIFF = 6000
"""Characters of a diff that are kept: enough for what one commit does."""


@tool(Effect.read)
def change_history(bench: Bench, lookback_s: float = WEEK_S) -> Table:
    """Every change of the last days up to the end of the incident, newest first, with its diff.

    `seconds_before` counts to the begin of the incident window, negative inside it.
    """
    begin = bench.frame.incident.start
    window = Window(begin - lookback_s, bench.frame.incident.end)
    found = attempt(lambda: bench.telemetry.changes(window))
    rows = [_row(change, begin) for change in reversed(found)][:MAX_ROWS]
    kinds = {kind: sum(row["kind"] == kind for row in rows) for kind in ("commit", "deploy")}
    summary = f"{len(found)} changes: {kinds['commit']} commits, {kinds['deploy']} deploys"
    return table(rows, summary, f"nothing changed in the {lookback_s:.0f} s before", window)


def _row(change: Change, begin: float) -> Row:
    return {
        "at": number(change.at),
        "seconds_before": round(begin - change.at, 1) + 0.0,
        "kind": change.kind,
        "service": change.service,
        "id": change.id,
        "version": change.version,
        "previous": change.previous,
        "author": change.author,
        "summary": cut(change.summary, 300),
        "files": ", ".join(change.files[:20]),
        "diff": cut(change.diff, DIFF),
    }
