"""A provider outside the house refuses or fails."""

import re
from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...tools.base import Row
from .candidate import Candidate
from .observations import Observations, cite

QUOTA = re.compile(r"quota|rate.?limit|too many requests|\b429\b|billing|credit", re.IGNORECASE)


def providers(observations: Observations) -> Iterator[Candidate]:
    """Calls to an external service fail that did not fail before."""
    outside = {s.name for s in observations.case.catalogue.services if s.kind == "external"}
    for edge in observations.edges.rows:
        rise = edge["error_rise"] or 0
        if edge["callee"] not in outside or rise < 0.1:
            continue
        words = _refusal(observations, edge["callee"])
        kind = FaultKind.provider_quota if words else FaultKind.provider_outage
        what = "refuses calls: its quota is used up" if words else "fails"
        statement = f"{edge['callee']} {what}; {edge['caller']} depends on it"
        candidate = Candidate(edge["callee"], kind, statement, resource=edge["caller"])
        candidate.backed(
            3.5,
            rise / 0.5,
            f"{edge['error_share'] or 0:.0%} of the calls to it fail",
            cite(observations.edges, edge, "error_share", "callee"),
        )
        candidate.backed(1.5, 1.0 if words else 0.0, *_words(observations, words))
        yield candidate


def _refusal(observations: Observations, provider: str) -> Row | None:
    """A new or surging log line that names the provider and speaks of a quota."""
    for row in observations.patterns.rows:
        text = f"{row['template']} {row['sample']}"
        if row["kind"] != "vanished" and provider in text and QUOTA.search(text):
            return row
    return None


def _words(observations: Observations, row: Row | None):
    if row is None:
        return "", []
    return f"log: {row['sample'][:100]}", cite(observations.patterns, row, "sample", "after")
