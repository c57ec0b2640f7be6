"""One sentence of a model's against the record: told with its references, or left out with why.

Causes may be told as the record has them: confirmed, likely, or unknown; nothing else. Outside the
house may be told what the public templates could say, in other words: times, the share of requests
hurt, the components as customers know them, what customers may meet and whether it is over. Never a
cause, a system behind the components, a supplier, a version, a host, evidence, a person or a sum,
and no promise. Words by which all of this is told, English and Chinese, are in sentences.yaml.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from ...analysis.fusion import CONCLUSIVE
from ...faults import fault_of, faults
from ...incident.document import Incident
from ...incident.finding import Hypothesis
from ...text_safety.blame_language import WITHHELD
from ...text_safety.injection import speaks
from ...yaml_tables import AnyCase, Entry, Regex, read_table
from ..reporting.briefing import Briefing
from ..reporting.incident_status import ended, likely_cause, solution
from ..reporting.narrator import Narrator, Statement
from .facts import Holdings
from .figures import Held, figures
from .replies import Written


class SentenceWords(Entry):
    """sentences.yaml, which says what each is for."""

    causal: AnyCase
    open: AnyCase
    likely: AnyCase
    sure: AnyCase
    weighed: AnyCase
    doubt: AnyCase
    over: AnyCase
    not_yet: AnyCase
    machine: Regex
    proper: Regex
    promise: AnyCase
    personal: AnyCase
    found: AnyCase
    searching: Regex
    operations: AnyCase


@cache
def words() -> SentenceWords:
    """The words of sentences.yaml."""
    return read_table("agents/reasoning/sentences.yaml", SentenceWords)


def overstated(text: str, cited: str, document: Incident) -> str:
    """Why a sentence may not be told as it is; empty: it may.

    Args:
        text: the sentence.
        cited: all texts of its references.
        document: the record.
    """
    return (
        _fault(text, cited, document)
        or (_strength(text, document) if words().causal.search(text) else "")
        or _too_early(text, document)
    )


def certainty(document: Incident) -> str:
    """How the cause may be told, as an instruction to who writes."""
    cause = likely_cause(document)
    if cause is None:
        return 'The cause is not established: say so, and call every candidate "possible".'
    if len(several := _side_by_side(document)) > 1:
        return f'{len(several)} faults are true side by side: say "most likely" of each.'
    if cause.confirmed:
        return "The cause C1 is confirmed; name no other cause."
    return 'The cause C1 is likely, not confirmed: say "most likely" and name no other cause.'


def _side_by_side(document: Incident) -> list[Hypothesis]:
    """The causes that are each more likely than not."""
    return [h for h in document.hypotheses if h.standing and h.confidence >= CONCLUSIVE]


def _fault(text: str, cited: str, document: Incident) -> str:
    """Kinds of fault that the references do not name, or that lost against the likely cause."""
    cause = likely_cause(document)
    ours = fault_of(cause.kind).named if cause else None
    known = {h.kind for h in (*_side_by_side(document), *filter(None, [cause]))}
    lost = {h.kind for h in document.hypotheses if cause and h.kind not in known}
    for kind, fault in faults().items():
        if not fault.named or not fault.named.search(text) or fault.named == ours:
            continue
        if not fault.named.search(cited):
            return f"the references say nothing of a {kind}"
        doubted = words().weighed.search(text) or words().doubt.search(text)
        if kind in lost and words().causal.search(text) and not doubted:
            return f"{kind} is not the cause on record"
    return ""


def _strength(text: str, document: Incident) -> str:
    cause, said = likely_cause(document), words()
    sure, likely = said.sure.search(text), said.likely.search(text)
    unsettled = said.open.search(text)
    if cause is None:
        return "" if unsettled and not sure else "the record has no established cause"
    if cause.confirmed or said.weighed.search(text):
        return ""
    firm = sure or not (likely or unsettled)
    return "the record calls this cause likely, not confirmed" if firm else ""


def _too_early(text: str, document: Incident) -> str:
    if ended(document) or solution(document) or words().not_yet.search(text):
        return ""
    return "the record has no recovery" if words().over.search(text) else ""


LONGEST = 420
"""Characters of one sentence."""
SENTENCES = 5
"""Sentences of one section."""
_INLINE = re.compile(r"\s*[\[(](?:[A-Z]\d{1,4}[,;\s]*)+[\])]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass
class Checker:
    """Checks sentences; `unproven` lists what was left out, as a report's field of that name."""

    say: Narrator
    holdings: Holdings
    language: str
    theirs: bool = False  # a person called it over: what caused it is theirs to say
    unproven: list[str] = field(default_factory=list)

    def claims(self, written: Iterable[Written]) -> list[Statement]:
        """The sentences that hold, in neutral words, each once, with what they rest on."""
        found: dict[str, Statement] = {}
        for sentence in list(written)[: SENTENCES * 3]:
            claim = self.claim(sentence)
            if claim is not None and len(found) < SENTENCES:
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
            or ("" if self.theirs else overstated(text, held.words, self.say.document))
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


def leak(text: str, briefing: Briefing, public: str, inner: Iterable[str]) -> str:
    """What in a public sentence stays inside; empty: nothing.

    Args:
        text: the sentence.
        briefing: of the document.
        public: all that the floor tells this audience; words of it are no secret.
        inner: names of systems, suppliers, teams and people.
    """
    for name in inner:
        if len(name) > 2 and _names(name, text) and not _names(name, public):
            return f"{name} is not named outside"
    strange = [*words().machine.findall(text), *words().proper.findall(text)]
    strange = [word for word in strange if not named(word, public)]
    if strange:
        return f"{', '.join(strange)} is not told outside"
    return _matter(text, briefing)


def _names(name: str, text: str) -> bool:
    """Whether a text holds a name, also as customers would spell it."""
    return named(name, text) or named(re.sub(r"[-_]", " ", name), text)


def _matter(text: str, briefing: Briefing) -> str:
    """Causes, operations, data, promises: nothing for the public unless the templates say it."""
    known = briefing.cause is not None and briefing.cause.likely
    hopeful = words().found.search(text) and known
    named_faults = [f.kind for f in faults().values() if f.named and f.named.search(text)]
    if named_faults or words().operations.search(text):
        return "causes and operations are not told outside"
    if words().causal.search(text) and not (hopeful or words().searching.search(text)):
        return "causes are not told outside"
    if words().found.search(text) and not known:
        return "no cause is found"
    if words().promise.search(text):
        return "it promises what nobody decided"
    return "it speaks of data, accounts or money" if words().personal.search(text) else ""
