"""Contributing factors: properties of the system, from catalogue and record, never of people."""

from collections.abc import Iterator

from ...incident.finding import Hypothesis
from ...incident.report import Sentence
from .observations import Observations


def contributing_factors(observations: Observations, cause: Hypothesis) -> list[Sentence]:
    """What made it possible or made it hurt more, each from the record."""
    grounds = [observations.origin.evidence]
    return [Sentence(text=text, evidence=grounds) for text in _factors(observations, cause)]


def _factors(observations: Observations, cause: Hypothesis) -> Iterator[str]:
    case = observations.case
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
