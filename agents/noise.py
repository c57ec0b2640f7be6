"""Does anything in telemetry back the alert? What does, as findings; nothing means noise."""

from ..incident.finding import Finding
from ..tools.base import Result
from .clues import Clues, cite, first

CLEAR = 6.0
"""Anomaly score from which a signal alone counts as something wrong."""
ERRORS = ("error", "critical")


def backed(clues: Clues, health: Result, traffic: Result, objectives: Result) -> list[Finding]:
    """Findings that back the alert, strongest first; an empty list means noise."""
    return [
        *_signals(clues),
        *_failing(traffic),
        *_patterns(clues),
        *_attacks(clues),
    ]


def _signals(clues: Clues) -> list[Finding]:
    rows = [r for r in clues.signals.rows if r["worse"] and (r["score"] or 0) >= CLEAR]
    return [
        Finding(
            statement=f"{row['service']} {row['signal']} is {row['current']:.3g}, "
            f"healthy {row['baseline']:.3g}"
            if row["current"] is not None and row["baseline"] is not None
            else f"{row['service']} {row['signal']} {row['note'] or 'changed'}",
            service=row["service"],
            kind=f"anomaly:{row['signal']}",
            quotes=cite(clues.signals, row, "service", "current", "baseline", "score"),
        )
        for row in rows[:5]
    ]


def _failing(traffic: Result) -> list[Finding]:
    total = first(traffic, route="*")
    if not total or (total["share"] or 0) < 0.02 + 2 * (total["share_before"] or 0):
        return []
    before = total["share_before"] or 0.0
    text = f"{total['share']:.1%} of requests at the edge fail, {before:.1%} before"
    quotes = cite(traffic, total, "share", "share_before")
    return [Finding(statement=text, kind="impact", quotes=quotes)]


def _patterns(clues: Clues) -> list[Finding]:
    rows = [
        row
        for row in clues.patterns.rows
        if row["kind"] in ("new", "surging") and row["level"] in ERRORS and (row["score"] or 0) >= 2
    ]
    return [
        Finding(
            statement=f"{row['service']} logs {row['kind']} errors: {row['sample'][:120]}",
            service=row["service"],
            kind="log",
            quotes=cite(clues.patterns, row, "service", "after", "sample"),
        )
        for row in rows[:3]
    ]


def _attacks(clues: Clues) -> list[Finding]:
    rows = [r for r in clues.logins.rows if r["kind"] in ("concentrated", "distributed")]
    return [
        Finding(
            statement=f"{row['failures']} failed logins from {row['value']}",
            kind="auth",
            quotes=cite(clues.logins, row, "value", "failures"),
        )
        for row in rows[:3]
    ]
