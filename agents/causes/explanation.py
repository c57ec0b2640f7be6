"""How a cause is explained and mended for good: five whys, what contributed, what the fix consists
of besides its action. Only what is in evidence or in the record, and never of people; where the
record ends, it says so.
"""

from collections.abc import Iterator
from datetime import timedelta

from ...actions.roll_back import RollBack
from ...faults import fault_of
from ...incident.action import ActionPlan
from ...incident.finding import Hypothesis
from ...incident.report import FollowUp, Sentence
from ...tools.base import Result
from ...tools.runbooks import RunbookMatch
from ..reporting.wording import change_name, place, when
from ..runtime.case import Case
from .observations import Observations, first


def five_whys(seen: Observations, cause: Hypothesis) -> list[Sentence]:
    """Question and answer, from the alert down to the system's own weakness."""
    alert = seen.case.document.alert
    hurt = alert.service or "the edge"
    return [
        Sentence(text=f"Why did {alert.name} fire? {alert.summary or alert.name}"),
        _path(seen, hurt, cause),
        _error(seen, cause),
        _change(seen, cause),
        Sentence(
            text=f"Why could it reach users? {fault_of(cause.kind).systemic}",
            evidence=_proof(cause),
        ),
    ]


def _path(seen: Observations, hurt: str, cause: Hypothesis) -> Sentence:
    row = first(seen.origin, service=cause.service)
    if row is None or hurt == cause.service:
        text = f"Why is {hurt} hurt? it begins there: no service that it calls explains it"
    else:
        steps = row.path.replace(" > ", " calls ")
        text = f"Why is {hurt} hurt? {steps}; the degradation begins in {cause.service}"
    return Sentence(text=text, evidence=[seen.origin.evidence])


def _error(seen: Observations, cause: Hypothesis) -> Sentence:
    question = f"Why does {cause.service} degrade?"
    row = next(seen.new_errors(cause.service), None)
    if row:
        text = f"{question} {row.exception} at {place(row.location)}"
        return Sentence(text=text, evidence=[seen.errors.evidence])
    answer = cause.support[0].text if cause.support else cause.statement
    return Sentence(text=f"{question} {answer}", evidence=_proof(cause))


def _change(seen: Observations, cause: Hypothesis) -> Sentence:
    row = first(seen.changes, id=cause.change) if cause.change else None
    if row is None:
        text = "Why now? no change just before the onset explains it"
    else:
        text = f"Why now? {change_name(row)}, {when(row)}: {row.summary}"
    return Sentence(text=text, evidence=[seen.changes.evidence])


def _proof(cause: Hypothesis) -> list[str]:
    quoted = [quote.evidence for argument in cause.support[:2] for quote in argument.quotes[:1]]
    return list(dict.fromkeys(quoted))


def contributing_factors(seen: Observations, cause: Hypothesis) -> list[Sentence]:
    """What made it possible or made it hurt more, each from the record."""
    grounds = [seen.origin.evidence]
    return [Sentence(text=text, evidence=grounds) for text in _factors(seen, cause)]


def _factors(seen: Observations, cause: Hypothesis) -> Iterator[str]:
    case = seen.case
    service = case.catalogue.find(cause.service)
    part = case.inventory.services.get(cause.service)
    if part and len(part.instances) == 1 and service and service.kind == "service":
        yield f"{cause.service} runs as a single instance"
    if service and not service.slos:
        yield f"{cause.service} has no objective of its own, so it could not alert first"
    alerting = case.document.alert.service
    if alerting and alerting != cause.service:
        yield f"{alerting} alerted, not {cause.service} where it began"
    callers = [s.name for s in case.catalogue.services if cause.service in s.depends_on]
    if len(callers) > 1:
        yield f"{', '.join(callers)} all depend on {cause.service}"


def stages(plan: ActionPlan) -> list[str]:
    """Staged rollout of one action."""
    first = "one instance, then the others" if plan.kind == RollBack.kind else "at once"
    return [
        f"approve plan {plan.short_hash}: {plan.title}",
        f"carry it out ({first}); {plan.blast_radius}",
        f"watch: {plan.verification}",
        f"go back if it gets worse: {plan.undo}",
    ]


def validation(case: Case) -> list[str]:
    """Criteria that a signal decides: every objective that is missed now is met again."""
    breached = [slo for slo in case.document.slo if slo.breached]
    found = [f"{s.service}: {s.name} at {s.objective:.2%} good again" for s in breached]
    symptoms = [f for f in case.document.findings if f.kind.startswith("anomaly:")]
    names = dict.fromkeys(f"{f.service} {f.kind.removeprefix('anomaly:')}" for f in symptoms)
    return found + [f"{name} back at its healthy level" for name in list(names)[:3]]


def told_by_runbook(found: Result[RunbookMatch] | None) -> list[str]:
    """What the runbook of the cause checks afterwards."""
    rows = found.rows[:1] if found else []
    return [f"{line} [{row.id}]" for row in rows for line in row.verification.splitlines()]


def rollback_triggers(case: Case) -> list[str]:
    """When the action is taken back."""
    seconds = case.catalogue.windows.stabilise_s
    return [
        f"an error rate or latency is half as far again from healthy, {seconds:g} s after it",
        "a service that was well becomes unwell",
    ]


def follow_ups(case: Case, cause: Hypothesis) -> list[FollowUp]:
    """The lasting fix, with an owner and a date."""
    title = fault_of(cause.kind).lasting
    if not title:
        return []
    service = case.catalogue.find(cause.service)
    callers = [s for s in case.catalogue.services if cause.service in s.depends_on]
    team = service.team if service else ""
    owner = team or (callers[0].team if callers else "") or case.document.command.technical_lead
    return [
        FollowUp(
            title=f"{cause.service}: {title}",
            kind="fix",
            owner=owner or "technical lead",
            due=case.now + timedelta(days=3),
            priority=1,
            rationale=cause.statement,
            evidence=[q.evidence for a in cause.support[:2] for q in a.quotes[:1]],
        )
    ]
