"""Which settings a diff turns: the key, its value before and after, and by what factor.

Understands `key: 30`, `key = 5 * time.Second`, `Call(ctx, 300*time.Millisecond)`, `-Xmx4g`,
`rate=100r/s`, `<key>40</key>`, `key 65;`, and words as values (`level: debug`, `strict: false`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SECONDS = {
    **dict.fromkeys(("ns", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "millis", "millisecond", "milliseconds", "msec"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
BYTES = {
    **dict.fromkeys(("k", "kb", "kib", "ki"), 2.0**10),
    **dict.fromkeys(("mb", "mib", "mi"), 2.0**20),
    **dict.fromkeys(("g", "gb", "gib", "gi"), 2.0**30),
    **dict.fromkeys(("tb", "tib", "ti"), 2.0**40),
}
UNITS = {**SECONDS, **BYTES, "m": 2.0**20}
"""A lone m is 2^20 (heap sizes) or a minute or a thousandth: only its own kind is compared."""
_UNIT = r"(?:\s*\*?\s*(?:[A-Za-z]\w*\.)?(?P<unit>[A-Za-z]+)\b(?!\())?"
_NUMBER = r"(?P<number>-?\d[\d_]*(?:\.\d+)?(?:e\d+)?(?:\s*\*\s*\d[\d_]*(?:\.\d+)?)*)"
_SEP = r"(?:[\"']?\s*(?::\s*[A-Za-z_][\w\[\]?]*\s*=|:=|=>|[:=]|>)\s*[\"']?|\(\s*)"
_KEY = r"(?P<key>[A-Za-z_$][\w.$-]*)"
NUMERIC = re.compile(_KEY + _SEP + r"(?:[A-Za-z_][\w.]*(?:\(\))?,\s*)?" + _NUMBER + _UNIT)
PLAIN = re.compile(r"^\s*" + _KEY + r"\s+" + _NUMBER + _UNIT + r"\s*;?\s*$")
FLAG = re.compile(r"-(?P<key>X[a-z]{2})" + _NUMBER + _UNIT)
SPACED = re.compile(r"^\s*(?P<key>[a-z][\w.-]*)[ \t]+(?P<value>[A-Za-z][\w.:/-]*)\s*;?\s*$")
"""`key word` as servers' configuration files have it."""
WORD = re.compile(
    _KEY + r"[\"']?\s*(?::\s*[A-Za-z_][\w\[\]?]*\s*=|:=|=>|[:=])\s*"
    r"(?:[fbru]?\"(?P<double>[^\"]*)\"|[fbru]?'(?P<single>[^']*)'|(?P<bare>[A-Za-z_][\w.-]*))\s*[,;)]?"
)
_TIME = r"(?P<unit>(?:nano|micro|milli)(?:s|seconds)|seconds|minutes|hours|days|ms)"
_AMOUNT = r"(?P<n>\d[\d_]*(?:\.\d+)?)"
SPELLED = (
    re.compile(
        r"[\w.:]*\b(?:of|from|in)?_?" + _TIME + r"(?:_f(?:32|64))?\(\s*" + _AMOUNT + r"\s*\)",
        re.IGNORECASE,
    ),
    re.compile(r"\btimedelta\(\s*" + _TIME + r"\s*=\s*" + _AMOUNT + r"\s*\)"),
    re.compile(r"(?<![\w.])" + _AMOUNT + r"\." + _TIME + r"\b(?!\()"),
    re.compile(
        r"(?<![\w.])" + _AMOUNT + r",\s*(?:TimeUnit|ChronoUnit)\." + _TIME + r"\b", re.IGNORECASE
    ),
)
"""Lengths of time as languages spell them: Duration.ofSeconds(3), 3.minutes, 3, SECONDS."""
TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\d[\d_.]*|[A-Za-z_]\w*|[^\s\w]")
CONSTANT = re.compile(
    r"^(?:\"|'|\d|[A-Z][A-Z0-9_]+$|true$|false$|True$|False$|[A-Z]\w*\d$|"
    r"(?:u?int(?:8|16|32|64)?|string|str|float(?:32|64)?|double|bool(?:ean)?|bytes|[Ii]nteger|"
    r"[Ll]ong|number|varchar|VARCHAR|BIGINT|[Dd]ecimal)$)"
)
"""Strings, numbers, booleans, types, and names that are written like constants."""
NOTHING = ("none", "null", "nil", "undefined", "unlimited", "infinity", "inf", "0", "-1")


@dataclass(frozen=True)
class Setting:
    """One key with its value, as a line has it."""

    key: str
    value: str
    number: float | None  # in seconds, bytes, or as it stands
    line: str


@dataclass(frozen=True)
class Turned:
    """One setting that changed; `before` or `after` is None where it was added or taken away."""

    key: str
    before: Setting | None
    after: Setting | None

    @property
    def factor(self) -> float | None:
        """After ÷ before; None unless both are positive numbers."""
        old = self.before.number if self.before else None
        new = self.after.number if self.after else None
        return new / old if old and new and old > 0 and new > 0 else None

    @property
    def text(self) -> str:
        """For people: `maxSize 40 -> 4`."""
        old = self.before.value if self.before else "unset"
        new = self.after.value if self.after else "gone"
        return f"{self.key} {old} -> {new}"


def settings(lines: Iterable[str]) -> list[Setting]:
    """Every setting of these lines."""
    return [setting for line in lines for setting in _of(line)]


def turned(removed: Sequence[str], added: Sequence[str]) -> list[Turned]:
    """Settings whose value differs between the two sides, in the order of the removed lines.

    A key that only one side knows is turned as well, where its value is a number.
    """
    before, after = settings(removed), settings(added)
    found = []
    for key in dict.fromkeys(s.key for s in [*before, *after]):
        old = [s for s in before if s.key == key]
        new = [s for s in after if s.key == key]
        left = [s for s in old if s.value not in {n.value for n in new}]
        come = [s for s in new if s.value not in {o.value for o in old}]
        found += [Turned(key, o, n) for o, n in zip(left, come, strict=False)]
        if not new:
            found += [Turned(key, o, None) for o in left if o.number is not None]
        if not old:
            found += [Turned(key, None, n) for n in come if n.number is not None]
    return [t for t in found if t.before is None or t.after is None or t.factor != 1.0]


def swapped(removed: Sequence[str], added: Sequence[str]) -> list[Turned]:
    """Constants that changed inside lines that are otherwise the same: `f(X, UTF_8)` -> `f(X,
    UTF_16)`. The key is what the line says besides."""
    found, left = [], [_tokens(line) for line in added]
    for line in removed:
        tokens = _tokens(line)
        partner = next((other for other in left if _one_apart(tokens, other)), None)
        if partner:
            left.remove(partner)
            found += _swaps(tokens, partner)
    return found


def _tokens(line: str) -> list[str]:
    return TOKEN.findall(line)


def _one_apart(one: list[str], other: list[str]) -> bool:
    """Same length, and one or two constants differ."""
    if len(one) != len(other) or len(one) < 3:
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return 0 < len(pairs) <= 2 and all(CONSTANT.match(a) and CONSTANT.match(b) for a, b in pairs)


def _swaps(one: list[str], other: list[str]) -> list[Turned]:
    same = [a for a, b in zip(one, other, strict=True) if a == b and a[0].isalpha()]
    key, line = " ".join(same), "".join(other)
    return [
        Turned(
            key,
            Setting(key, a.strip("\"'"), _float(a), line),
            Setting(key, b.strip("\"'"), _float(b), line),
        )
        for a, b in zip(one, other, strict=True)
        if a != b
    ]


def _float(token: str) -> float | None:
    try:
        return float(token.replace("_", ""))
    except ValueError:
        return None


def _of(line: str) -> Iterable[Setting]:
    line = _spoken(line)
    seen = set()
    for pattern in (NUMERIC, FLAG, PLAIN):
        for match in pattern.finditer(line):
            if match["key"] not in seen:
                seen.add(match["key"])
                yield _numeric(match, line)
    for match in WORD.finditer(line):
        if match["key"] not in seen:
            value = match["double"] or match["single"] or match["bare"] or ""
            seen.add(match["key"])
            yield Setting(match["key"], value, None, line.strip())
    if not seen and (match := SPACED.match(line)):
        yield Setting(match["key"], match["value"], None, line.strip())


def _spoken(line: str) -> str:
    """The line with lengths of time as number and unit."""
    for pattern in SPELLED:
        line = pattern.sub(lambda match: f"{match['n']} {match['unit']}", line)
    return line


def _numeric(match: re.Match[str], line: str) -> Setting:
    number = 1.0
    for part in match["number"].split("*"):
        number *= float(part.strip().replace("_", ""))
    unit = (match["unit"] or "").lower()
    value = match["number"] + (match["unit"] if unit in UNITS else "")
    return Setting(match["key"], value, number * UNITS.get(unit, 1.0), line.strip())
