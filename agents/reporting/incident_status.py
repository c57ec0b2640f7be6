"""Where an incident stands: facts about time, stage and cause, read off the document."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

from ...faults import faults
from ...incident.action import WELL, Execution, Outcome
from ...incident.document import Incident
from ...incident.finding import FaultKind, Hypothesis
from ...incident.lifecycle import OVER, State
from ...incident.report import DetectionReport, SecurityReport, VerificationReport
from ...incident.severity import TARGETS, Category, IncidentType
from ...prompts.values import duration

SYMPTOMS = {
    IncidentType.security: "slow or refused sign-ins",
    IncidentType.data: "items that cannot be shown or ordered, or details that are wrong",
    IncidentType.performance: "slow pages or timeouts",
    IncidentType.third_party: "missing suggestions or features",
}


FAILING = "errors or slow pages"


class Stage(StrEnum):
    """Where the incident stands, as messages see it."""

    declared = "declared"
    update = "update"
    resolved = "resolved"
    noise = "noise"
    unconfirmed = "unconfirmed"
    unclear = "unclear"  # nothing is known to do yet: it is looked at anew
    handed_over = "handed_over"  # the response ended and it is not resolved
    quiet = "quiet"  # as that, and nothing that alerted does any more


def stage(document: Incident) -> Stage:
    """Declared until something was done or told; then updates; noise and resolution end it."""
    if is_noise(document):
        return Stage.noise
    if document.state in OVER:
        return Stage.resolved
    if is_unconfirmed(document):
        return Stage.unconfirmed
    told = any(m.template.startswith(Stage.declared.value) for m in document.communications)
    return Stage.update if told or document.executions else Stage.declared


def is_noise(document: Incident) -> bool:
    """Whether the latest classification found nothing behind the alert, and nothing was done."""
    first = document.report(DetectionReport)
    called = first is not None and first.noise
    leading = document.leading()
    nothing = leading is not None and leading.kind is FaultKind.no_fault
    over = document.state in OVER
    return not (document.executions or document.by_hand) and (called or (nothing and over))


def first_rated(document: Incident) -> DetectionReport | None:
    """The classification that gave the first level; what came after has a line of its own."""
    return next((one for one in document.reports if isinstance(one, DetectionReport)), None)


def is_unconfirmed(document: Incident) -> bool:
    """Whether nothing shows that anybody is hurt, and nothing shows that all is well: it is asked
    about, not declared."""
    report = document.report(DetectionReport)
    open_question = report is not None and report.unconfirmed and not document.executions
    return open_question and likely_cause(document) is None


def about_security(document: Incident) -> bool:
    """Whether the incident may be an attack: as it was classified, until security has looked."""
    if document.report(SecurityReport) is not None:
        return security_agrees(document)
    return document.type is IncidentType.security or document.category is Category.security


def security_agrees(document: Incident) -> bool:
    """Whether it is most likely an attack, and the security specialist saw one: no text speaks of
    an attack on a word of anybody else."""
    report, cause = document.report(SecurityReport), likely_cause(document)
    if report is None or not report.sees_threat:
        return False
    if cause is not None:
        return cause.kind is FaultKind.credential_attack
    return document.type is IncidentType.security


def unnoticed(document: Incident) -> str:
    """How long it went unnoticed, as exactly as samples tell: 42 s; 30 s to 45 s. Empty where
    nobody knows when it began."""
    began, fired = document.began, document.fired
    if not began.known:
        return ""
    between = began.between or (began.at, began.at)
    longest, shortest = (duration((fired - at).total_seconds()) for at in between)
    return shortest if longest == shortest else f"{shortest} to {longest}"


def ended(document: Incident) -> datetime | None:
    """When it was resolved (or closed); None while it runs."""
    over = (State.resolved, State.closed)
    if document.state not in (*over, State.post_incident):
        return None
    return next((t.at for t in reversed(document.transitions) if t.state in over), None)


def only_called_over(document: Incident) -> bool:
    """Whether a person called it over, and nothing that was measured says so."""
    last = document.report(VerificationReport)
    well = bool(last and last.well) or any(e.outcome in WELL for e in document.executions)
    return document.called_over is not None and not well


def affected(document: Incident) -> list[str]:
    """Names of the services hurt, alerting first; the alert's own where none was assessed."""
    hurt = [s.name for s in document.services if s.role in ("alerting", "affected", "suspect")]
    return hurt or [name for name in (document.alert.service,) if name]


def components(document: Incident) -> list[str]:
    """The affected services by the names that customers know; none for what only we know: no text
    for the public names an internal service."""
    inner = [s for s in document.services if s.role in ("alerting", "affected") and s.public_name]
    ordered = sorted(inner, key=lambda s: s.tier or 9)
    return list(dict.fromkeys(s.public_name for s in ordered))[:4]


def symptom(document: Incident) -> str:
    """What customers may meet, in their words; the wording of both languages is in prompts/."""
    hurt = document.impact and document.impact.failed_share
    if document.type is IncidentType.third_party and hurt:
        return FAILING  # more than a convenience is missing
    return SYMPTOMS.get(document.type, FAILING)


def likely_cause(document: Incident) -> Hypothesis | None:
    """The leading hypothesis where it is sure enough to be told."""
    leading = document.leading()
    if leading is None or leading.kind is FaultKind.unknown:
        return None
    return leading if leading.sure else None


DENIED = re.compile(r"\b(?:not|never|no)\b[^,.;]*?(?=\bbut\b|[,.;]|$)|不是.*?(?=而是|$)", re.I)
"""What a person says that it was not."""


def cause_to_prevent(document: Incident) -> Hypothesis | None:
    """The cause that lasting work follows: the one that a person named who called it over, unless
    a verified action proved ours; else the likely one."""
    ours, over = likely_cause(document), document.called_over
    if over is None or (ours and ours.id in document.proven):
        return ours
    said = DENIED.sub("", over.reason)
    named = (FaultKind(k) for k, f in faults().items() if f.named and f.named.search(said))
    kinds = list(named)
    if not kinds or (ours and ours.kind in kinds):
        return ours
    places = [s.name for s in document.services if s.name in said] or affected(document)
    service = (places or [document.alert.service])[0]
    return Hypothesis(id="", statement=over.reason, service=service, kind=kinds[0], confidence=1.0)


def last_look(document: Incident) -> VerificationReport | None:
    """The last look, where it found that what hurt had ended while no action of ours was under
    way; None: it did not."""
    last = document.report(VerificationReport)
    ended = last and not last.plan and last.outcome in (Outcome.better, Outcome.by_itself)
    return last if ended else None


def by_hand(document: Incident) -> str:
    """What people did right before what hurt had ended; empty: nothing that is on record."""
    last = last_look(document)
    return last.by_hand if last else ""


def solution(document: Incident) -> Execution | None:
    """The last action that telemetry says helped and that was not undone; none, where what hurt
    came back after it and ended without one."""
    if last_look(document):
        return None
    helped = [e for e in document.executions if e.outcome is Outcome.better and not e.undone]
    return helped[-1] if helped else None


def next_update(document: Incident, now: datetime) -> datetime | None:
    """By the severity's cadence; None: the next message comes when something is resolved."""
    if document.severity is None or stage(document) in (Stage.resolved, Stage.noise):
        return None
    minutes = TARGETS[document.severity].update_minutes
    return whole_minute(now + timedelta(minutes=minutes)) if minutes else None


def whole_minute(at: datetime) -> datetime:
    """The next full minute: a promise to the second is none."""
    return (at + timedelta(seconds=59, microseconds=999_999)).replace(second=0, microsecond=0)
