"""Keeps hypotheses apart and together: one id per service and kind, newest score wins."""

from .finding import Hypothesis


def numbered(known: list[Hypothesis], new: list[Hypothesis]) -> list[Hypothesis]:
    """The new hypotheses with their ids: the known one for the same service and kind, else the
    next free one."""
    ids = {(h.service, h.kind): h.id for h in known}
    for hypothesis in new:
        ids.setdefault((hypothesis.service, hypothesis.kind), f"H{len(ids) + 1}")
    return [h.model_copy(update={"id": ids[(h.service, h.kind)]}) for h in new]


def merged(known: list[Hypothesis], new: list[Hypothesis]) -> list[Hypothesis]:
    """The new ones, and the known ones that they no longer list, ruled out; best first."""
    if not new:
        return known
    listed = {(h.service, h.kind) for h in new}
    dropped = [h for h in known if (h.service, h.kind) not in listed]
    stale = [
        h.model_copy(
            update={
                "confidence": 0.0,
                "ruled_out": h.ruled_out or "no longer backed by the newer evidence",
            }
        )
        for h in dropped
    ]
    return sorted(numbered(known, new) + stale, key=lambda h: (bool(h.ruled_out), -h.confidence))
