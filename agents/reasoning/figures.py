"""Numbers, percentages, times, durations and machine names in a sentence, English or Chinese, and
whether what the sentence refers to holds them.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import combinations
from typing import Literal

from ...incident.evidence import rounds_to, same

Kind = Literal["number", "percent", "duration", "clock", "date", "name", "amount"]

UNITS = {
    "ms": 0.001, "millisecond": 0.001, "毫秒": 0.001, "s": 1, "sec": 1, "second": 1, "秒": 1,
    "min": 60, "minute": 60, "分钟": 60, "分": 60, "h": 3600, "hour": 3600, "小时": 3600,
    "day": 86400, "天": 86400,
}  # fmt: skip
WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100, "thousand": 1000,
    "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]\d{1,2}(?!\w))?"
_UNIT = (
    r"(?:milliseconds?|seconds?|minutes?|hours?|days?|ms|secs?|mins?|min|s|h"
    r"|毫秒|秒|分钟|分|小时|天)(?![A-Za-z])"
)
_PART = rf"{_NUMBER}[ -]?{_UNIT}"
_AMOUNT = (
    r"(?i:\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|sixty|ninety|hundreds?|thousands?|millions?|half|halved|twice|doubled?|tripled?"
    r"|dozens?|majority|thirds?|quarters?)\b)"
    r"|[二两三四五六七八九十](?=[个次倍条项台名]|分钟|秒|小时|天)"
    r"|一半|半数|过半|翻倍|翻番|数十|数百|数千|成千|上百|上千|上万|大多数|多数"
)
TOKEN = re.compile(
    rf"(?P<date>\d{{4}}-\d{{2}}-\d{{2}})"
    rf"|(?P<clock>(?<![\d:])\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?!:?\d))"
    rf"|(?P<hours>\d{{1,2}}[时点]\d{{1,2}}分(?:\d{{1,2}}秒)?)"
    rf"|(?P<name>(?<![A-Za-z0-9_])(?:v?\d+(?:\.\d+){{2,}}[\w.-]*"
    rf"|(?=\d+[a-f])[0-9a-f]{{7,40}}(?![A-Za-z0-9])"
    rf"|[A-Za-z_](?:[A-Za-z_]|[.-](?=[A-Za-z0-9]))*\d[\w.:/-]*))"
    rf"|(?P<tenths>[一二两三四五六七八九\d]成)"
    rf"|(?P<percent>{_NUMBER} ?(?:%|percent\b|个百分点))"
    rf"|(?P<duration>{_PART}(?: ?(?:and )?{_PART})*)"
    rf"|(?P<number>{_NUMBER})"
    rf"|(?P<amount>{_AMOUNT})",
    re.ASCII,
)


@dataclass(frozen=True)
class Figure:
    """One of them: as written, its value (share of 100, seconds), and how finely it is given."""

    kind: Kind
    text: str
    value: float = 0.0
    step: float = 1.0  # the last digit shown, in the value's unit
    start: int = field(default=0, compare=False)  # where in the text it stands
    end: int = field(default=0, compare=False)


def figures(text: str) -> Iterator[Figure]:
    """What a text states that can be looked up, in order; places are those of the NFKC form."""
    for found in TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        yield replace(_figure(found), start=found.start(), end=found.end())


def _figure(found: re.Match[str]) -> Figure:
    kind, words = found.lastgroup or "", found.group()
    if kind == "hours":
        return Figure("clock", _as_clock(words))
    if kind == "tenths":
        tenths = {"一": 1.0, **WORDS}.get(words[0]) or float(words[0])
        return Figure("percent", words, tenths * 10, 10)
    if kind == "duration":
        return _duration(words)
    if kind in ("number", "percent"):
        bare = re.match(_NUMBER, words)
        digits = bare.group().replace(",", "") if bare else "0"
        return Figure(
            "number" if kind == "number" else "percent", words, float(digits), _step(digits)
        )
    if kind == "amount":
        return Figure("amount", words.casefold(), float(WORDS.get(words.casefold(), -1)))
    if kind in ("date", "clock"):
        return Figure("date" if kind == "date" else "clock", words)
    return Figure("name", words.rstrip(".-:/"))


def close(figure: Figure, value: float) -> bool:
    """Whether a value is shown as this figure: equal to 0.5%, or as rounded to its last digit."""
    if figure.value == 0:
        return value == 0 or (figure.step < 1 and abs(value) < figure.step / 2)
    return same(value, figure.value) or rounds_to(value, figure.value, figure.step)


def _step(digits: str) -> float:
    mantissa, _, exponent = digits.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _duration(words: str) -> Figure:
    """1 h 30 min as 5400 seconds, given to the minute."""
    total, step = 0.0, 1.0
    for number, unit in re.findall(rf"({_NUMBER})[ -]?({_UNIT})", words, re.ASCII):
        size = UNITS.get(unit) or UNITS[unit.rstrip("s")]
        digits = number.replace(",", "")
        total += float(digits) * size
        step = _step(digits) * size
    return Figure("duration", words, total, step)


def _as_clock(words: str) -> str:
    """10时0分42秒 as 10:00:42."""
    return ":".join(f"{int(part):02d}" for part in re.findall(r"\d+", words))


# What some references hold: texts, numbers and moments that a sentence may repeat.

SHORTEST_NAME = 4
"""Digits by which a version is called."""
LONG = 400
"""Characters of one text that are read for figures."""


@dataclass
class Held:
    """Everything that some references say."""

    texts: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    rows: list[datetime] = field(default_factory=list)  # of timeline rows: durations between them

    def __post_init__(self) -> None:
        self.words = "\n".join(self.texts).casefold()
        self.shown = [figure for text in self.texts for figure in _shown(text[:LONG])]

    def has(self, figure: Figure) -> bool:
        """Whether a figure of a sentence stands here, as shown or by value."""
        if figure.kind in ("name", "date", "amount"):
            return figure.text.casefold() in self.words or self._other(figure)
        if figure.kind == "clock":
            return any(clock.startswith(figure.text.zfill(5)) for clock in self._clocks())
        if figure.kind == "number" and self._in_a_name(figure.text):
            return True
        same = (f.value for f in self.shown if f.kind == figure.kind)
        return any(close(figure, value) for value in (*same, *self._values(figure)))

    def _in_a_name(self, digits: str) -> bool:
        """Whether digits end a name, as people shorten it: 1501 of v2026.06.18-1501."""
        return len(digits) >= SHORTEST_NAME and re.search(rf"\w-{digits}\b", self.words) is not None

    def _other(self, figure: Figure) -> bool:
        if figure.kind == "date":
            return any(f"{m.astimezone(UTC):%Y-%m-%d}" == figure.text for m in self.moments)
        counted = [f.value for f in self.shown if f.kind == "number"] + self.values
        return figure.kind == "amount" and figure.value > 0 and figure.value in counted

    def _clocks(self) -> Iterator[str]:
        yield from (f.text.zfill(8) for f in self.shown if f.kind == "clock")
        yield from (f"{moment.astimezone(UTC):%H:%M:%S}" for moment in self.moments)

    def _values(self, figure: Figure) -> Iterator[float]:
        """Numbers as this kind of figure would show them."""
        for value in self.values:
            if figure.kind == "percent" and abs(value) <= 1:
                yield value * 100
            elif figure.kind == "number":
                yield value
            elif figure.kind == "duration":
                yield from (value, value / 1000)  # a payload has seconds or milliseconds
        if figure.kind == "duration":
            yield from self._apart()

    def _apart(self) -> Iterator[float]:
        """Seconds between any two rows of the timeline."""
        for one, other in combinations(self.rows, 2):
            yield abs((one - other).total_seconds())


@lru_cache(maxsize=20_000)
def _shown(text: str) -> tuple[Figure, ...]:
    """Figures of a text; every sentence of a draft asks for those of the same evidence."""
    return tuple(figures(text))
