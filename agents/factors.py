"""Contributing factors: properties of the system, from catalogue and record, never of people."""

from ..incident.finding import Hypothesis
from .case import Case


def contributing_factors(case: Case, cause: Hypothesis) -> list[str]:
    """What made it possible or made it hurt more, each from the record."""
    found = []
    service = case.catalogue.find(cause.service)
    part = case.inventory.services.get(cause.service)
    if part and len(part.instances) == 1 and service and service.kind == "service":
        found.append(f"{cause.service} runs as a single instance")
    if service and not service.slos:
        found.append(f"{cause.service} has no objective of its own, so it could not alert first")
    alerting = case.document.alert.service
    if alerting and alerting != cause.service:
        found.append(f"{alerting} alerted, not {cause.service} where it began")
    callers = [s for s in case.catalogue.services if cause.service in s.depends_on]
    if len(callers) > 1:
        names = ", ".join(caller.name for caller in callers)
        found.append(f"{names} all depend on {cause.service}")
    found += [f"not visible: {gap.what} ({gap.why})" for gap in case.document.gaps[:2]]
    return found
