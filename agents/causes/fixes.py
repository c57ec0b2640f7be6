"""What a fix consists of besides the action: stages, proof, when to go back, what remains."""

from datetime import timedelta

from ...actions.roll_back import RollBack
from ...faults import fault_of
from ...incident.action import ActionPlan
from ...incident.finding import Hypothesis
from ...incident.report import FollowUp
from ...tools.base import Result
from ..runtime.case import Case


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


def told_by_runbook(found: Result | None) -> list[str]:
    """What the runbook of the cause checks afterwards."""
    rows = found.rows[:1] if found else []
    return [f"{line} [{row['id']}]" for row in rows for line in row["verification"].splitlines()]


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
