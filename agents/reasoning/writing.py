"""Postmortem and messages in a model's words: what the templates tell stays, checked sentences are
added.
"""

from collections.abc import Iterable

from ...incident.communication import Audience, Message
from ...incident.document import Incident
from ...incident.report import CommunicationReport, PostmortemReport, Sentence
from ...models.protocol import ChatMessage
from ...models.usage import tokens_of
from ...prompts.render import render, stamp
from ...prompts.values import Trusted, plain
from ...tools.change_feed import recent_changes
from ..comms import DISCLOSURE, communicate, retold
from ..postmortem import authors, compose, summarised
from ..reporting.briefing import Briefing, brief
from ..reporting.narrator import Narrator, Statement
from ..runtime.case import Case
from .facts import (
    LINE,
    AskModel,
    Fact,
    Holdings,
    Payload,
    postmortem_facts,
    public_facts,
    selected,
    told,
)
from .replies import MessagesReply, PostmortemReply, Written
from .sentences import SENTENCES, Checker, certainty, leak
from .style import by_rule

PROMPT = "model/write_messages.md"
TOKENS = 760
"""Of the whole prompt for all audiences, as models/usage estimates it. Low on purpose: ids and
digits take more by a tokenizer, and a budget that is kept is worth more than a full one."""
MOST = 3
"""Sentences that a message gets."""


def rewrite_messages(
    case: Case, floor: CommunicationReport, ask_model: AskModel, language: str, payload: Payload
) -> CommunicationReport:
    """The floor's messages with the sentences of a model that hold against the record.

    Args as of `rewrite_postmortem`. External text still waits for a person; a security notice
    stays the template's. Raises ModelError: no usable answer from the model.
    """
    base = floor if language == "en" else communicate(case.document, case.now, (language,))
    letters = [m for m in base.messages if not m.template.startswith(DISCLOSURE)]
    if not letters:
        return floor.model_copy(update={"messages": base.messages})
    desk = _Desk(case, language, payload)
    reply = ask_model(desk.messages(letters), MessagesReply, stamp(PROMPT))
    assert isinstance(reply, MessagesReply)
    stories = {m.audience: desk.story(m, getattr(reply, m.audience.name)) for m in letters}
    unproven = [*floor.unproven, *desk.inside.unproven]
    if not any(stories.values()):
        why = "no sentence of the model's messages held against the record"
        return base.model_copy(update={"unproven": unproven, "fallback": why})
    return base.model_copy(
        update={
            "source": "model",
            "unproven": unproven,
            "messages": [_with(case, m, stories) for m in base.messages],
        }
    )


def _with(case: Case, message: Message, stories: dict[Audience, list[Sentence]]) -> Message:
    story = stories.get(message.audience)
    plain = message.template.startswith(DISCLOSURE) or not story
    return message if plain else retold(case.document, case.now, message, story or [])


class _Desk:
    """What messages are written from and checked against: inside all facts, outside P facts."""

    def __init__(self, case: Case, language: str, payload: Payload) -> None:
        self.case, self.language = case, language
        people = authors(case.tools.call(recent_changes).rows)
        self.say = Narrator(case.document, people, case.catalogue)
        self.briefing = brief(case.document, case.now)
        self.public = public_facts(self.briefing)
        self.facts = [*self.public, *told(self.say), *_known(self.briefing)]
        self.inside = Checker(self.say, Holdings(self.say, self.facts, payload), language)
        self.inner = [*self.say.systems, *people, *inner_names(case.document)]

    def messages(self, letters: list[Message]) -> tuple[ChatMessage, ...]:
        """The prompt: P facts always, the others as far as there is room."""
        noes = filter(None, map(self.case.document.refused_text, letters))
        values = {
            "refused": plain("; ".join(dict.fromkeys(no.reason for no in noes)), LINE),
            "audiences": [Trusted(m.audience.name) for m in letters],
            "cause": Trusted(certainty(self.case.document)),
            "language": self.language,
        }
        system = render(PROMPT, **values)
        chosen = selected(self.facts, TOKENS - tokens_of(system))
        return ChatMessage("system", system), ChatMessage("user", "\n".join(f.line for f in chosen))

    def story(self, letter: Message, written: list[Written]) -> list[Sentence]:
        """The sentences for one audience that hold."""
        if letter.external:
            written = [sentence for sentence in written if self._may_leave(letter, sentence)]
        written = [sentence for sentence in written if self._well_said(letter, sentence)]
        claims = self.inside.claims(written)[:MOST]
        return [Sentence(text=c.text, evidence=_evidence(c)) for c in claims]

    def _well_said(self, letter: Message, written: Written) -> bool:
        """Whether it keeps the rules that all our messages keep."""
        broken = next(by_rule(written.text, self.language, letter.external, self.inner), None)
        if broken:
            self.inside.unproven.append(f"{written.text[:400]} :: {broken.why}")
        return broken is None

    def _may_leave(self, letter: Message, written: Written) -> bool:
        """Whether a public sentence rests on P facts and names nothing of the inside."""
        allowed = {fact.id for fact in self.public}
        inside = [ref for ref in written.refs if ref.strip("[] ") not in allowed]
        reason = f"{', '.join(inside)} is not public" if inside else ""
        public = "\n".join([letter.body, letter.subject, *(fact.text for fact in self.public)])
        reason = reason or leak(written.text, self.briefing, public, self.inner)
        if reason:
            self.inside.unproven.append(f"{written.text[:400].replace(' :: ', ': ')} :: {reason}")
        return not reason


def _known(briefing: Briefing) -> list[Fact]:
    """Findings (K), with the evidence they rest on."""
    facts = briefing.facts
    return [Fact(f"K{n}", f.text, tuple(f.evidence), 2) for n, f in enumerate(facts, 1)]


def _evidence(claim: Statement) -> list[str]:
    """Timeline rows have no numbers in a message: only evidence is cited there."""
    return [ref for ref in claim.refs if ref.startswith("E")]


def inner_names(document: Incident) -> Iterable[str]:
    """Suppliers, tables, flags, versions and teams that the record names."""
    for hypothesis in document.hypotheses:
        yield from (hypothesis.resource, hypothesis.change)
    for state in document.services:
        yield state.team
    yield from (record.tool for record in document.evidence)
    yield from (name for plan in document.proposals for name in (plan.target,))


POSTMORTEM_PROMPT = "model/write_postmortem.md"
POSTMORTEM_TOKENS = 1260
"""Of the whole prompt, as models/usage estimates it. Low on purpose: ids and digits take more
by a tokenizer, and a budget that is kept is worth more than a full one."""


def rewrite_postmortem(
    case: Case, floor: PostmortemReport, ask_model: AskModel, language: str, payload: Payload
) -> PostmortemReport:
    """The floor's postmortem with the sentences of a model that hold against the record.

    Args:
        case: the incident as it stands.
        floor: the playbook's report; its action items are kept, and its text where nothing holds.
        ask_model: asks the model for a reply of a schema.
        language: en or zh.
        payload: fetches evidence payloads by digest.

    Raises:
        ModelError: no usable answer from the model.
    """
    people = authors(case.tools.call(recent_changes).rows)
    facts = postmortem_facts(Narrator(case.document, people, case.catalogue))
    reply = ask_model(_asking(case, facts, language), PostmortemReply, stamp(POSTMORTEM_PROMPT))
    assert isinstance(reply, PostmortemReply)
    say = Narrator(case.document, people, case.catalogue, language)
    held = Holdings(say, facts, payload)
    checker = Checker(say, held, language)
    told = _sections(checker, reply)
    unproven = [*floor.unproven, *checker.unproven]
    if not any(told.values()):
        why = "no sentence of the model's draft held against the record"
        return floor.model_copy(update={"unproven": unproven, "fallback": why})
    draft = compose(say, case.now, floor.follow_ups, told)
    return floor.model_copy(
        update={
            "source": "model",
            "summary": summarised(case.document, draft),
            "markdown": draft.markdown,
            "blame_marks": draft.marks + draft.left,
            "unproven": unproven,
        }
    )


def _sections(checker: Checker, reply: PostmortemReply) -> dict[str, list[Statement]]:
    return {name: checker.claims(getattr(reply, name)) for name in PostmortemReply.model_fields}


def _asking(case: Case, facts: list[Fact], language: str) -> tuple[ChatMessage, ...]:
    cause = Trusted(certainty(case.document))
    system = render(POSTMORTEM_PROMPT, cause=cause, most=SENTENCES - 1, language=language)
    chosen = selected(facts, POSTMORTEM_TOKENS - tokens_of(system))
    return ChatMessage("system", system), ChatMessage(
        "user", "\n".join(fact.line for fact in chosen)
    )
