"""Caches that help less than before: every miss is work for somebody else."""

from ...incident.finding import Finding
from ..causes.observations import cite
from .observations import LoadObservations

FALL, ENOUGH = 0.1, 1.0
"""Fall of the hit share, and lookups per second, from which it matters."""


def findings(observations: LoadObservations) -> list[Finding]:
    """One finding a cache whose hit share fell."""
    names = ("service", "cache", "hit_share", "hit_share_before", "misses_per_s")
    return [
        Finding(
            statement=f"{row['service']} {row['cache']}: {row['hit_share']:.0%} of the lookups "
            f"hit, {row['hit_share_before']:.0%} before",
            service=row["service"],
            kind="cache",
            quotes=cite(observations.caches, row, *names),
        )
        for row in observations.caches.rows
        if row["hit_share"] is not None
        and row["hit_share_before"] is not None
        and row["hit_share_before"] - row["hit_share"] >= FALL
        and row["lookups_per_s"] >= ENOUGH
    ]
