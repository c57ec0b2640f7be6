"""Whom an answer in free text blames, by rule.

What stands under its heading `Root cause` is read, else its first paragraph. The first sentence
that names a service decides, and in it the words after the last `due to` or its like, up to what
only came of it. Who names several there has decided for nobody.
"""

import re
from collections.abc import Iterable

from ...yaml_tables import AnyCase, read_table
from ..rca.answers import Blamed, RcaAnswer, Reason

WORDS = read_table("evals/peers/words.yaml", dict[str, AnyCase])
HEDGED = 0.5
"""The confidence of an answer that says itself that it is not sure; else it is 1."""
LONGEST = 600
"""Characters of its words that are kept."""
ITEM = re.compile(r"\n[ \t]*(?:\d+[.)]|[-*])[ \t]+")
OVER = re.compile(r"\n\s*\n|\n(?=[ \t]*#)")
"""A paragraph ends."""
SENTENCE = re.compile(r"(?<=[.!?])[*_`]*\s+(?=[A-Z`*_])")


def read(text: str, services: Iterable[str]) -> RcaAnswer:
    """The services that a text blames, each with the same score; none where it blames nobody."""
    sure, said = _statement(text)
    denied = WORDS["denied"].search(said) and not WORDS["guess"].search(said)
    names = [] if denied else _blamed(said, [*services])
    confidence = HEDGED if sure or WORDS["hedged"].search(said) else 1.0
    why = [Reason(text=said[:LONGEST], weight=0)]
    return RcaAnswer(
        scores=dict.fromkeys(names, 1.0),
        blamed=[Blamed(service=n, kind="", confidence=confidence, reasons=why) for n in names],
    )


def _statement(text: str) -> tuple[str, str]:
    """How unsure the heading is, and what stands under it."""
    headings = [*WORDS["heading"].finditer(text)]
    if not headings:
        return "", OVER.split(text.strip())[0]
    rest = text[headings[-1].end() :]
    if rest.split("\n", 1)[0].strip():  # it begins on the heading's own line
        return headings[-1]["sure"], ITEM.split(OVER.split(rest)[0])[0]
    return headings[-1]["sure"], OVER.split(f"\n{rest.strip()}")[0]


def _blamed(said: str, services: list[str]) -> list[str]:
    """Of a list every item's; else of the first sentence that names one and does not clear it."""
    head, *items = ITEM.split(said)
    found = [name for item in items for name in _first(item, services)]
    return list(dict.fromkeys(found)) or _first(head, services)


def _first(said: str, services: list[str]) -> list[str]:
    for sentence in SENTENCE.split(" ".join(said.split())):
        if not WORDS["cleared"].search(sentence):
            for clause in reversed(WORDS["caused"].split(sentence)):
                if names := named(WORDS["effect"].split(clause)[0], services):
                    return names
    return []


def named(text: str, services: Iterable[str]) -> list[str]:
    """The services in a text, in its order; `cart service` is cart-service, too."""
    found: dict[str, int] = {}
    for name in sorted(services, key=len, reverse=True):
        loose = r"[-_ ]?".join(map(re.escape, re.split(r"[-_ ]", name)))
        pattern = re.compile(rf"(?<![\w-]){loose}(?![\w-])", re.IGNORECASE)
        if here := pattern.search(text):
            found[name] = here.start()
            text = pattern.sub(lambda one: " " * len(one[0]), text)  # no part of it counts again
    return sorted(found, key=found.__getitem__)
