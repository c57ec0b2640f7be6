# ruff: noqa: RUF001 (typographic and Chinese punctuation is what it looks for)
"""Blame language: sentences that judge people instead of describing systems.

"failed to" is marked unless its subject is a system; names, handles and addresses of people are
marked everywhere. Code spans and fenced blocks are quotations of machines and are not judged.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .blame_words import (
    BLAME,
    CHINESE_PEOPLE,
    CHINESE_SYSTEMS,
    FAILED_TO,
    FAULT,
    GIVEN_NAMES,
    HUMAN_VERBS,
    NAME,
    NOT_NAMES,
    OMISSION,
    PATTERNS,
    PEOPLE_NOUNS,
    SYSTEM_NOUNS,
)

ROLE_OF_AUTHOR = "the change's author"
"""How the author of a commit or deploy is written in any text of ours."""


@dataclass(frozen=True)
class Mark:
    """One sentence to rewrite."""

    sentence: str
    word: str
    suggestion: str

    def __str__(self) -> str:
        return f"“{self.word}” in: {self.sentence} ({self.suggestion})"


_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1[`~]*\s*?$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=\S)|(?<=[。！？；])|\n+|(?<!\\)\|")
_CLAUSE = re.compile(
    r"[,;:]|\s[-–—]\s|\b(?:but|and then|because|while|which|when|after|so)\b|[，：]"
)
_HANDLE = re.compile(r"(?<![\w.@/\\])\\?@[A-Za-z][\w-]{1,38}\b(?!\.\w)")
_ADDRESS = re.compile(r"\b[\w.+-]+\\?@[\w-]+(?:\.[\w-]+)+\b")
_WORD_NAME = r"[A-Z][a-z]+(?:[-'’][A-Z][a-z]+)?"
_BY_NAME = re.compile(rf"\b(?:[Bb]y|[Ff]rom|[Aa]sk|[Tt]hank) ({_WORD_NAME}(?: {_WORD_NAME})?)\b")
_NAME_ACTS = re.compile(rf"\b({_WORD_NAME}(?: {_WORD_NAME})?) (?:{HUMAN_VERBS})\b")
_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_WORDS = re.compile(r"[\w'’-]+")


def blame_marks(text: str, systems: Iterable[str] = (), people: Iterable[str] = ()) -> list[Mark]:
    """Sentences of a Markdown text that blame, each once per word, in order.

    Args:
        text: Markdown or plain text, English or Chinese.
        systems: names of services and other systems; "failed to" about them is a fact.
        people: names that are known to be of people, such as commit authors.
    """
    known = {name.casefold() for name in systems if name}
    names = [name for name in people if len(name) > 1]
    marks = (m for s in sentences(text) for m in _marks(s, known, names))
    return list(dict.fromkeys(marks))


def sentences(text: str) -> Iterator[str]:
    """The sentences of a Markdown text, without code, one per table cell or list item at most."""
    bare = _SPAN.sub(" … ", _FENCED.sub("\n", text))
    for part in _SENTENCE_END.split(bare):
        sentence = part.strip(" \t#>*-")
        if sentence:
            yield sentence


def _marks(sentence: str, systems: set[str], people: list[str]) -> Iterator[Mark]:
    for pattern, suggestion in PATTERNS:
        for found in pattern.finditer(sentence):
            yield Mark(sentence, found.group(), suggestion)
    for found in FAILED_TO.finditer(sentence):
        if not about_a_system(sentence[: found.start()], systems):
            yield Mark(sentence, found.group(), OMISSION)
    for found in BLAME.finditer(sentence):
        if not _only_systems(sentence, systems):
            yield Mark(sentence, found.group(), FAULT)
    for name in _names(sentence, systems, people):
        yield Mark(sentence, name, NAME)


def about_a_system(before: str, systems: set[str]) -> bool:
    """Whether the subject of a clause that ends here is a system, and no person is in it."""
    return _only_systems(_CLAUSE.split(before)[-1], systems)


def _only_systems(clause: str, systems: set[str]) -> bool:
    words = [word.casefold().strip("'’-") for word in _WORDS.findall(clause)]
    if any(word in PEOPLE_NOUNS for word in words) or any(p in clause for p in CHINESE_PEOPLE):
        return False
    named = any(word in systems or _service_of(word) in systems for word in words)
    generic = any(word in SYSTEM_NOUNS for word in words)
    machine = named or generic or _IP.search(clause) is not None
    return machine or any(noun in clause for noun in CHINESE_SYSTEMS)


def _service_of(instance: str) -> str:
    """catalog-2 → catalog; checkout's → checkout."""
    return re.sub(r"(?:-\d+|['’]s)$", "", instance)


def _names(sentence: str, systems: set[str], people: list[str]) -> Iterator[str]:
    for pattern in (_HANDLE, _ADDRESS):
        yield from (found.group() for found in pattern.finditer(sentence))
    for name in people:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sentence, re.IGNORECASE):
            yield name
    for found in (*_BY_NAME.finditer(sentence), *_NAME_ACTS.finditer(sentence)):
        if _like_a_person(found.group(1), systems):
            yield found.group(1)


def _like_a_person(words: str, systems: set[str]) -> bool:
    """Two capitalised words that are nobody else's, or one that is a common given name."""
    parts = words.split()
    first = parts[0]
    if any(part in NOT_NAMES or part.casefold() in systems | SYSTEM_NOUNS for part in parts):
        return first in GIVEN_NAMES and first.casefold() not in systems
    return len(parts) > 1 or first in GIVEN_NAMES
