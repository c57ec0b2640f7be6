"""How a cause is explained and mended for good: five whys, what contributed, what the fix consists
of besides its action. Only what is in evidence or in the record, and never of people; where the
record ends, it says so.
"""

from collections.abc import Iterator
from datetime import timedelta

from ...actions.services import RollBack
from ...faults import fault_of
from ...incident.action import ActionPlan
from ...incident.finding import Hypothesis
from ...incident.report import FollowUp, Sentence
from ...tools.base import Result
from ...tools.runbooks import RunbookMatch
from ..reporting.wording import change_name, place, when
from ..runtime.case import Case
from .account import accounts
from .account_words import change_words, failure_words, step_words
from .failure_path import just_before, path
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
    """How it got from where it begins to where it hurts; of what is measured alone."""
    question = f"Why is {hurt} hurt?"
    row = first(seen.origin, service=cause.service)
    if hurt == cause.service:
        deeper, share = accounts(seen).explained(hurt)
        text = f"{question} it begins there"
        if deeper and share > 0.5:
            text += f", though {share:.0%} of its new failures come of {deeper}"
        return Sentence(text=text, evidence=[seen.new_failures.evidence])
    way = next((way for way in _ways(seen) if {hurt, cause.service} <= set(way)), None)
    if way:
        steps = " calls ".join(way[way.index(hurt) :])
        text = f"{question} {steps}; what fails newly begins in {cause.service}"
        return Sentence(text=text, evidence=[seen.new_failures.evidence])
    if row is None:
        text = f"{question} no call from it to {cause.service} was seen to fail"
        return Sentence(text=text, evidence=[seen.origin.evidence])
    steps = row.path.replace(" > ", " calls ")
    text = f"{question} {steps}; the degradation begins in {cause.service}"
    return Sentence(text=text, evidence=[seen.origin.evidence])


def _ways(seen: Observations) -> Iterator[list[str]]:
    """From each service that complains to where its failures begin."""
    return (path(seen, row) for row in seen.new_failures.rows)


def _error(seen: Observations, cause: Hypothesis) -> Sentence:
    question = f"Why does {cause.service} degrade?"
    row = next(seen.new_errors(cause.service), None)
    if row:
        text = f"{question} {row.exception} at {place(row.location)}"
        return Sentence(text=text, evidence=[seen.errors.evidence])
    account = accounts(seen).places.get(cause.service)
    if account and account.lead and account.begun:
        text = f"{question} {failure_words(account.lead, account.place)}"
        return Sentence(text=text, evidence=[seen.new_failures.evidence])
    answer = cause.support[0].text if cause.support else cause.statement
    return Sentence(text=f"{question} {answer}", evidence=_proof(cause))


def _change(seen: Observations, cause: Hypothesis) -> Sentence:
    """The change that is blamed, else what was changed there just before: since, not because."""
    row = first(seen.changes, id=cause.change) if cause.change else None
    if row:
        lead = when(row, seen.case.document.began)
        text = f"Why now? {change_name(row)}, {lead}: {row.summary}"
        return Sentence(text=text, evidence=[seen.changes.evidence])
    account = accounts(seen).places.get(cause.service)
    stepped = [*map(step_words, account.steps[:2])] if account else []
    if stepped:
        text = f"Why now? {'; '.join(stepped)}: nobody recorded a change"
        return Sentence(text=text, evidence=[seen.stepped_gauges.evidence])
    since = (account.since if account else None) or seen.case.frame.incident.start
    near = just_before(seen, cause.service, since)
    text = f"just before it: {change_words(near)}" if near else "no change just before it is known"
    return Sentence(text=f"Why now? {text}", evidence=[seen.changes.evidence])


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
