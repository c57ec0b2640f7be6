"""The postmortem in a model's words: sections that hold, under the floor's headings and tables."""

from ....incident.report import PostmortemReport
from ....models.protocol import ChatMessage
from ....models.usage import tokens_of
from ....prompts.neutral import Trusted
from ....prompts.render import render, stamp
from ....tools.change_feed import recent_changes
from ...postmortem import TEMPLATE, authors, compose, summarised
from ...reporting.narrator import Narrator, Statement
from ...runtime.case import Case
from ..replies import PostmortemReply
from .causality import certainty
from .check import MOST, Checker
from .facts import AskModel, Fact, Holdings, Payload, at_hand, postmortem_facts, selected

PROMPT = "model/write_postmortem.md"
TEMPLATES = {"en": TEMPLATE, "zh": "postmortem.zh.md"}
TOKENS = 1260
"""Of the whole prompt, as models/usage estimates it. Low on purpose: ids and digits take more
by a tokenizer, and a budget that is kept is worth more than a full one."""


def rewrite_postmortem(
    case: Case,
    floor: PostmortemReport,
    ask_model: AskModel,
    language: str = "en",
    payload: Payload | None = None,
) -> PostmortemReport:
    """The floor's postmortem with the sentences of a model that hold against the record.

    Args:
        case: the incident as it stands.
        floor: the playbook's report; its action items are kept, and its text where nothing holds.
        ask_model: asks the model for a reply of a schema.
        language: en or zh.
        payload: fetches evidence payloads by digest; by default those of this process's calls.

    Raises:
        ModelError: no usable answer from the model.
    """
    people = authors(case.tools.call(recent_changes).rows)
    facts = postmortem_facts(Narrator(case.document, people, case.catalogue))
    reply = ask_model(_messages(case, facts, language), PostmortemReply, stamp(PROMPT))
    assert isinstance(reply, PostmortemReply)
    say = Narrator(case.document, people, case.catalogue)
    held = Holdings(say, facts, payload or at_hand(case))
    checker = Checker(say, held, language)
    told = _told(checker, reply)
    unproven = [*floor.unproven, *checker.unproven]
    if not any(told.values()):
        why = "no sentence of the model's draft held against the record"
        return floor.model_copy(update={"unproven": unproven, "fallback": why})
    draft = compose(say, case.now, floor.follow_ups, told, TEMPLATES[language])
    return floor.model_copy(
        update={
            "source": "model",
            "summary": summarised(case.document, draft),
            "markdown": draft.markdown,
            "blame_marks": draft.marks + draft.left,
            "unproven": unproven,
        }
    )


def _told(checker: Checker, reply: PostmortemReply) -> dict[str, list[Statement]]:
    return {name: checker.claims(getattr(reply, name)) for name in PostmortemReply.model_fields}


def _messages(case: Case, facts: list[Fact], language: str) -> tuple[ChatMessage, ...]:
    cause = Trusted(certainty(case.document))
    system = render(PROMPT, cause=cause, most=MOST - 1, language=language)
    chosen = selected(facts, TOKENS - tokens_of(system))
    return ChatMessage("system", system), ChatMessage(
        "user", "\n".join(fact.line for fact in chosen)
    )
