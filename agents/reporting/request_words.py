"""What requests do otherwise than before, in one line."""

from ...tools.paths import ChangedPath
from ...tools.waits import AddedWait

ENDS = "ends with "
"""How changed_paths begins an event that says which call came last."""


def way_words(row: ChangedPath) -> str:
    """What an operation does otherwise, with the shares of its spans."""
    shares = f"{row.share or 0:.0%} of its spans, {row.share_before or 0:.0%} before"
    if row.callers:
        if row.event.startswith(ENDS):
            return f"{row.callers} stop after {row.event.removeprefix(ENDS)} ({shares})"
        who = f"{row.callers}: {row.operation}"
        return f"{who} gets no answer from {row.service} ({shares})"
    changed = {"new": "newly", "gone": "no longer", "more": "more often", "less": "less often"}
    return f"{row.service}: {row.operation} {changed[row.change]} {row.event} ({shares})"


def wait_words(row: AddedWait) -> str:
    """Where time is added, and how far beyond the usual."""
    return (
        f"{row.place} takes {row.added_ms:.3g} ms longer, "
        f"{row.times_noise:.3g} times the usual spread"
    )
