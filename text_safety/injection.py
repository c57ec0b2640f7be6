"""Does a text speak to whoever analyses it? Telemetry is data: such a text is never obeyed, and
that somebody wrote it is worth knowing. The phrases by which it does are phrases.yaml.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydantic import ValidationInfo, field_validator

from ..yaml_tables import Entry, Pattern, put_together, read_table
from .disguise import readings
from .required_words import AnyOf

SHOWN = 80
"""Characters of a phrase that are shown."""
LEAST = 6
"""Shorter texts cannot say anything."""

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
