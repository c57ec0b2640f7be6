"""Everything that was changed within days: the culprit of today may be of last week."""

from ..telemetry.model import Window
from .base import MAX_ROWS, Bench, Effect, Table, tool
from .changes import ChangeRecord, change_row
from .reading import attempt, table

WEEK_S = 7 * 86_400.0
DIFF = 6000
"""Characters of a diff that are kept: enough for what one commit does."""


@tool(Effect.read)
def change_history(bench: Bench, lookback_s: float = WEEK_S) -> Table[ChangeRecord]:
    """Every change of the last days up to the end of the incident, newest first, with its diff.

    `seconds_before` counts to the begin of the incident window, negative inside it.
    """
    begin = bench.frame.incident.start
    window = Window(begin - lookback_s, bench.frame.incident.end)
    found = attempt(lambda: bench.telemetry.changes(window))
    rows = [change_row(change, begin, DIFF) for change in reversed(found)][:MAX_ROWS]
    kinds = {kind: sum(row.kind == kind for row in rows) for kind in ("commit", "deploy")}
    summary = f"{len(found)} changes: {kinds['commit']} commits, {kinds['deploy']} deploys"
    return table(rows, summary, f"nothing changed in the {lookback_s:.0f} s before", window)
