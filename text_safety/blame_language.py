# ruff: noqa: RUF001 (typographic and Chinese punctuation is what it looks for)
"""Blame language: sentences that judge people instead of describing systems, found and reworded.

The words are blame.yaml. "failed to" is marked unless its subject is a system; names, handles and
addresses of people are marked everywhere. Code spans and fenced blocks are quotations of machines
and are not judged.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from ..yaml_tables import AnyCase, Entry, Pattern, Words, read_table

Reason = Literal["hindsight", "trait", "fault", "omission", "system_deeper", "exhortation", "name"]


class Marked(Entry):
    """Words that are marked, and why."""

    instead: Reason
    pattern: AnyCase


class Neutral(Entry):
    """What blaming words are replaced by."""

    pattern: AnyCase
    write: str


class BlameTable(Entry):
    """Words that put a person on trial, with what to write instead."""

    instead: dict[Reason, str]
    marked: tuple[Marked, ...]
    blame: AnyCase
    failed_to: AnyCase
    people: Words
    systems: Words
    people_zh: Words
    systems_zh: Words
    human_verbs: Pattern
    not_names: Words
    given_names: Words
    neutral: tuple[Neutral, ...]

    @cached_property
    def name_acts(self) -> re.Pattern[str]:
        """A name, and what somebody of that name did."""
        return re.compile(rf"\b({_WORD_NAME}(?: {_WORD_NAME})?) (?:{self.human_verbs})\b")


@cache
def table() -> BlameTable:
    """The words of blame.yaml."""
    return read_table("text_safety/blame.yaml", BlameTable)


ROLE_OF_AUTHOR = "the change's author"
"""How the author of a commit or deploy is written in any text of ours."""
WITHHELD = "(a sentence is withheld here: its wording judged or named a person)"


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
    words = table()
    for entry in words.marked:
        for found in entry.pattern.finditer(sentence):
            yield Mark(sentence, found.group(), words.instead[entry.instead])
    for found in words.failed_to.finditer(sentence):
        if not about_a_system(sentence[: found.start()], systems):
            yield Mark(sentence, found.group(), words.instead["omission"])
    for found in words.blame.finditer(sentence):
        if not _only_systems(sentence, systems):
            yield Mark(sentence, found.group(), words.instead["fault"])
    for name in _names(sentence, systems, people):
        yield Mark(sentence, name, words.instead["name"])


def about_a_system(before: str, systems: set[str]) -> bool:
    """Whether the subject of a clause that ends here is a system, and no person is in it."""
    return _only_systems(_CLAUSE.split(before)[-1], systems)


def _only_systems(clause: str, systems: set[str]) -> bool:
    known = table()
    words = [word.casefold().strip("'’-") for word in _WORDS.findall(clause)]
    if any(word in known.people for word in words) or any(p in clause for p in known.people_zh):
        return False
    named = any(word in systems or _service_of(word) in systems for word in words)
    generic = any(word in known.systems for word in words)
    machine = named or generic or _IP.search(clause) is not None
    return machine or any(noun in clause for noun in known.systems_zh)


def _service_of(instance: str) -> str:
    """catalog-2 → catalog; checkout's → checkout."""
    return re.sub(r"(?:-\d+|['’]s)$", "", instance)


def _names(sentence: str, systems: set[str], people: list[str]) -> Iterator[str]:
    for pattern in (_HANDLE, _ADDRESS):
        yield from (found.group() for found in pattern.finditer(sentence))
    for name in people:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sentence, re.IGNORECASE):
            yield name
    for found in (*_BY_NAME.finditer(sentence), *table().name_acts.finditer(sentence)):
        if _like_a_person(found.group(1), systems):
            yield found.group(1)


def _like_a_person(words: str, systems: set[str]) -> bool:
    """Two capitalised words that are nobody else's, or one that is a common given name."""
    known = table()
    parts = words.split()
    first = parts[0]
    if any(part in known.not_names or part.casefold() in systems | known.systems for part in parts):
        return first in known.given_names and first.casefold() not in systems
    return len(parts) > 1 or first in known.given_names


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
    names = {mark.word for mark in marks if mark.suggestion == table().instead["name"]}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(re.escape(name), ROLE_OF_AUTHOR, text, flags=re.IGNORECASE)
    return text


def _neutral(text: str) -> str:
    for entry in table().neutral:
        text = entry.pattern.sub(entry.write, text)
    return text
