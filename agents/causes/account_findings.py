"""What is new, as findings: failures in the system's own words, stepped gauges, slower work."""

from collections.abc import Iterator

from ...incident.finding import Finding
from .account_words import failure_words, share_words, slowed_words, step_words, telling
from .failure_path import path
from .observations import Observations, finding

SHOWN = 3
"""Of each sort: more stays in the evidence."""
LEAST = 0.05
"""Share of the requests that newly fail from which a kind of failure is told."""


def new_facts(seen: Observations) -> Iterator[Finding]:
    """The loudest of each sort, with the service where it begins."""
    failures = seen.new_failures
    failing = sum(row.count for row in failures.rows)
    for row in [row for row in failures.rows if row.share >= LEAST][:SHOWN]:
        place = path(seen, row)[-1]
        text = f"{failure_words(row, place)}: {share_words(row.count, failing, row.before)}"
        proof = ("service", "words", "count", "before", "since")
        yield finding("new-failure", text, failures, row, *proof, service=place, at=row.since)
    steps = seen.stepped_gauges
    for row in telling(list(steps.rows))[:SHOWN]:
        proof = ("service", "metric", "before", "now", "since")
        yield finding(f"step:{row.step}", step_words(row), steps, row, *proof, at=row.since)
    work = seen.slowed_work
    for row in work.rows[:SHOWN]:
        proof = ("service", "operation", "before_ms", "now_ms", "calls")
        yield finding("slower-work", slowed_words(row), work, row, *proof, at=row.since)
