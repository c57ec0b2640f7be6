"""Every message of an incident in every stage, as its readers would get them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from warroom.agents.comms import DISCLOSURE, body, channels, subject, table
from warroom.agents.postmortem import draft
from warroom.agents.reasoning.style import Breach, breaches, by_rule, sentences
from warroom.agents.reasoning.writing import inner_names
from warroom.agents.reporting.briefing import Briefing, brief
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.agents.reporting.incident_status import Stage
from warroom.agents.reporting.narrator import Narrator
from warroom.incident.communication import EXTERNAL, Audience, Message, MessageState
from warroom.incident.document import Incident
from warroom.incident.severity import Severity

BY_STAGE = {
    Audience.engineering: "",
    Audience.support: "support_briefing",
    Audience.executives: "executive_summary",
    Audience.status_page: "status_page",
    Audience.customers: "customer_email",
}
ONCE = (Stage.noise, Stage.unconfirmed, Stage.handed_over, Stage.quiet)


def messages(document: Incident, now, language: str) -> Iterator[Message]:
    """All of them, one stage after the other, told one upon the other."""
    document = document.model_copy(update={"communications": []})
    briefing = brief(document, now)
    for stage in (Stage.declared, Stage.update, Stage.resolved, *ONCE):
        over = now if stage is Stage.resolved else None
        at = replace(briefing, stage=stage.value, ended=over)
        for audience, name in BY_STAGE.items():
            if stage not in ONCE and (
                stage is Stage.resolved or audience is not Audience.customers
            ):
                yield _sent(document, at, audience, name or stage.value, language)
        if stage in ONCE:
            yield _sent(document, at, Audience.engineering, stage.value, language)
        elif stage is not Stage.declared:
            yield _sent(document, at, Audience.customers, DISCLOSURE, language)
    yield _sent(document, briefing, Audience.engineering, "page", language)


def _sent(
    document: Incident, at: Briefing, audience: Audience, name: str, language: str
) -> Message:
    template = f"{name}.{language}.md"
    made = Message(
        id=f"M{len(document.communications) + 1}",
        template=template,
        audience=audience,
        channels=[*channels(document.severity or Severity.P3, audience), "sms"],
        subject=subject(at, audience, template, language)
        if at.stage in table().subjects[language].outside or audience not in EXTERNAL
        else "",
        body=body(document, at, audience, template, language),
        language=language,
        state=MessageState.sent,
        created_at=at.now,
    )
    document.communications.append(made)
    return made


def names(document: Incident) -> set[str]:
    """What systems and teams of ours are called, and customers know by no name."""
    known = {state.public_name for state in document.services}
    found = {*Narrator(document).systems, *inner_names(document)}
    found |= {str(v) for plan in document.proposals for v in plan.parameters.values()}
    found |= {s.team for s in document.services} | {document.id, document.command.technical_lead}
    return {name for name in found if len(name) > 2 and name not in known}


def public_names(document: Incident) -> set[str]:
    """What customers know our services by."""
    return {state.public_name for state in document.services if state.public_name}


KNOWN = (
    *("checkout", "gateway", "payments", "catalog", "inventory", "login", "database", "storefront"),
    *("recommendations", "platform", "observability", "warroom", "comms"),
)
"""What parts and teams of the shop are called."""


def in_document(markdown: str, language: str, names: Iterable[str] = ()) -> list[Breach]:
    """What is wrong with incident.md or a postmortem, in order; `names` as of `breaches`."""
    text, ours = _FOLDED.sub("", markdown), sorted(names, key=len, reverse=True)
    lines = [_REFERENCE.sub("", line) for line in text.split("\n") if not _ASIDE.match(line)]
    parts = [part.strip(" |-#*") for line in lines for part in line.split(" | ")]
    found = [b for part in parts for b in by_rule(_bare(part), language, False, ours, "document")]
    told = [one for line in lines if not line.startswith("|") for one in sentences(line)]
    long = [one for n, one in enumerate(told) if len(one) > OWN and one in told[:n]]
    found += [Breach("repeated", one) for one in long]
    if len(text.split()) > PAGE:
        found.append(Breach("length", f"{len(text.split())} words"))
    return found


PAGE, OWN = 1_000, 12
"""Words that somebody reads before folds; characters of a sentence that says something."""
_FOLDED = re.compile(r"<details>.*?</details>|\n## (?:Timeline|时间线)\n.*", re.DOTALL)
_REFERENCE = re.compile(r" *\[[ETGD]\d+\]|\*\*")
_ASIDE = re.compile(r"!\[|\[[ETGD]\d+\]: |\| ---")


def _bare(part: str) -> str:
    return re.sub(r"\\(\W)", r"\1", part)


def in_documents(document: Incident) -> list[tuple[str, Breach]]:
    """All breaches of incident.md and of the postmortem in both languages."""
    ours, now = {*names(document), *KNOWN}, document.opened_at + timedelta(minutes=3)
    texts = {language: draft(document, now, language=language).markdown for language in LANGUAGES}
    found = [(f"postmortem {n}", b) for n, t in texts.items() for b in in_document(t, n, ours)]
    pages = {language: incident_markdown(document, "", language) for language in LANGUAGES}
    return found + [(f"incident {n}", b) for n, t in pages.items() for b in in_document(t, n, ours)]


LANGUAGES = ("en", "zh")


def found(document: Incident, now, language: str) -> list[tuple[Message, Breach]]:
    """All breaches of all messages."""
    ours, pairs, told = names(document), list[tuple[Message, Breach]](), dict[Audience, str]()
    for message in messages(document, now, language):
        before = told.get(message.audience, "") if message.name.startswith("update") else ""
        for breach in breaches(message, ours, before, known=public_names(document)):
            pairs.append((message, breach))
        told[message.audience] = told.get(message.audience, "") + message.body
    return pairs
