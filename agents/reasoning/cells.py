"""One value of telemetry as text for a model: short, on one line, unable to end its block; and
whether a text that a model cites shows a value."""

import json
import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from ...incident.evidence import same, same_rounded

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


def moment(ts: float, alerted: float | None = None) -> str:
    """Unix seconds as logs and people say them: HH:MM:SS in UTC, with the date before it where it
    is not the alert's.

    alerted: unix seconds of the alert; None: no date is told.
    """
    at = datetime.fromtimestamp(ts, UTC)
    same_day = alerted is None or at.date() == datetime.fromtimestamp(alerted, UTC).date()
    return f"{at:%H:%M:%S}" if same_day else f"{at:%Y-%m-%d %H:%M:%S}"


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


def cell(name: str, value: Any, longest: int, alerted: float | None = None) -> str:
    """A field's value for a table cell of at most so many characters; a time as `moment` has it."""
    if is_nothing(value):
        return NOTHING
    if is_time(name, value):
        return moment(value, alerted)
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


# Does a text show a value? What a table displays may be cited as it is displayed.

UNIT = re.compile(r"(?<=\d)\s*(?:ms|s|/s)$", re.IGNORECASE)
"""A unit that a cited number may carry; the value in the evidence has none."""
CUT = 19
"""Characters of the beginning of a cell that say enough: tables cut no cell shorter."""
SHORTEST_CUT = 8
"""Characters that the beginning of a cut cell needs, where … says that it is one."""
QUOTES = "\"'`“”"


def folded(text: str) -> str:
    """A text as it is compared: letters small, on one line, one blank between words, no quotes
    around it."""
    flat = unicodedata.normalize("NFKC", text).replace("⏎", " ").replace("¦", "|")
    return " ".join(flat.split()).strip(QUOTES).casefold()


def alike(value: Any, text: str) -> bool:
    """Whether a cited text is this value: a number as it may be shown, a text in any case, as the
    whole of it, a part of it, or its beginning where it was cut."""
    wanted = folded(text)
    if isinstance(value, bool):
        return wanted == str(value).casefold()
    if isinstance(value, str):
        return same(folded(value), wanted) or _cut(folded(value), wanted)
    number = UNIT.sub("", _signed(wanted))
    return same_rounded(value, number) or same_rounded(value, number.removeprefix("+"))


def _signed(text: str) -> str:
    """With the minus of ASCII."""
    return text.replace("\N{MINUS SIGN}", "-")


def _cut(cell: str, wanted: str) -> bool:
    """Whether a table that cut the cell would end with this much of it, from the begin of a word
    on. A number is not cut: v1.4 is no beginning of v1.4.2."""
    start = re.sub(r"\s*(?:…|\.\.\.)$", "", wanted)
    marked = start != wanted
    if len(start) < (SHORTEST_CUT if marked else CUT):
        return False
    found = re.search(rf"(?:^|(?<!\w)){re.escape(start)}(.{{0,2}})", cell)
    return found is not None and (marked or not re.match(r"\d\.?\d", start[-1] + found[1]))


_CLOCK = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)[t ])?(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(?:z|utc|\+00:?00)?"
)
_APART = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*s")


def time_shown(ts: float, text: str, onset: float | None) -> bool:
    """Whether a text shows this moment: 15:03:05 (also without seconds, or with the date before
    it), -191.0s from the onset, or the unix seconds themselves."""
    wanted = _signed(folded(text))
    if clock := _CLOCK.fullmatch(wanted):
        return _at(ts, clock)
    if apart := _APART.fullmatch(wanted):
        shown, step = float(apart[1]), 10.0 ** -len(apart[1].partition(".")[2])
        return onset is not None and abs(ts - onset - shown) <= max(step / 2, 0.05) * 1.01
    try:
        return abs(float(wanted) - ts) <= 1
    except ValueError:
        return False


def _at(ts: float, clock: re.Match[str]) -> bool:
    date, hour, minute, second = clock.groups()
    moments = [datetime.fromtimestamp(ts + late, UTC) for late in (0, 0.5)]  # cut or rounded
    form = "%H:%M:%S" if second else "%H:%M"
    wanted = f"{int(hour):02d}:{minute}" + (f":{second}" if second else "")
    return any(f"{m:{form}}" == wanted and (not date or f"{m:%Y-%m-%d}" == date) for m in moments)
