"""One sentence of a model's against the record: told with its references, or left out with why."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ....incident.document import Incident
from ....text_safety.blame_language import WITHHELD
from ....text_safety.injection import speaks
from ...reporting.narrator import Narrator, Statement
from ..figures import Held, figures
from ..replies import Written
from .causality import objection
from .facts import Holdings

LONGEST = 420
"""Characters of one sentence."""
MOST = 5
"""Sentences of one section."""
_INLINE = re.compile(r"\s*[\[(](?:[A-Z]\d{1,4}[,;\s]*)+[\])]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass
class Checker:
    """Checks sentences; `unproven` lists what was left out, as a report's field of that name."""

    say: Narrator
    holdings: Holdings
    language: str
    unproven: list[str] = field(default_factory=list)

    def claims(self, written: Iterable[Written]) -> list[Statement]:
        """The sentences that hold, in neutral words, each once, with what they rest on."""
        found: dict[str, Statement] = {}
        for sentence in list(written)[: MOST * 3]:
            claim = self.claim(sentence)
            if claim is not None and len(found) < MOST:
                found.setdefault(claim.text, claim)
        return list(found.values())

    def claim(self, written: Written) -> Statement | None:
        """The sentence as a claim; None: it does not hold, and that is listed."""
        raw = " ".join(_INLINE.sub("", written.text).split())
        if not raw:
            return None
        refs = [ref.strip().strip("[]()") for ref in written.refs]
        text = self.say.clean(raw)
        reason = self.objection(text, refs)
        if reason:
            self.unproven.append(f"{raw[:LONGEST].replace(' :: ', ': ')} :: {reason}")
            return None
        text = text if self.language == "zh" else text[:1].upper() + text[1:]
        return Statement(text, tuple(self.say.cite(self.holdings.rests(refs))) or ("T1",))

    def objection(self, text: str, refs: list[str]) -> str:
        """Why a sentence is left out; empty: it holds."""
        unknown = [ref for ref in refs if not self.holdings.known(ref)]
        if unknown:
            return f"there is no {', '.join(unknown)} in the record"
        if not refs:
            return "it names nothing that it rests on"
        held = self.holdings.of(refs)
        return (
            _form(text, self.language)
            or self._stray(text, held, refs)
            or objection(text, held.words, self.say.document)
        )

    def _stray(self, text: str, held: Held, refs: list[str]) -> str:
        """Figures and systems that the references do not hold."""
        own = labels(self.say.document) | set(refs)
        stray = [f.text for f in figures(text) if f.text not in own and not held.has(f)]
        stray += [n for n in self.say.systems if named(n, text) and not named(n, held.words)]
        return f"its references do not say {', '.join(stray)}" if stray else ""


def labels(document: Incident) -> set[str]:
    """The incident's id and level, by both names: they need no proof."""
    level = document.severity
    return {document.id, *((level.value, f"SEV-{level.rank + 1}") if level else ())}


def named(name: str, text: str) -> bool:
    """Whether a text names a system, also as a word within Chinese."""
    pattern = rf"(?<![a-z0-9_-]){re.escape(name.casefold())}(?![a-z0-9_]|-[a-z0-9])"
    return re.search(pattern, text.casefold()) is not None


def _form(text: str, language: str) -> str:
    if len(text) > LONGEST:
        return "too long for a sentence"
    if WITHHELD in text:
        return "it judges or names a person"
    if speaks(text):
        return "it repeats an instruction"
    chinese = len(_CHINESE.findall(text))
    fits = chinese > 0 if language == "zh" else chinese <= len(text) // 5
    return "" if fits else "it is not in the language asked for"
