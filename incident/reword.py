# ruff: noqa: RUF001 (Chinese punctuation)
"""Blaming sentences put into neutral words; what cannot be is withheld, and says so."""

import re
from collections.abc import Iterable

from .blame import ROLE_OF_AUTHOR, Mark, blame_marks
from .blame_words import NAME

WITHHELD = "(a sentence is withheld here: its wording judged or named a person)"

NEUTRAL = (
    (re.compile(r"\b(?:fail(?:ed|s|ing)?|neglected|forgot) to\b", re.IGNORECASE), "did not"),
    (re.compile(r"\b(?:obviously|of course),? ?", re.IGNORECASE), ""),
    (re.compile(r"\bto blame for\b", re.IGNORECASE), "a factor in"),
    (re.compile(r"\bculprit\b", re.IGNORECASE), "origin"),
    (re.compile(r"未能|没能"), "没有"),
    (re.compile(r"显然，?"), ""),
)


def reword(text: str, systems: Iterable[str] = (), people: Iterable[str] = ()) -> str:
    """The text without blame language; unchanged where there was none.

    Names become roles, "failed to" becomes "did not". A text that still blames afterwards is
    replaced by a note: better a visible hole in a draft than a person on trial.
    """
    known, named = list(systems), list(people)
    marks = blame_marks(text, known, named)
    if not marks:
        return text
    milder = _neutral(_without_names(text, marks))
    return WITHHELD if blame_marks(milder, known, named) else milder


def _without_names(text: str, marks: list[Mark]) -> str:
    names = {mark.word for mark in marks if mark.suggestion == NAME}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(re.escape(name), ROLE_OF_AUTHOR, text, flags=re.IGNORECASE)
    return text


def _neutral(text: str) -> str:
    for pattern, replacement in NEUTRAL:
        text = pattern.sub(replacement, text)
    return text
