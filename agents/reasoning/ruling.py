"""Whether a rule fits an incident and the plan that is asked about: all that has to hold, held
against what code measured. No word of telemetry, a model or an alert is read for it.
"""

from collections.abc import Iterator
from datetime import datetime

from ...actions.rules import Rule
from ...incident.action import ActionPlan, Level, Verdict
from ...incident.document import Incident
from ...incident.evidence import EvidenceStatus
from ...incident.finding import Hypothesis
from ...incident.report import DetectionReport
from ...yaml_tables import read_table
from ..causes.calibration import Basis
from .reliability import ByClaim, table

KINDS = read_table("agents/reasoning/ruling.yaml", dict[str, list[str]])
LOOKS_AT = {tool: kind for kind, tools in KINDS.items() for tool in tools}


def cause_of(document: Incident, plan: ActionPlan) -> Hypothesis | None:
    """The leading cause, where the plan is meant for that."""
    leading = document.leading()
    meant = leading and leading.standing and leading.id == plan.hypothesis
    return leading if meant else None


def witnesses(document: Incident, cause: Hypothesis) -> list[str]:
    """Kinds of telemetry that speak for it."""
    cited = {q.evidence for each in cause.support if each.weight > 0 for q in each.quotes}
    return sorted({kind for evidence, kind in _seen(document).items() if evidence in cited})


def _seen(document: Incident) -> dict[str, str]:
    """What was looked at, by evidence that holds rows."""
    found = (e for e in document.evidence if e.status is EvidenceStatus.ok and e.tool in LOOKS_AT)
    return {evidence.id: LOOKS_AT[evidence.tool] for evidence in found}


def why_not(rule: Rule, document: Incident, plan: ActionPlan, now: datetime) -> str:
    """The first thing that does not hold; empty: the rule fits."""
    cause = cause_of(document, plan)
    if cause is None:
        return "the plan is not for the leading cause"
    parts = _others(rule, document, plan, cause), _unsure(rule, document, plan, cause)
    shut = "" if rule.open_at(now) else f"it is outside {', '.join(rule.hours)} {rule.time_zone}"
    return next((why for part in parts for why in part), shut or _a_persons(document, plan))


def _others(rule: Rule, document: Incident, plan: ActionPlan, cause: Hypothesis) -> Iterator[str]:
    """It is for something else; of services the guilty one and the one that is acted on count."""
    if plan.kind not in rule.actions:
        yield f"it is not for {plan.kind}"
    if cause.kind not in rule.causes:
        yield f"it is not for {cause.kind.value}"
    if document.severity not in rule.severities:
        yield f"it is not for {document.severity or 'what has no level'}"
    owners = {service.name: service.team for service in document.services}
    for name in sorted({cause.service, plan.target} & {cause.service, *owners}):
        if name not in rule.services and owners.get(name) not in rule.teams:
            yield f"it is not for {name}"


def _unsure(rule: Rule, document: Incident, plan: ActionPlan, cause: Hypothesis) -> Iterator[str]:
    first = document.report(DetectionReport)
    if first is None or first.conclusion != "concluded" or first.unconfirmed:
        yield "the level was not measured"
    if plan.experiment or cause.confidence < rule.confidence:
        yield f"its cause is less sure than {rule.confidence:.0%}"
    basis = Basis.metrics if "metrics" in _seen(document).values() else Basis.parts
    known = table().playbook.get(basis, ByClaim())
    if not (known.change if cause.change else known.other)[1]:
        yield "how often such causes are right was never measured without metrics"
    if len(witnesses(document, cause)) < rule.witnesses:
        yield f"fewer than {rule.witnesses} kinds of telemetry show it"


def _a_persons(document: Incident, plan: ActionPlan) -> str:
    """What code leaves to people, whatever a rule says."""
    if plan.risk is Level.high:
        return "the risk is high"
    if plan.proposed_by:
        return f"{plan.proposed_by} asks for it, of the commander"
    theirs = (d for d in document.decisions if d.verdict in (Verdict.rejected, Verdict.edited))
    other = ((d, document.plan(d.subject)) for d in theirs)
    said = next((d for d, p in other if p and p.move == plan.move), None)
    return f"{said.by} {said.verdict} it before" if said else ""
