"""Instances of one service against each other: uneven load, or one of them unwell."""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.base import Row
from ..causes.observations import cite
from .observations import LoadObservations

UNEVEN = 1.5
"""Times its fair share from which an instance gets too much."""
ENOUGH = 50
"""Requests that each service must have had for its shares to mean something."""
FAILING, TIMES = 0.05, 3.0
"""Error share, and times its siblings' (errors or seconds), that make an instance the odd one."""


def findings(observations: LoadObservations) -> Iterator[Finding]:
    """Uneven shares and odd instances."""
    for service in dict.fromkeys(row["service"] for row in observations.instances.rows):
        # One that joined during the incident has had less time, not less load.
        rows = [row for row in observations.working(service) if row["rate_before"]]
        total = sum(row["rate"] for row in rows)
        if len(rows) < 2 or total * observations.case.frame.incident.seconds < ENOUGH:
            continue
        for row in rows:
            text = _odd(row, [other for other in rows if other is not row], len(rows))
            if text:
                names = ("service", "instance", "share", "error_share", "mean_s")
                quotes = cite(observations.instances, row, *names)
                yield Finding(
                    statement=f"{row['instance']} {text}",
                    service=service,
                    kind="balance",
                    quotes=quotes,
                )


def _odd(row: Row, others: list[Row], count: int) -> str:
    errors = _mean(others, "error_share")
    if (row["error_share"] or 0) >= max(FAILING, TIMES * errors):
        return f"fails {row['error_share']:.0%} of its requests, its siblings {errors:.0%}"
    slow = _mean(others, "mean_s")
    if slow and (row["mean_s"] or 0) >= TIMES * slow:
        return f"takes {row['mean_s']:.3g} s per request, its siblings {slow:.3g}"
    if (row["share"] or 0) >= UNEVEN / count:
        return f"gets {row['share']:.0%} of the requests; a fair share is {1 / count:.0%}"
    return ""


def _mean(rows: list[Row], field: str) -> float:
    return sum(row[field] or 0.0 for row in rows) / len(rows)
