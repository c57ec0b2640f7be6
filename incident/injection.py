"""Does a text speak to whoever analyses it? Telemetry is data: such a text is never obeyed, and
that somebody wrote it is worth knowing.
"""

import re
from collections.abc import Iterator

from .disguise import readings
from .phrases import RUN_TOGETHER, STRUCTURE, WORDS

SHOWN = 80
"""Characters of a phrase that are shown."""
LEAST = 6
"""Shorter texts cannot say anything."""


def speaks(text: str) -> list[str]:
    """The phrases with which a text addresses its reader, as read; empty: it says none.

    A phrase found only behind a disguise is shown decoded. At most one per reading.
    """
    if len(text) < LEAST:
        return []
    found = (phrase for reading in readings(text) for phrase in _phrases(reading))
    return list(dict.fromkeys(found))


def _phrases(reading: str) -> Iterator[str]:
    if match := next(STRUCTURE.matches(reading), None):
        yield _shown(match)
        return
    flat = " ".join(reading.split())
    match = WORDS.search(flat)
    if match is None and " " not in reading:
        match = RUN_TOGETHER.search(reading)
    if match:
        yield _shown(match)


def _shown(match: re.Match[str]) -> str:
    return " ".join(match.group().split())[:SHOWN]
