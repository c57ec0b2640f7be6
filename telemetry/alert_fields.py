"""Single fields of an alert: bounded text, label maps, times."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..errors import AlertError

CUT = "… [cut]"
"""Marks text that was shortened."""
LONGEST_LABEL = 1000
MOST_LABELS = 64


def truncated(value: Any, longest: int) -> str:
    """A scalar as text of at most `longest` characters, visibly cut; empty for anything else.

    Control characters become blanks and lone surrogates question marks, so that the text can be
    shown and stored.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits
        return "a huge number"
    head = text[: longest + 1].encode("utf-8", "replace").decode()
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in head).strip()
    if len(text) <= longest:
        return clean
    return clean[: max(0, longest - len(CUT))].rstrip() + CUT


def pick(fields: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The first of these keys that holds text or a number; empty if none does."""
    return next((text for key in keys if (text := truncated(fields.get(key), 100_000))), "")


def text_map(value: Any) -> dict[str, str]:
    """Labels or annotations as bounded text; values that are no scalars are left out.

    Raises AlertError when it is no object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AlertError("labels and annotations must be objects of text; correct the alert")
    items = list(value.items())
    found = {
        truncated(key, 200): truncated(text, LONGEST_LABEL) for key, text in items[:MOST_LABELS]
    }
    if len(items) > MOST_LABELS:
        found[CUT] = f"{len(items) - MOST_LABELS} more"
    return {key: text for key, text in found.items() if key and text}


def parse_time(value: Any) -> datetime | None:
    """A time of an alert in UTC: RFC 3339 text or unix seconds (or milliseconds).

    None for nothing and for Alertmanager's "0001-01-01", which means not known. A time without
    a zone is taken as UTC. Raises AlertError for anything else.
    """
    if value is None or value == "":
        return None
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, OSError) as error:
        raise AlertError(
            f"the time {truncated(value, 60)!r} cannot be read; "
            'write it as "2026-01-31T09:15:00Z" or as unix seconds'
        ) from error
    return None if moment.year <= 1 else moment


def _moment(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("neither text nor number")
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment if moment.year <= 1 else moment.astimezone(UTC)
    seconds = value / 1000 if abs(value) > 1e11 else value
    return datetime.fromtimestamp(seconds, UTC)
