"""One piece of evidence on a shelf, and the way to its payload."""

from collections.abc import Callable
from typing import Any

from warroom.incident.evidence import Evidence, EvidenceStatus, digest
from warroom.incident.timeline import utc_now

PAYLOAD = {"rows": [{"service": "checkout", "error_rate": 0.2341, "note": None, "ok": True}]}


def shelf(payload: Any = PAYLOAD) -> tuple[dict[str, Evidence], Callable[[str], Any]]:
    """One piece of evidence, E1, and the way to its payload."""
    record = Evidence(
        id="E1",
        tool="compare_signals",
        query={},
        collected_at=utc_now(),
        collected_by="observability",
        status=EvidenceStatus.ok,
        digest=digest(payload),
    )
    return {"E1": record}, {digest(payload): payload}.__getitem__
