"""What requests and metrics of any name do otherwise than before, as findings."""

from ...analysis.fusion import CONCLUSIVE
from ...incident.finding import Finding
from ...incident.timeline import from_ts
from ...tools.paths import ChangedPath
from ..causes.observations import Observations, cite
from ..reporting.wording import wait_words, way_words

LIKELY = 0.1
"""Probability from which a service's metric is worth a finding."""
MOST = 3
"""Findings of a kind: the rest stays in the evidence."""


def other_ways(observations: Observations, least: float) -> list[Finding]:
    """Requests that take another way, the clearest of each service."""
    rows: dict[str, ChangedPath] = {}
    for row in observations.paths.rows:
        if (row["weight"] or 0) >= least:
            rows.setdefault(row["service"], row)
    return [
        Finding(
            statement=way_words(row),
            service=row["service"],
            kind="path",
            at=from_ts(row["first"]) if row["first"] else None,
            quotes=cite(observations.paths, row, "service", "event", "share", "share_before"),
        )
        for row in list(rows.values())[:MOST]
    ]


def slower(observations: Observations, least: float) -> list[Finding]:
    """Services that add time to requests."""
    rows = [row for row in observations.waits.rows if (row["strength"] or 0) >= least]
    return [
        Finding(
            statement=wait_words(row),
            service=row["service"],
            kind="wait",
            at=from_ts(row["first"]) if row["first"] else None,
            quotes=cite(observations.waits, row, "service", "place", "added_ms", "times_noise"),
        )
        for row in rows[:MOST]
    ]


def moved(observations: Observations) -> list[Finding]:
    """Metrics of any other name by which somebody is more likely ill than nobody."""
    rows = [row for row in observations.measured.rows if not row["signal"]]
    if sum(row["probability"] or 0 for row in rows) < CONCLUSIVE:
        return []
    shown = [row for row in rows if (row["probability"] or 0) >= LIKELY and row["now"] is not None]
    return [
        Finding(
            statement=f"{row['service']} {row['metric']} went from {row['before'] or 0:.3g} to "
            f"{row['now']:.3g}",
            service=row["service"],
            kind=f"anomaly:{row['metric']}",
            quotes=cite(observations.measured, row, "service", "metric", "before", "now"),
        )
        for row in shown[:MOST]
    ]
