"""What is the case in a named drill, and a response held against it."""

from typing import Annotated

from pydantic import Field

from ...agents.reporting.incident_status import is_noise
from ...incident.action import ActionKind
from ...incident.document import Incident
from ...incident.finding import FaultKind
from ...incident.lifecycle import OVER
from ...incident.report import DetectionReport
from ...incident.severity import Severity
from ...yaml_tables import Entry
from ..fault import Truth
from ..score import NAMES, Check, DrillObservation, Score, milestones, said_better

Cure = tuple[ActionKind, str]
"""An action of the catalogue and its target."""
Value = Annotated[int | float | str | list[str], Field(union_mode="left_to_right")]


class KnownCure(Entry):
    """Parameters with which an action is known to work."""

    action: ActionKind
    target: str
    parameters: dict[str, Value]


class FaultTruth(Truth):
    """What is really the case; known to drills only."""

    service: str = Field(description="the guilty one or third party; empty: nothing is wrong")
    kind: FaultKind
    severity: Severity
    effective_actions: tuple[Cure, ...] = Field(
        description="any cures; none: nothing is to be done"
    )
    parameters: tuple[KnownCure, ...] = ()
    blameless: tuple[str, ...] = Field(default=(), description="whose recent change is innocent")


def score(
    drill: str, incident: Incident | None, truth: FaultTruth, seen: DrillObservation
) -> Score:
    """Hold an incident (None: no alert came) against the truth."""
    detected = Check("detected", incident is not None, _alert(incident), "an alert")
    if incident is None:
        missing = [Check(name, False, "not detected", "") for name in NAMES]
        return Score(drill, "", [detected, *missing], {"detect": None})
    checks = [
        detected,
        _severity(incident, truth),
        _service(incident, truth),
        _kind(incident, truth),
        _action(incident, truth),
        _recovery(incident, truth, seen),
        _control(incident, truth),
        Check("calm", not seen.false_alarms, ", ".join(seen.false_alarms) or "none", "none"),
    ]
    return Score(drill, incident.id, checks, milestones(incident, seen.detect_s))


def _alert(incident: Incident | None) -> str:
    return f"{incident.alert.name} on {incident.alert.service}" if incident else "none came"


def _severity(incident: Incident, truth: FaultTruth) -> Check:
    """Within one level of what it was first classified as."""
    first = next((r for r in incident.reports if isinstance(r, DetectionReport)), None)
    wanted = f"{truth.severity.value} ± 1"
    if first is None:
        return Check("severity", False, "not classified", wanted)
    near = abs(first.severity.rank - truth.severity.rank) <= 1
    return Check("severity", near, first.severity.value, wanted)


def _service(incident: Incident, truth: FaultTruth) -> Check:
    if truth.kind is FaultKind.no_fault:
        return Check("service", None, "", "nothing to blame")
    leading = incident.leading()
    answer = leading.service if leading else "none"
    return Check("service", answer == truth.service, answer, truth.service)


def _kind(incident: Incident, truth: FaultTruth) -> Check:
    if truth.kind is FaultKind.no_fault:
        return Check("kind", is_noise(incident), _noise(incident), "noise")
    leading = incident.leading()
    answer = leading.kind.value if leading else "none"
    return Check("kind", answer == truth.kind.value, answer, truth.kind.value)


def _noise(incident: Incident) -> str:
    return "noise" if is_noise(incident) else "not noise"


def _action(incident: Incident, truth: FaultTruth) -> Check:
    """An effective action was proposed first or second."""
    distinct = dict.fromkeys((plan.kind, plan.target) for plan in incident.proposals)
    first = list(distinct)[:2]
    answer = "; ".join(f"{kind} {target}" for kind, target in first) or "none"
    if not truth.effective_actions:
        return Check("action", not incident.executions, answer, "none carried out")
    wanted = " or ".join(f"{kind} {target}" for kind, target in truth.effective_actions)
    return Check("action", any(one in truth.effective_actions for one in first), answer, wanted)


def _recovery(incident: Incident, truth: FaultTruth, seen: DrillObservation) -> Check:
    """The record says that telemetry confirms it, and the symptom is really gone."""
    if not truth.symptoms:
        return Check("recovery", None, "", "nothing to recover")
    [symptom] = truth.symptoms
    verified = bool(said_better(incident)) and incident.state in OVER
    value = seen.left.get(str(symptom))
    gone = value is not None and not symptom.shows(value)
    name = f"{symptom.service} {symptom.signal}"
    left = "not measured" if value is None else f"{value:.3g}"
    answer = f"{'verified' if verified else 'not verified'}; {name} {left}"
    return Check("recovery", verified and gone, answer, f"verified; {name} ≤ {symptom.level}")


def _control(incident: Incident, truth: FaultTruth) -> Check:
    """Noise is closed without an action; an innocent change is neither blamed nor undone."""
    if truth.kind is FaultKind.no_fault:
        met = is_noise(incident) and not incident.executions and incident.state in OVER
        return Check("control", met, _noise(incident), "closed as noise, no action")
    if not truth.blameless:
        return Check("control", None, "", "")
    leading = incident.leading()
    blamed = {leading.service} if leading else set()
    plans = {plan.hash: plan.target for plan in incident.proposals}
    blamed |= {plans[e.plan] for e in incident.executions if e.plan in plans}
    wrong = sorted(blamed & set(truth.blameless))
    answer = f"blamed: {', '.join(wrong)}" if wrong else "not blamed"
    return Check("control", not wrong, answer, f"{', '.join(truth.blameless)} not blamed")
