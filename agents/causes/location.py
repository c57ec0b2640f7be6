"""Somewhere in this service: the place is known, the kind of fault is not."""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ..clues import Clues, cite
from .candidate import Candidate


def somewhere(clues: Clues) -> Iterator[Candidate]:
    """The services that the calls' blame ends at. Weak on purpose: a named kind outranks it."""
    for row in clues.origin.rows[:3]:
        statement = f"the degradation begins in {row['service']}; its kind is not known"
        candidate = Candidate(row["service"], FaultKind.unknown, statement)
        candidate.backed(
            2.0,
            row["blame"] or 0,
            f"blame follows the calls to it: {row['path']}",
            cite(clues.origin, row, "blame", "path"),
        )
        yield candidate
