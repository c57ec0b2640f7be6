"""One question to a specialist's model: rules, brief, tools, sized by what it may use.

The rules are the same for all and come first; then incident and case file, which grow slowly; then
what is of this step alone. Tools are listed only where a look and a report are both affordable.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ...incident.document import Incident
from ...incident.report import AnyReport
from ...incident.severity import TARGETS
from ...models.allowance import Allowance, allowance, left_to_reason
from ...models.budget import size_of
from ...models.protocol import Ask, ChatMessage, ToolSpec
from ...models.usage import CHARACTERS_A_TOKEN, estimated
from ...prompts.render import digest, render, stamp
from ...prompts.values import Trusted, plain
from ...settings import Settings
from ..runtime.case import Asked
from .brief import Payload, brief, options
from .conversation import A_ROUND, LEAST_REPLY, MOST_CALLS, Limits

RULES = "model/shared.md"
CHARS_PER_TOKEN = 2.5
"""Of a conversation with tables and schemas: low, so that no endpoint finds it too long."""
REPEAT = 0.3
"""What a question counts that only adds to one before it, where the endpoint keeps prompts."""
LARGE = 100_000
"""Context of models whose endpoints mostly keep prompts: where one does not, its second question
tells."""
HEADINGS = 60
"""Tokens of headings and of what is said about evidence that is not shown."""
MOST_REACH = 24
"""Lines of what there is to act on."""
LEAST_CASE = 260
"""Characters of a case file that still says who is suspected first and what was done last."""
LEAST_TABLES = 900
"""Characters of tables below which a question has too little to show to offer tools as well."""


@dataclass(frozen=True)
class Subject:
    """What is asked, about what."""

    document: Incident
    floor: AnyReport
    asked: Asked
    template: str
    """Of the question: model/debugger.md."""
    leading: str = ""
    """The cause to refute, for the skeptic."""
    reach: tuple[str, ...] = ()
    """What there is to aim a move at, a line each."""


def rules(language: str) -> str:
    """What holds for every question: the system message."""
    return render(RULES, language=language)


def asking(subject: Subject, rounds: int) -> str:
    """The question in words, under a heading that says as who it is answered."""
    levels = [Trusted(f"{level.value}: {of.meaning}") for level, of in TARGETS.items()]
    words = render(
        subject.template,
        step=subject.floor.step,
        rounds=rounds,
        calls=MOST_CALLS,
        options=bool(options(subject.floor)),
        levels=levels,
        leading=Trusted(subject.leading),
        reach=[Trusted(plain(line, 160)) for line in subject.reach[:MOST_REACH]],
    )
    if "worse" in subject.asked.reply.model_fields:
        words += render("model/worse.md", levels=levels if subject.floor.step > 1 else [])
    return f"# Your question, as {Path(subject.template).stem}\n{words}"


def keeps_prompts(document: Incident, context_tokens: int) -> bool:
    """Whether the endpoint counts a question's beginning less where it had it before, as far as
    the questions that went on from another tell; else whether ones of this size mostly do."""
    calls = document.model_calls
    asked = [(call.step, call.purpose, call.attempt) for call in calls]
    went_on = any(before == later for before, later in pairwise(asked))
    kept = any(call.cached_tokens for call in calls)
    return kept or (context_tokens >= LARGE and not went_on)


def stamped(template: str) -> str:
    """Which wording a question had."""
    return f"{stamp(template)}+{digest(RULES)}"


def sized(
    subject: Subject, bare: Ask, tools: tuple[ToolSpec, ...], payload: Payload, settings: Settings
) -> tuple[Ask, Limits]:
    """The ask with its messages and tools, and what its conversation may use.

    Args:
        subject: what is asked about.
        bare: the ask without messages and tools.
        tools: what may be called.
        payload: fetches evidence payloads by digest.
        settings: the model's context and budgets.
    """
    asked = subject.asked
    allowed = allowance(settings, subject.document.severity, asked.effort)
    bare = replace(bare, max_tokens=asked.tokens, prompt=stamped(subject.template))
    limits = Limits(
        rounds=allowed.rounds,
        characters=int((settings.context_tokens - asked.tokens) * CHARS_PER_TOKEN),
        tokens=allowed.tokens,
        left=left_to_reason(settings, subject.document.severity, subject.document.model_calls),
        cached_share=settings.cached_share,
        repeat=REPEAT if keeps_prompts(subject.document, settings.context_tokens) else 1.0,
    )

    def written(offered: tuple[ToolSpec, ...], sizes: Allowance) -> Ask:
        said = asking(subject, allowed.rounds if offered else 0)
        told = brief(
            subject.document,
            subject.floor,
            asked,
            payload,
            sizes,
            said,
            reads_on=bool(offered),
        )
        system = ChatMessage("system", rules(settings.language))
        return replace(bare, messages=(system, ChatMessage("user", told)), tools=offered)

    if tools and allowed.rounds:
        sizes = _fitting(written, tools, allowed, 1 + limits.repeat)
        ask = written(tools, sizes)
        fits = size_of(ask) <= limits.characters
        if fits and sizes.tables >= min(LEAST_TABLES, allowed.tables):
            return ask, limits
    return written((), _fitting(written, (), allowed, 1)), limits


def _fitting(
    written: Callable[[tuple[ToolSpec, ...], Allowance], Ask],
    offered: tuple[ToolSpec, ...],
    allowed: Allowance,
    questions: float,
) -> Allowance:
    """Sizes that leave so many questions and a reply within the tokens: first the tables give way,
    then the case file, down to its most telling lines."""
    room = (allowed.tokens - LEAST_REPLY - (A_ROUND if offered else 0)) / questions

    def left(sizes: Allowance) -> int:
        need = estimated(size_of(written(offered, sizes))) + HEADINGS
        return int((room - need) * CHARACTERS_A_TOKEN)

    bare = replace(allowed, tables=0, case_file=0)
    told = replace(bare, case_file=max(LEAST_CASE, min(allowed.case_file, left(bare))))
    return replace(told, tables=max(0, min(allowed.tables, left(told))))
