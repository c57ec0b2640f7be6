"""What has to be well again, frozen when the incident is declared, whatever plan came last.

Errors, latency and refused requests where users enter, all of them and route by route; the alert's
own signal; every objective that was missed; what failed in the sweep. To that the promise of the
plan: its target, and the telltale of the cause that it was meant for. The sweep's other anomalies
are measured for the reader.
"""

from ...faults import fault_of
from ...incident.action import ActionPlan
from ...incident.document import Incident
from ...incident.finding import FaultKind
from ...incident.report import DetectionReport, SweepReport
from ...telemetry.model import Catalogue
from ...telemetry.signal_catalogue import MEASURED, SYMPTOMS, SignalName
from .levels import COUNTED, REFUSED

OF_OBJECTIVE = {
    "availability": SignalName.error_rate,
    "latency": SignalName.latency_p95,
    "queue_age": SignalName.queue_oldest_s,
}
"""The signal that an objective of this kind is seen in."""
PROVIDERS = (FaultKind.provider_quota, FaultKind.provider_outage)
CONTEXT = 6
"""Other anomalies of the sweep that are measured again, for the reader."""


def decisive(document: Incident, catalogue: Catalogue, plan: ActionPlan | None) -> list[str]:
    """What decides, as "service/signal": what was declared, where users would feel it, and what
    the plan promised."""
    edges = [service.name for service in catalogue.services if service.kind == "edge"]
    names = declared(document, catalogue)
    names += [f"{edge}/{signal}" for edge in edges for signal in (*SYMPTOMS, REFUSED)]
    names += [f"{document.alert.service}/{signal}" for signal in SYMPTOMS]
    return _ours(names + (_promised(document, catalogue, plan) if plan else []), catalogue)


def targets(document: Incident, catalogue: Catalogue, plan: ActionPlan | None) -> list[str]:
    """What decides, and the sweep's other anomalies for context."""
    deciding = decisive(document, catalogue, plan)
    seen = [
        f"{finding.service}/{finding.kind.removeprefix('anomaly:')}"
        for finding in document.findings
        if finding.kind.startswith("anomaly:") and finding.step == SweepReport.number()
    ]
    context = [target for target in dict.fromkeys(seen) if target not in deciding]
    return deciding + context[:CONTEXT]


def declared(document: Incident, catalogue: Catalogue) -> list[str]:
    """What was ill when the incident was declared: it is open until that is measured well."""
    alerting, metric = document.alert.service, document.alert.labels.get("metric", "")
    names = [f"{alerting}/{metric}"] if metric in MEASURED else []
    first = document.report(DetectionReport)
    missed = [s for s in (*(first.slo if first else []), *document.slo) if s.breached]
    names += [f"{slo.service}/{OF_OBJECTIVE[slo.sli]}" for slo in missed]
    return _ours(names + _swept(document, catalogue), catalogue)


def _swept(document: Incident, catalogue: Catalogue) -> list[str]:
    """What failed or was slow in the first sweep. A P95 jumps with the mix of what is asked: where
    no objective holds it, it counts if the median moved as well."""
    found = [
        (seen.service, seen.kind.removeprefix("anomaly:"))
        for seen in document.findings
        if (seen.step, seen.attempt) == (SweepReport.number(), 1)
    ]
    return [
        f"{service}/{signal}"
        for service, signal in found
        if signal in SYMPTOMS
        and (
            signal != SignalName.latency_p95
            or (service, SignalName.latency_p50) in found
            or threshold(catalogue, service, signal) is not None
        )
    ]


def _promised(document: Incident, catalogue: Catalogue, plan: ActionPlan) -> list[str]:
    """What the plan said would be measured: its target, and what its cause shows in."""
    names = [f"{plan.target}/{s}" for s in SYMPTOMS if catalogue.find(plan.target)]
    cause = next((h for h in document.hypotheses if h.id == plan.hypothesis), None)
    if cause:
        # A provider is seen through the service that uses it: its resource names that one.
        owner = cause.resource if cause.kind in PROVIDERS else cause.service
        telltale = fault_of(cause.kind).telltale
        names += [f"{owner}/{signal}" for signal in (*SYMPTOMS, telltale) if signal]
    return names


def _ours(names: list[str], catalogue: Catalogue) -> list[str]:
    """Each once; a third party is not ours to mend, and nobody calls it any more after a switch."""
    outside = {service.name for service in catalogue.services if service.kind == "external"}
    kept = [name for name in names if name.partition("/")[0] not in {"", *outside}]
    return list(dict.fromkeys(kept))


def threshold(catalogue: Catalogue, service: str, signal: str) -> float | None:
    """The objective that a signal is held against: a share, or seconds; None: it has none."""
    known = catalogue.find(service)
    for slo in known.slos if known else []:
        if slo.sli == "availability" and signal in COUNTED:
            return round(1 - slo.objective, 6)
        timed = slo.sli != "availability" and signal == OF_OBJECTIVE.get(slo.sli)
        if timed and slo.threshold_ms:
            return slo.threshold_ms / 1000
    return None
