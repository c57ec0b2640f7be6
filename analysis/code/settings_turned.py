"""Which settings a diff turns: the key, its value before and after, and by what factor.

Understands `key: 30`, `key = 5 * time.Second`, `Call(ctx, 300*time.Millisecond)`, `-Xmx4g`,
`rate=100r/s`, `<key>40</key>`, `key 65;`, and words as values (`level: debug`, `strict: false`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from pydantic import ValidationInfo, field_validator

from ...yaml_tables import Entry, Pattern, Regex, Words, put_together, read_table


class SettingForms(Entry):
    """How settings are written; {name} in a pattern stands for the part of that name."""

    units: dict[float, Words]
    nothing: Words
    parts: dict[str, Pattern]
    numbers: tuple[Regex, ...]
    word: Regex
    spaced: Regex
    spelled: tuple[Regex, ...]
    token: Regex
    constant: Regex

    @field_validator("numbers", "word", "spelled", mode="before")
    @classmethod
    def _whole(cls, value: Any, info: ValidationInfo) -> Any:
        parts = info.data.get("parts", {})
        if isinstance(value, list):
            return [put_together(pattern, parts) for pattern in value]
        return put_together(value, parts)

    @cached_property
    def factors(self) -> dict[str, float]:
        """Unit -> how many seconds or bytes it has."""
        return {word: factor for factor, words in self.units.items() for word in words}


@cache
def forms() -> SettingForms:
    """The forms of settings_turned.yaml."""
    return read_table("analysis/code/settings_turned.yaml", SettingForms)


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
    return forms().token.findall(line)


def _one_apart(one: list[str], other: list[str]) -> bool:
    """Same length, and one or two constants differ."""
    if len(one) != len(other) or len(one) < 3:
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    constant = forms().constant
    return 0 < len(pairs) <= 2 and all(constant.match(a) and constant.match(b) for a, b in pairs)


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
    line, known = _spoken(line), forms()
    seen = set()
    for pattern in known.numbers:
        for match in pattern.finditer(line):
            if match["key"] not in seen:
                seen.add(match["key"])
                yield _numeric(match, line)
    for match in known.word.finditer(line):
        if match["key"] not in seen:
            value = match["double"] or match["single"] or match["bare"] or ""
            seen.add(match["key"])
            yield Setting(match["key"], value, None, line.strip())
    if not seen and (match := known.spaced.match(line)):
        yield Setting(match["key"], match["value"], None, line.strip())


def _spoken(line: str) -> str:
    """The line with lengths of time as number and unit."""
    for pattern in forms().spelled:
        line = pattern.sub(lambda match: f"{match['n']} {match['unit']}", line)
    return line


def _numeric(match: re.Match[str], line: str) -> Setting:
    number = 1.0
    for part in match["number"].split("*"):
        number *= float(part.strip().replace("_", ""))
    unit, factors = (match["unit"] or "").lower(), forms().factors
    value = match["number"] + (match["unit"] if unit in factors else "")
    return Setting(match["key"], value, number * factors.get(unit, 1.0), line.strip())
