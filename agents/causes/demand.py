"""More is asked than there is room for, by requests from outside and not by our own calls."""

import re
from collections.abc import Iterator

from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.tokens import plain
from ...incident.finding import FaultKind
from ...tools.base import Row
from ...tools.symptom_records import Symptom
from .candidate import Candidate
from .observations import Observations, cite
from .outside import EXPLAINED, explained
from .studies import scene

RATE = re.compile(
    r"\brequests? (?:per|rate)\b|\brequests? (?:second|minute)|\b(?:rps|qps|tps)\b|request rate|"
    r"(?:connections|calls|orders|messages|visits|sessions) per (?:sec|second|min|minute)"
)
PART = re.compile(r"fail|error|reject|denied|retr|[45] ?xx|\b[45]\d\d\b|timeout|cancel|db |query")
"""Rates of a part of the requests: they rise for other reasons."""
LEAST = 1.6
"""Times the usual rate from which demand has risen."""
FULL = (M.capacity, M.cpu, M.memory, M.pool, M.ratelimit)
"""What a lack of room looks like."""


def surging_demand(observations: Observations) -> Iterator[Candidate]:
    """The rate of requests rose where they come in, and what takes them is full."""
    row = rising_demand(observations)
    if row is None:
        return
    entry, now = row["service"], scene(observations)
    statement = f"{row['ratio']:.1f} times the usual requests at {entry}, more than it has room for"
    candidate = Candidate(entry, FaultKind.traffic_surge, statement, resource=entry)
    quotes = cite(observations.symptoms, row, "service", "text", "before", "now", "ratio")
    text = f"{row['text']} of {entry}: {row['now']:g}, {row['before']:g} before"
    candidate.backed(3.0, (row["ratio"] - 1.3) / 1.5, text, quotes)
    others = [r["service"] for r in observations.symptoms.rows if _rises(r) and r is not row]
    candidate.backed(1.0, len(others) / 2, f"so it is at {', '.join(others[:3])}", quotes)
    seen = [now.shown[name] for name in FULL if name in now.shown]
    full = max(seen, key=lambda found: found.level, default=None)
    crowd = full.symptoms[0] if full else None
    proof = (
        cite(observations.symptoms, observations.symptoms.rows[crowd.row], "text") if crowd else []
    )
    room = full.level if full else 0.0
    candidate.backed(2.0, room, f"it lacks room: {crowd.text[:120] if crowd else ''}", proof)
    candidate.doubted(1.5, 1.0 - room, "little says that there is no room for it")
    level, why = explained(observations, now, frozenset())
    candidate.doubted(EXPLAINED, level, why)
    yield candidate


def rising_demand(observations: Observations) -> Row | None:
    """The rate of requests that rose where they come in: at the alerting service, else most."""
    rising = {row["service"]: row for row in observations.symptoms.rows if _rises(row)}
    entries = [row for name, row in rising.items() if _from_outside(observations, name, rising)]
    alerting = observations.case.document.alert.service
    return max(entries, key=lambda r: (r["service"] == alerting, r["ratio"]), default=None)


def _rises(row: Row) -> bool:
    words = plain(row["text"])
    whole = RATE.search(words) and not PART.search(words)
    return bool(row["source"] == "metric" and whole and (row["ratio"] or 0.0) >= LEAST)


def _from_outside(observations: Observations, name: str, rising: dict[str, Symptom]) -> bool:
    """Nobody calls it, or who calls it gets as much more itself: else the calls are our own."""
    callers = [s.name for s in observations.case.catalogue.services if name in s.depends_on]
    more = rising[name]["ratio"]
    return all(rising[c]["ratio"] >= 0.6 * more if c in rising else False for c in callers)
