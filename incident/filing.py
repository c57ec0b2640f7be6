"""Files a step's report into the document: checked, attributed, once.

Claims whose proof does not resolve are left out and listed as dropped. A report filed again (a
node that ran twice) replaces the earlier one of the same step and attempt. The incident's state
moves along with what is filed (practice: lifecycle).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TypeVar

from ..errors import GroundingError
from ..faults import fault_of
from .action import WELL, ActionPlan, Outcome
from .document import Incident
from .evidence import Payload, check_quotes
from .finding import DroppedClaim, Finding, Hypothesis, merged, stands_out
from .levels import raise_level, reassess, worst
from .lifecycle import State
from .report import (
    AnyReport,
    DetectionReport,
    InvestigationReport,
    PostmortemReport,
    SecurityReport,
    SweepReport,
    VerificationReport,
)
from .severity import Category, IncidentType
from .timeline import Event, EventKind, utc_now

Claim = TypeVar("Claim")


def file_report(
    document: Incident, report: AnyReport, payload: Payload, at: datetime | None = None
) -> None:
    """Merge a report into the document, in place.

    Args:
        document: with its evidence references.
        report: of one step; it is not changed.
        payload: fetches evidence payloads by digest.
        at: when it is handed in; by default now.
    """
    at = at or utc_now()
    check = _Check(document, report, cache(payload), at)  # many claims quote one payload
    _forget(document, report)
    document.findings += [_signed(f, report) for f in check.kept(report.findings)]
    after = merged(document.hypotheses, check.hypotheses(report.hypotheses))
    document.hypotheses = with_proven(document, after)
    document.proposals = _ranked(document.proposals, check.kept(report.proposals))
    _add_messages(document, check.kept(report.messages))
    document.gaps += [
        gap.model_copy(update={"specialist": report.specialist})
        for gap in report.gaps
        if all((gap.what, gap.why) != (known.what, known.why) for known in document.gaps)
    ]
    document.gaps.sort(key=lambda gap: (gap.specialist, gap.what))  # not by who was done first
    document.follow_ups += [f.model_copy(update={"step": report.step}) for f in report.follow_ups]
    document.disagreements += [d for d in report.disagreements if d not in document.disagreements]
    for text in report.unproven:
        check.unproven(text)
    _take_over(document, report, at)
    for proven in check.kept([report.raised] if report.raised else []):
        raise_level(document, proven, at)
    for event in (*report.events, _closing(report, at)):
        document.record(event)
    document.reports.append(_without_lists(report, check.left_out))


class _Check:
    """Keeps claims that resolve; lists the others as dropped."""

    def __init__(
        self, document: Incident, report: AnyReport, payload: Payload, at: datetime
    ) -> None:
        self.at = at
        self.document = document
        self.report = report
        self.payload = payload
        self.evidence = {record.id: record for record in document.evidence}
        self.left_out = 0  # claims of this report that did not resolve

    def kept(self, claims: Iterable[Claim]) -> list[Claim]:
        return [claim for claim in claims if self._resolves(claim)]

    def hypotheses(self, claims: list[Hypothesis]) -> list[Hypothesis]:
        """With the reasons that resolve; one that has no reason left has no confidence either."""
        checked = []
        for claim in claims:
            support = self.kept(claim.support)
            against = self.kept(claim.contradiction)
            changes = {"support": support, "contradiction": against}
            left = claim.confidence if support or not claim.support else 0.0
            checked.append(claim.model_copy(update={**changes, "confidence": left}))
        return checked

    def unproven(self, text: str) -> None:
        """List what a model claimed and code did not accept: "claim: reason"."""
        statement, _, reason = text.partition(" :: ")
        self._list(statement, reason or "not proven")

    def _resolves(self, claim) -> bool:
        try:
            check_quotes(claim.quotes, self.evidence, self.payload)
        except GroundingError as error:
            self._drop(claim, str(error))
            return False
        return True

    def _drop(self, claim, reason: str) -> None:
        text = getattr(claim, "statement", "") or getattr(claim, "text", "")
        text = text or getattr(claim, "title", "") or getattr(claim, "subject", "")
        self._list(text, reason)

    def _list(self, text: str, reason: str) -> None:
        self.left_out += 1
        by, step = self.report.specialist, self.report.step
        dropped = DroppedClaim(at=self.at, specialist=by, step=step, statement=text, reason=reason)
        same = (by, text)  # one claim, whatever is wrong with it
        if all((d.specialist, d.statement) != same for d in self.document.dropped):
            self.document.dropped.append(dropped)


def _forget(document: Incident, report: AnyReport) -> None:
    """Remove what an earlier filing of the same step and attempt left."""
    same = [r for r in document.reports if (r.step, r.attempt) == (report.step, report.attempt)]
    if not same:
        return
    document.reports = [r for r in document.reports if r not in same]
    mine = (report.step, report.attempt)
    document.findings = [f for f in document.findings if (f.step, f.attempt) != mine]
    document.follow_ups = [f for f in document.follow_ups if f.step != report.step]


def with_proven(document: Incident, found: list[Hypothesis]) -> list[Hypothesis]:
    """Hypotheses, most likely first, with what actions proved: never ruled out, never less sure
    than the record has it. The recovery has taken the evidence away, not the cause; the others
    share what is left, where there is one whole to share: causes of different routes may all be
    certain."""
    known = {h.id: h for h in document.hypotheses if h.id in document.proven}
    kept = [_as_sure(h, known[h.id]) if h.id in known else h for h in found]
    before, sure = (
        sum(h.confidence for h in each if h.id in known and h.standing) for each in (found, kept)
    )
    left = (1 - sure) / (1 - before) if before < sure and before < 1 else 1.0
    for n, other in enumerate(kept):
        if other.id not in known and other.standing:
            share = round(other.confidence * max(0.0, left), 3)
            kept[n] = other.model_copy(update={"confidence": share})
    return sorted(kept, key=lambda h: (bool(h.ruled_out), -h.confidence))


def _as_sure(found: Hypothesis, known: Hypothesis) -> Hypothesis:
    if found.ruled_out:
        return known
    return found.model_copy(update={"confidence": max(found.confidence, known.confidence)})


def _signed(finding: Finding, report: AnyReport) -> Finding:
    signed = {"step": report.step, "attempt": report.attempt, "specialist": report.specialist}
    return finding.model_copy(update=signed)


def _ranked(known: list[ActionPlan], new: list[ActionPlan]) -> list[ActionPlan]:
    """All plans, the newest report's order first; a plan that is known stays the one it was."""
    held = {(plan.title, plan.attempt): plan for plan in known}
    ahead = [held.get((plan.title, plan.attempt), plan) for plan in new]
    attempts = {plan.attempt for plan in ahead}
    earlier = [p for p in known if p.attempt not in attempts]
    return earlier + ahead + [p for p in known if p.attempt in attempts and p not in ahead]


def _add_messages(document: Incident, messages) -> None:
    known = {message.hash for message in document.communications}
    for message in messages:
        if message.hash not in known:
            number = len(document.communications) + 1
            document.communications.append(message.model_copy(update={"id": f"M{number}"}))


def _take_over(document: Incident, report: AnyReport, at: datetime) -> None:
    """What the document shows at its top comes from steps 1 and 2."""
    if isinstance(report, DetectionReport):
        document.severity = worst(document, report.severity)
        document.type = report.type
        document.category = report.category
        document.services = report.services
        document.impact = report.impact
        document.slo = report.slo
        document.command = report.command or document.command
        if report.onset:
            document.begins(report.onset)
    if isinstance(report, SweepReport) and report.onset:
        document.begins(report.onset, report.onset_between)
    if isinstance(report, (InvestigationReport, SecurityReport)):
        _classify(document, report)
    if isinstance(report, VerificationReport):
        _verify(document, report)
    if report.assessment:
        reassess(document, report.assessment, report.specialist, at)
    advance(document, report, at)


def _classify(document: Incident, report: InvestigationReport | SecurityReport) -> None:
    """A cause that stands out says what kind of trouble this is better than the alert did; that it
    is an attack, security says."""
    cause = document.leading()
    known = fault_of(cause.kind) if cause and cause.sure else None
    if known and known.type is not IncidentType.unknown:
        document.type, document.category = known.type, known.category
    security = report if isinstance(report, SecurityReport) else document.report(SecurityReport)
    if security and not security.sees_threat and document.type is IncidentType.security:
        document.type, document.category = IncidentType.unknown, Category.unknown


def _verify(document: Incident, report: VerificationReport) -> None:
    execution = document.execution(report.plan)
    if execution:
        execution.outcome = report.outcome
        execution.probability, execution.reason = report.probability, report.reason
        execution.measures = report.measures
        execution.note = report.summary


def _closing(report: AnyReport, at: datetime) -> Event:
    text = f"step {report.step}: {report.summary}"
    return Event(at=at, actor=report.specialist, kind=EventKind.finding, text=text)


def _without_lists(report: AnyReport, left_out: int) -> AnyReport:
    """The report as kept: what moved into the document's own lists is not kept twice, and of the
    claims that stayed out it says how many there were."""
    moved = ("findings", "hypotheses", "proposals", "messages", "events", "gaps")
    moved = (*moved, "disagreements", "unproven")
    kept = {name: [] for name in (*moved, "follow_ups")}
    return report.model_copy(update={**kept, "left_out": left_out})


OPEN = (State.detected, State.investigating)


def advance(document: Incident, report: AnyReport, at: datetime) -> None:
    """Change the document's state where this report asks for it; that a person called it over
    stands."""
    held = document.ended_by and not isinstance(report, PostmortemReport)
    new = None if held else _next(document, report)
    if new:
        state, reason = new
        document.move(state, at, report.specialist, reason)


GOES_ON = {
    "act": "well with this share of the traffic; the next one follows",
    "ask": "well, and a route is limited still: it is to be brought back",
}
OVER_BY = {
    Outcome.better: "telemetry confirms the recovery",
    Outcome.by_itself: "what hurt ended by itself",
    Outcome.stayed_well: "traffic is back, and all that hurt stays well",
}


def _next(document: Incident, report: AnyReport) -> tuple[State, str] | None:
    match report:
        case DetectionReport(noise=True):
            return State.closed, "noise: shown well, and the alert's condition does not hold"
        case DetectionReport():
            level = f"classified {report.severity.value}"
            return (
                State.investigating,
                "not confirmed: it stays open" if report.unconfirmed else level,
            )
        case InvestigationReport() if report.root_cause and document.state in OPEN:
            return State.identified, stands_out(document.hypotheses, report.root_cause)
        case VerificationReport() if report.next in GOES_ON:
            return State.monitoring, GOES_ON[report.next]
        case VerificationReport() if report.outcome in WELL:
            return State.resolved, OVER_BY[report.outcome]
        case VerificationReport(outcome=Outcome.contained):
            return State.contained, "requests are refused so that the others work"
        case VerificationReport(well=True):
            return State.monitoring, "well so far; watched longer before it is called over"
        case VerificationReport(plan="") if document.state is not State.monitoring:
            return None  # nobody acted, and it goes on
        case VerificationReport(improving=True):
            return State.monitoring, "symptoms are on their way back; measured again"
        case VerificationReport(outcome=Outcome.partly):
            return State.investigating, "a part of what hurts ended; the rest has another cause"
        case VerificationReport():
            return State.investigating, f"the action left things {report.outcome.value}"
        case PostmortemReport() if document.state is State.resolved:
            return State.post_incident, "postmortem drafted"
    return None
