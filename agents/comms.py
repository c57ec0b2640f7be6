"""Comms: who is told what (step 9), and which customers were hurt (step 10).

Nothing is sent from here. The stage, the audiences, the channels and the time of the next update
follow from the document; the wording is in prompts/. External text waits for a person.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from pydantic import Field

from ..incident.action import Verdict
from ..incident.communication import EXTERNAL, REPLACED_BY, Audience, Message, MessageState
from ..incident.document import Incident
from ..incident.evidence import Quote
from ..incident.report import CommunicationReport, CustomerImpactReport, FollowUp, Sentence
from ..incident.severity import Severity
from ..incident.timeline import Event, EventKind, from_ts
from ..prompts.render import letter, stamp
from ..prompts.spoken import hour, listed
from ..prompts.values import clock, plain, zh
from ..tools.segments import hurt_segments
from ..tools.traffic import traffic_impact
from ..yaml_tables import Entry, read_table
from .reporting.briefing import Briefing, brief
from .reporting.impact import customer_report
from .reporting.incident_status import Stage, ended, likely_cause, security_agrees, stage
from .runtime.case import Case


class Subjects(Entry):
    """How a subject is written in one language, by stage."""

    notice: str = Field(description="of a security notice")
    ours: str = Field(description="where no component is named")
    head: str = Field(description="inside; {level}, {where}, {what} and {id} are filled in")
    day: str = Field(description="of a day's mail; {at} and {count}, of incidents, are filled in")
    unchanged: str = Field(description="where an update has no news; {at} is filled in")
    inside: dict[Stage, str]
    outside: dict[Stage, str] = Field(description="{what} is filled in")


class CommsTable(Entry):
    """comms.yaml, which says what each is for."""

    channels: dict[Severity, list[str]]
    own_channels: dict[Audience, list[str]]
    audiences: dict[Severity, dict[Audience, str]]
    subjects: dict[str, Subjects]


@cache
def table() -> CommsTable:
    """The table of comms.yaml."""
    return read_table("agents/comms.yaml", CommsTable)


def channels(severity: Severity, audience: Audience) -> list[str]:
    """The severity's channels inside the house; outside, the audience's own."""
    return table().own_channels.get(audience) or table().channels[severity]


def audiences(severity: Severity, stage: Stage, customers_hurt: bool) -> dict[Audience, str]:
    """Which audience gets which template at this stage.

    Args:
        severity: the level; P0 and P1 are told outside too.
        stage: where the incident stands.
        customers_hurt: requests of customers failed; they get an email once it is over.
    """
    if stage in (Stage.noise, Stage.unconfirmed):
        return {Audience.engineering: stage.value}
    if stage is Stage.update and severity is Severity.P3:
        return {}
    plan = dict(table().audiences[severity])
    plan[Audience.engineering] = stage.value
    if stage is Stage.resolved and customers_hurt and Audience.status_page in plan:
        plan[Audience.customers] = "customer_email"
    return plan


def subject(briefing: Briefing, audience: Audience, template: str, language: str) -> str:
    """One line of plain text, at most 120 characters: level, place, stage and id inside the house;
    outside only what customers know."""
    words, stage = table().subjects[language], Stage(briefing.stage)
    if template.startswith(DISCLOSURE):
        return words.notice
    if audience in EXTERNAL:
        what = listed(briefing.components, language) or words.ours
        return plain(words.outside[stage].format(what=what), 120)
    level = zh(briefing.severity) if language == "zh" else briefing.severity
    first = [briefing.worst.service] if briefing.worst else briefing.services[:1]
    where = listed(first, language) or words.ours
    what, filled = words.inside[stage], {"level": level, "where": where, "id": briefing.id}
    return plain(words.head.format(what=what, **filled), 120)


DISCLOSURE = "security_disclosure"
ONCE = (Stage.declared, Stage.resolved, Stage.noise, Stage.unconfirmed)
"""Stages told once; updates repeat."""


def announce(case: Case) -> CommunicationReport:
    """Step 9: the messages due now."""
    return communicate(case.document, case.now, (case.settings.language,))


def assess_customers(case: Case) -> CustomerImpactReport:
    """Step 10: customer impact from the traffic at the edge and the document."""
    end = min(case.now, from_ts(case.frame.incident.end)) if case.recorded else case.now
    asked = case.tools.call(traffic_impact), case.tools.call(hurt_segments)
    return customer_report(case.document, *asked, end)


def communicate(
    document: Incident, now: datetime, languages: Sequence[str] = ("en",)
) -> CommunicationReport:
    """The messages that the document's stage asks for, as drafts, with the reasons.

    Args:
        document: the record; nothing else is consulted.
        now: the time of writing, aware, UTC.
        languages: "en", "zh"; one message per audience and language.
    """
    number = len(document.communications) + 1
    drafts = _drafts(document, brief(document, now), languages)
    messages = [m.model_copy(update={"id": f"M{n}"}) for n, m in enumerate(drafts, number)]
    return CommunicationReport(
        specialist="comms",
        conclusion="concluded",
        summary=_summary(document, messages, now),
        searched=sorted({q.evidence for m in messages for q in m.quotes}),
        messages=messages,
        events=[_event(m, now) for m in messages if m.external],
        follow_ups=_legal(document, now),
    )


def _drafts(document: Incident, briefing: Briefing, languages: Iterable[str]) -> Iterable[Message]:
    severity, now_at = document.severity or Severity.P3, stage(document)
    hurt = document.impact is not None and document.impact.failed_requests > 0
    plan = audiences(severity, now_at, hurt)
    chosen = list(plan.items())
    if security_agrees(document) and now_at in (Stage.update, Stage.resolved):
        # The disclosure takes the place of the plain email: one letter, not two.
        chosen = [pair for pair in chosen if pair[0] is not Audience.customers]
        chosen.append((Audience.customers, DISCLOSURE))
    for audience, name in chosen:
        for language in languages:
            template = f"{name}.{language}.md"
            refused = now_at is Stage.resolved and _refused(document, template)
            if not refused and not _told(document, template, audience, now_at):
                message = _message(document, briefing, audience, template, language)
                if not _said_no(document, message):
                    yield message


def _message(
    document: Incident, briefing: Briefing, audience: Audience, template: str, language: str
) -> Message:
    severity = document.severity or Severity.P3
    waits = audience in EXTERNAL
    return Message(
        id="M0",
        template=stamp(template),
        audience=audience,
        channels=channels(severity, audience),
        subject=subject(briefing, audience, template, language),
        body=body(document, briefing, audience, template, language),
        language=language,
        quotes=_quotes(document, audience),
        state=MessageState.awaiting_approval if waits else MessageState.draft,
        created_at=briefing.now,
    )


def handing_over(
    document: Incident, now: datetime, language: str, quiet: bool, again: datetime | None = None
) -> Message:
    """What is told inside where it ended unresolved; quiet: nobody is woken; again: looks then."""
    at = Stage.unclear if again else Stage.quiet if quiet else Stage.handed_over
    briefing = replace(brief(document, now), stage=at.value, next_update=again)
    told = _message(document, briefing, Audience.engineering, f"{at}.{language}.md", language)
    return told.model_copy(update={"channels": table().channels[Severity.P2]}) if quiet else told


def retold(
    document: Incident, now: datetime, message: Message, story: Sequence[Sentence]
) -> Message:
    """A message as drafted, with these sentences besides the template's own facts."""
    briefing = replace(brief(document, now), story=tuple(story))
    text = body(document, briefing, message.audience, message.name, message.language)
    return message.model_copy(update={"body": text})


def body(
    document: Incident, briefing: Briefing, audience: Audience, template: str, language: str
) -> str:
    """What an audience is told; an update tells it what it was not told yet."""
    kinds = (MessageState.sent, MessageState.approved)
    same = [
        m
        for m in document.communications
        if (m.audience, m.language) == (audience, language) and m.state in kinds
    ]
    if not same or briefing.stage != Stage.update or audience is Audience.customers:
        return letter(template, **vars(briefing))
    text = letter(template, "\n".join(m.body for m in same), **vars(briefing))
    head, *rest = text.rstrip("\n").split("\n\n")
    last = hour(same[-1].sent_at or same[-1].created_at, briefing.now, language)
    soon = hour(briefing.next_update, briefing.now, language)
    news = [paragraph for paragraph in rest if soon not in paragraph]
    none = [] if news else [table().subjects[language].unchanged.format(at=last)]
    return "\n\n".join([head, *none, *rest]) + "\n"


def _quotes(document: Incident, audience: Audience) -> list[Quote]:
    """The record's own quotes behind the text's numbers; outside only the impact is told."""
    quotes = list(document.impact.quotes) if document.impact else []
    if audience not in EXTERNAL:
        cause = likely_cause(document)
        quotes += [q for finding in document.findings[:5] for q in finding.quotes]
        quotes += [q for argument in (cause.support if cause else []) for q in argument.quotes]
    return list({(q.evidence, q.pointer): q for q in quotes}.values())


def _refused(document: Incident, template: str) -> bool:
    """Whether a person refused to tell that it began, and nobody was told: then nobody is told that
    it ended either. A notice of a breach is asked for again all the same."""
    if template.startswith(DISCLOSURE):
        return False
    same = [m for m in document.communications if m.name == template]
    refusals = {
        decision.subject
        for decision in document.decisions
        if decision.verdict is Verdict.rejected and decision.by != REPLACED_BY
    }
    sent = any(message.state is MessageState.sent for message in same)
    return not sent and any(message.hash in refusals for message in same)


def _said_no(document: Incident, message: Message) -> bool:
    """Whether a person refused these very words, whatever the figures in them: they are not asked
    about again before there is something else to say."""
    no = document.refused_text(message)
    texts = [m.body for m in document.communications if no and m.hash == no.subject]
    again = any(_words(text) == _words(message.body) for text in texts)
    return again and not message.template.startswith(DISCLOSURE)


def _words(text: str) -> str:
    return re.sub(r"[\d.,:%-]+", "", text)


def _told(document: Incident, template: str, audience: Audience, now_at: Stage) -> bool:
    """Whether this was already drafted, in a stage that is told once."""
    if now_at not in ONCE:
        return False
    same = [m for m in document.communications if m.name == template]
    if now_at is Stage.resolved:  # audience templates serve every stage: only later ones count
        over = ended(document) or document.opened_at
        same = [m for m in same if m.created_at >= over]
    return any(m.audience is audience for m in same)


def _event(message: Message, now: datetime) -> Event:
    text = f"{message.audience.value}: text drafted, waits for approval: {message.subject}"
    return Event(at=now, actor="comms", kind=EventKind.message, text=text)


def _summary(document: Incident, messages: list[Message], now: datetime) -> str:
    due = brief(document, now).next_update
    when = f"next update by {clock(due)} UTC" if due else "next message on resolution"
    if stage(document) in (Stage.resolved, Stage.noise):
        when = "no further update is due"
    outside = sum(message.external for message in messages)
    told = ", ".join(dict.fromkeys(m.audience.value for m in messages)) or "nobody new"
    waits = f"; {outside} wait for approval" if outside else ""
    return f"{stage(document).value}: {len(messages)} messages to {told}{waits}; {when}"


def _legal(document: Incident, now: datetime) -> list[FollowUp]:
    """A security incident has a clock of its own: authorities may have to be told in 72 hours."""
    known = any(item.owner == "legal" for item in document.follow_ups)
    if known or not security_agrees(document) or stage(document) is Stage.noise:
        return []
    return [
        FollowUp(
            title="Decide whether authorities and customers must be notified of this incident",
            kind="fix",
            owner="legal",
            due=now + timedelta(hours=72),
            priority=1,
            rationale="security incident; notification duties commonly run 72 hours",
            evidence=sorted({q.evidence for f in document.findings for q in f.quotes})[:5],
        )
    ]
