"""What speaks against a change that fits: it was taken back, or works elsewhere."""

from ...analysis.code.change_scores import span
from .candidate import Candidate
from .observations import Observations, cite
from .studies import Scene, Studied


def counter_evidence(
    observations: Observations, now: Scene, studied: Studied, candidate: Candidate
) -> None:
    """Both reasons, where there are any."""
    undone = _undone(now, studied)
    if undone:
        before = span(max(0.0, now.onset - undone.row["at"]))
        text = f"change {undone.id[:10]} took it back {before} before it began"
        candidate.doubted(
            3.0, 1.0, text, cite(observations.history, undone.row, "id", "seconds_before")
        )
    calm, share = _calm(now, studied)
    text = f"it runs at {', '.join(calm[:3])} as well, where nothing is unusual"
    candidate.doubted(1.0, share, text, cite(observations.history, studied.row, "id"))


def _undone(now: Scene, studied: Studied) -> Studied | None:
    """A change that put every line back, and arrived before it began."""
    mine = studied.work.edit
    for other in now.changes.values():
        edit = other.work.edit
        back = (set(edit.added), set(edit.removed)) == (set(mine.removed), set(mine.added))
        arrived = any(row["at"] < now.onset for row in other.deploys)
        if back and arrived and other.row["at"] > studied.row["at"]:
            return other
    return None


def _calm(now: Scene, studied: Studied) -> tuple[list[str], float]:
    """Services that got the same and show nothing, and their share of all that got it."""
    got = {row["service"] for row in studied.deploys if row["service"] and row["at"] < now.onset}
    calm = sorted(name for name in got if not now.affected.get(name))
    return calm, len(calm) / len(got) if calm and len(calm) < len(got) else 0.0
