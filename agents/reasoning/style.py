"""How a message or a document reads, whoever wrote it: the rules of style.yaml, and what no pattern
tells. What holds against the record is sentences.py's; who is blamed, text_safety's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field

from ...incident.communication import Message
from ...notify import texts
from ...text_safety.blame_language import blame_marks, sentences
from ...yaml_tables import AnyCase, Entry, read_table
from .sentences import named, words

MOST = 1_100
"""Characters of a text that somebody reads at three in the morning."""
OPENING = 3
"""Sentences of the first paragraph: what hurts and what is done, after where it stands."""
_QUOTED = re.compile(r"“[^”]*”|`[^`]*`")
_RAW = re.compile(r"\*\*|\\[^\w\s]|^#", re.MULTILINE)


class Rule(Entry):
    """What is not written, and why."""

    why: str
    pattern: AnyCase
    outside: bool = Field(default=False, description="only where it leaves the house")
    language: str = Field(default="", description="en or zh; empty: both")
    of: Literal["", "letter", "document"] = Field(default="", description="empty: of both")


@dataclass(frozen=True)
class Breach:
    """A sentence that breaks a rule."""

    rule: str
    sentence: str
    why: str = ""


@cache
def rules() -> dict[str, Rule]:
    """The table of style.yaml."""
    return read_table("agents/reasoning/style.yaml", dict[str, Rule])


def breaches(
    message: Message, names: Iterable[str] = (), told: str = "", known: Iterable[str] = ()
) -> list[Breach]:
    """What is wrong with a message, in order.

    Args:
        message: as drafted.
        names: of services, teams and systems of ours: none leaves, and in Chinese they may stay.
        told: what its readers were told before: after its first paragraph it says none of it again.
        known: what customers know our services by.
    """
    ours, found = sorted({*names, *known}, key=len, reverse=True), list[Breach]()
    for line in [message.subject, *filter(None, message.body.split("\n"))]:
        found += by_rule(line, message.language, message.external, ours)
        found += (Breach("blame", line, str(mark)) for mark in blame_marks(line, ours))
    return [*found, *_as_a_whole(message, told), *_leaving(message, {*names} - {*known})]


def by_rule(
    text: str, language: str, outside: bool, names: Iterable[str] = (), of: str = "letter"
) -> Iterator[Breach]:
    """The rules of the table that one sentence or line of a letter, or document, breaks."""
    bare = _QUOTED.sub("", text)
    for name in names if language == "zh" else ():
        bare = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "", bare)
    for name, rule in rules().items():
        applies = (outside or not rule.outside) and rule.language in ("", language)
        if applies and rule.of in ("", of) and (hit := rule.pattern.search(bare)):
            yield Breach(name, text, f"{hit.group()}: {rule.why}")


def _leaving(message: Message, names: Iterable[str]) -> Iterator[Breach]:
    if message.external:
        text = f"{message.subject}\n{message.body}"
        yield from (Breach("inside", name) for name in names if named(name, text))
        if promised := words().promise.search(text):
            yield Breach("promise", promised.group())


def _as_a_whole(message: Message, told: str) -> Iterator[Breach]:
    first, *rest = message.body.strip().split("\n\n")
    if len(message.body) > MOST:
        yield Breach("length", f"{len(message.body)} characters")
    if len(list(sentences(first))) > OPENING:
        yield Breach("opening", first)
    if (short := texts.sms(message)).endswith(".."):
        yield Breach("sms", short)
    for channel in message.channels:
        if raw := _RAW.search(texts.written(message, channel)):
            yield Breach("markup", f"{channel}: {raw.group()}")
    later = [one for paragraph in rest for one in sentences(paragraph)]
    known = [*sentences(told), *sentences(first)]
    for number, one in enumerate(later):
        if one in known or one in later[:number]:
            yield Breach("repeated", one)
