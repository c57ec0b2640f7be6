"""A change of the record in words: what it was, and when, seen from the onset."""

from ...analysis.code.change_scores import span
from ...tools.change_feed import ChangeRecord


def change_name(row: ChangeRecord) -> str:
    """deploy checkout v1.1.0; flag volume-pricing: a flag is known by its name."""
    if row.kind == "flag":
        return f"flag {row.id}"
    return f"{row.kind} {row.service or row.id} {row.version}".strip()


def when(row: ChangeRecord) -> str:
    """12 s before the onset; at the onset; 5 s after the onset."""
    lead = row.seconds_before
    if abs(lead) < 1:
        return "at the onset"
    return f"{span(abs(lead))} {'before' if lead > 0 else 'after'} the onset"
