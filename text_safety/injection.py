"""Does a text speak to whoever analyses it? Telemetry is data: such a text is never obeyed, and
that somebody wrote it is worth knowing. The phrases by which it does are phrases.yaml.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import re2
from pydantic import ValidationInfo, field_validator

from ..yaml_tables import Entry, Pattern, put_together, read_table
from .disguise import readings

SHOWN = 80
"""Characters of a phrase that are shown."""
LEAST = 6
"""Shorter texts cannot say anything."""
MEMORY = 1 << 25
"""Bytes that RE2 may take to search for all phrases at once: several times what it needs."""

Parts = dict[str, Pattern]


class PhraseTable(Entry):
    """Patterns by language; {name} in one of them stands for the part of that name."""

    parts: Parts
    english: dict[str, tuple[Pattern, ...]]
    """By what they do: override, address, claim a role or an approval, hide, extract, flood."""
    chinese: tuple[Pattern, ...]
    forged: tuple[Pattern, ...]
    """Structure that only a forger writes. Read with lines kept, in lower case."""
    squashed: tuple[Pattern, ...]
    """Words whose blanks were lost with the disguise."""

    @field_validator("parts")
    @classmethod
    def _of_parts(cls, parts: Parts) -> Parts:
        whole: Parts = {}
        for name, pattern in parts.items():
            whole[name] = put_together(pattern, whole)
        return whole

    @field_validator("english")
    @classmethod
    def _whole(
        cls, groups: dict[str, tuple[Pattern, ...]], info: ValidationInfo
    ) -> dict[str, tuple[Pattern, ...]]:
        parts = info.data.get("parts", {})
        return {
            name: tuple(_at_a_word(put_together(p, parts)) for p in patterns)
            for name, patterns in groups.items()
        }


def _at_a_word(pattern: str) -> str:
    return rf"\b{pattern}" if pattern[0].isalpha() else pattern


ALIKE = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")
"""Letters beyond ASCII that match one of ASCII where case is ignored."""
CLASSES = {r"\b": "", r"\w": r"\pL\pN_", r"\s": r"\t-\r\x1c-\x1f\x{85}\pZ", r"\d": r"\p{Nd}"}
"""Python's classes of characters, as RE2 writes what is in them."""
EVERYTHING = ""
"""Matches any text: where it does not, the search came to no end."""
_AROUND = re.compile(r"\(\?<?[=!](?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)")
_TOKEN = re.compile(r"\\.|.", re.DOTALL)


def loosened(pattern: str) -> str:
    """A pattern for RE2 that matches wherever this one does, and maybe elsewhere: it looks around
    nowhere, and words have no borders."""
    inside, tokens = False, []
    for token in _TOKEN.findall(_AROUND.sub("", pattern)):
        inside = token == "[" or (inside and token != "]")
        known = CLASSES.get(token)
        tokens.append(token if known is None else known if inside or not known else f"[{known}]")
    return "".join(tokens)


class AnyOf:
    """Several patterns as one alternation, upper and lower case alike; finds what it would find.

    RE2 says in one pass over a text which of the patterns may match at all; only those are tried.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match; of several that begin together, the first pattern's."""
        return min(self.matches(text), key=lambda match: match.start(), default=None)

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """The first match of each pattern that has one, in the order of the patterns."""
        return (m for i in self._possible(text) if (m := self._each[i].search(text)))

    @cached_property
    def _each(self) -> list[re.Pattern[str]]:
        return [re.compile(p, re.IGNORECASE) for p in self.patterns]

    @cached_property
    def _loose(self) -> re2.Set:
        options = re2.Options()
        options.case_sensitive, options.max_mem = False, MEMORY
        loose = re2.Set.SearchSet(options)
        for pattern in (*self.patterns, EVERYTHING):
            loose.Add(loosened(pattern))
        loose.Compile()
        return loose

    def _possible(self, text: str) -> Iterable[int]:
        """Patterns that may match, in order; all of them should RE2 have given up."""
        if not text.isascii():  # half characters, which UTF-8 cannot say, as one that is no letter
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            text = whole.translate(ALIKE)
        *some, _everything = sorted(self._loose.Match(text) or range(len(self.patterns) + 1))
        return some


@dataclass(frozen=True)
class Phrases:
    """What is searched for: phrases in words, forged structure, words run together."""

    words: AnyOf
    structure: AnyOf
    run_together: AnyOf


@cache
def phrases() -> Phrases:
    """The phrases of phrases.yaml."""
    table = read_table("text_safety/phrases.yaml", PhraseTable)
    english = [pattern for group in table.english.values() for pattern in group]
    return Phrases(AnyOf([*english, *table.chinese]), AnyOf(table.forged), AnyOf(table.squashed))


def speaks(text: str) -> list[str]:
    """The phrases with which a text addresses its reader, as read; empty: it says none.

    A phrase found only behind a disguise is shown decoded. At most one per reading.
    """
    if len(text) < LEAST:
        return []
    found = (phrase for reading in readings(text) for phrase in _phrases(reading))
    return list(dict.fromkeys(found))


def _phrases(reading: str) -> Iterator[str]:
    known = phrases()
    if match := next(known.structure.matches(reading), None):
        yield _shown(match)
        return
    flat = " ".join(reading.split())
    match = known.words.search(flat)
    if match is None and " " not in reading:
        match = known.run_together.search(reading)
    if match:
        yield _shown(match)


def _shown(match: re.Match[str]) -> str:
    return " ".join(match.group().split())[:SHOWN]
