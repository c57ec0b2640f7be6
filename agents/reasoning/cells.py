"""One value of telemetry as text for a model: short, on one line, unable to end its block."""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

OPEN, CLOSE = "<<<", ">>>"
"""What a block of data begins and ends with; no cell holds either."""
NOTHING = "-"
TIMES = re.compile(
    r"(?:^|[_(])(?:ts|at|time|t|first|last|since|until|begin|onset|bucket|minute|seen|when)(?:[_)]|$)"
    r"|^(?:start|end)$",
    re.IGNORECASE,
)
"""Names of columns that hold a moment, those of a query's own among them: max(ts), first_seen."""
BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
RUNS = re.compile(r"<{2,}|>{2,}")
LARGEST_EXACT = 999_999
"""Whole numbers up to this are shown as they are: they are names as often as amounts."""


def clean(text: str, longest: int) -> str:
    """Text on one line of at most so many characters; what is missing is marked with …

    Control, invisible and unpaired characters are replaced, so are the column separator and
    every run of angle brackets: no text can end its line, its column or its block.
    """
    if longest <= 0:
        return ""
    whole = len(text) <= longest
    line = "".join(map(_plain, text if whole else text[: longest - 1]))
    line = RUNS.sub(lambda run: ("\u2039" if run[0][0] == "<" else "\u203a") * len(run[0]), line)
    return line if whole else f"{line}…"


def _plain(char: str) -> str:
    if char == "|":
        return "¦"
    if char.isprintable():
        return char
    if char in BREAKS:
        return "⏎"
    return " " if char.isspace() else "·"


def is_time(name: str, value: Any) -> bool:
    """Whether a field holds unix seconds, by its name and size."""
    named = TIMES.search(name) is not None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return named and number and 1e9 < value < 4e9


def moment(ts: float, onset: float | None) -> str:
    """Unix seconds as seconds after the onset (+12.5s), or as HH:MM:SS in UTC without one."""
    if onset is None:
        return datetime.fromtimestamp(ts, UTC).strftime("%H:%M:%S")
    return f"{ts - onset:+.1f}s"


def figure(value: float) -> str:
    """A number to three significant figures; whole ones of up to six digits stay exact."""
    if isinstance(value, int) and abs(value) <= LARGEST_EXACT:
        return str(value)
    try:
        rounded = float(f"{float(value):.3g}")
    except OverflowError:
        return "huge"
    if not math.isfinite(rounded):
        return NOTHING
    if rounded == int(rounded) and abs(rounded) <= LARGEST_EXACT:
        return str(int(rounded))
    return f"{rounded:.3g}" if abs(rounded) > LARGEST_EXACT else repr(rounded)


def cell(name: str, value: Any, longest: int, onset: float | None = None) -> str:
    """A field's value for a table cell of at most so many characters."""
    if is_nothing(value):
        return NOTHING
    if is_time(name, value):
        return moment(value, onset)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return figure(value)
    if isinstance(value, str):
        return clean(value, longest)
    return clean(json.dumps(value, ensure_ascii=False, default=str), longest)


def is_nothing(value: Any) -> bool:
    """Whether a field says nothing: None, no text, no number, no entries."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return value is None or value in ("", [], {})
