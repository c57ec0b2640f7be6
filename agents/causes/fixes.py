"""What a fix consists of besides the action: stages, proof, when to go back, what remains."""

from datetime import timedelta

from ...actions.roll_back import RollBack
from ...incident.action import ActionPlan
from ...incident.finding import FaultKind, Hypothesis
from ...incident.report import FollowUp
from ..runtime.case import Case

LASTING = {
    FaultKind.bad_deploy: "Correct what the release broke and release it again",
    FaultKind.slow_release: "Correct the slow statement, test it against production-sized data",
    FaultKind.bad_flag: "Correct the code behind the flag, turn it on for a small share first",
    FaultKind.bad_config: "Correct the setting and validate it before it is applied",
    FaultKind.application: "Find why the service takes another way; correct and test it",
    FaultKind.hung_process: "Find what the process waited for; restart it when it stops answering",
    FaultKind.crash_loop: "Find why the process ends and make it start safely",
    FaultKind.node: "Replace the node; find why its work did not move by itself",
    FaultKind.traffic_surge: "Scale on arrivals; agree with planners how surges are announced",
    FaultKind.memory_leak: "Bound what grows, and test its memory under sustained load",
    FaultKind.pool_exhaustion: "Return connections on every path, and bound how long one is held",
    FaultKind.credential_attack: "Limit failed logins per source and user; offer a second factor",
    FaultKind.data_corruption: "Find what wrote the rows; add a constraint that refuses them",
    FaultKind.provider_quota: "Alert on the remaining quota; switch to the fallback by itself",
    FaultKind.provider_outage: "Switch to the fallback by itself when the provider fails",
}


def stages(plan: ActionPlan) -> list[str]:
    """Staged rollout of one action."""
    first = "one instance, then the others" if plan.kind == RollBack.kind else "at once"
    return [
        f"approve plan {plan.hash}: {plan.title}",
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


def rollback_triggers(case: Case) -> list[str]:
    """When the action is taken back."""
    seconds = case.catalogue.windows.stabilise_s
    return [
        f"an error rate or latency is half as far again from healthy, {seconds:g} s after it",
        "a service that was well becomes unwell",
    ]


def follow_ups(case: Case, cause: Hypothesis) -> list[FollowUp]:
    """The lasting fix, with an owner and a date."""
    title = LASTING.get(cause.kind)
    if title is None:
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
