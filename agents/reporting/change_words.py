"""A change of the record in words: what it was, and when, seen from the onset."""

from ...analysis.code.change_scores import span
from ...tools.base import Row


def change_name(row: Row) -> str:
    """deploy checkout v1.1.0; flag volume-pricing: a flag is known by its name."""
    if row["kind"] == "flag":
        return f"flag {row['id']}"
    return f"{row['kind']} {row['service'] or row['id']} {row['version'] or ''}".strip()


def when(row: Row) -> str:
    """12 s before the onset; at the onset; 5 s after the onset."""
    lead = row["seconds_before"] or 0.0
    if abs(lead) < 1:
        return "at the onset"
    return f"{span(abs(lead))} {'before' if lead > 0 else 'after'} the onset"
