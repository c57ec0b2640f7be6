"""Step 13, hardening: what would have made it smaller, in order. A roadmap, not a wish list."""

from collections.abc import Iterator
from datetime import datetime

from ...faults import Item
from ...incident.action import Outcome
from ...incident.document import Incident
from ...incident.report import FollowUp, HardeningReport, InvestigationReport, PerformanceReport
from ...telemetry.model import Catalogue
from ...text_safety.blame_language import reword
from ..reporting.incident_status import affected, is_noise, likely_cause
from ..runtime.case import Case
from .action_items import FollowUpMaker, lesson


def harden(case: Case) -> HardeningReport:
    """Step 13: circuit breakers, bulkheads, degradation, capacity, debt, by priority."""
    return hardening_report(case.document, case.now, case.catalogue)


def hardening_report(
    document: Incident, now: datetime, catalogue: Catalogue | None = None
) -> HardeningReport:
    """The roadmap from the record alone. Noise asks for none."""
    found = [] if is_noise(document) else list(_roadmap(document, now, catalogue))
    unique = list({item.title: item for item in found}.values())
    items = sorted(unique, key=lambda item: item.priority)
    return HardeningReport(
        specialist="performance",
        conclusion="concluded" if items else "inconclusive",
        summary=_summary(items),
        searched=sorted({e for item in items for e in item.evidence}),
        follow_ups=items,
    )


def _summary(items: list[FollowUp]) -> str:
    if not items:
        return "nothing in the record asks for hardening"
    return f"{len(items)} steps; first: {items[0].title}"


def _roadmap(document: Incident, now: datetime, catalogue: Catalogue | None) -> Iterator[FollowUp]:
    make = FollowUpMaker(document, now, catalogue, HardeningReport.number())
    service = make.service
    for asked in lesson(document).hardening:
        yield make.item(asked, _why(document))
    for victim in _victims(document, service):
        title = f"Let {victim} serve without {service}: timeout, circuit breaker, default answer"
        why = f"the trouble at {service} reached {victim}"
        yield make.item(Item(title=title, priority=2, kind="hardening"), why, of=victim)
    performance = document.report(PerformanceReport)
    for advice in performance.advice[:2] if performance else []:
        asked = Item(title=advice, priority=2, kind="capacity")
        yield make.item(asked, "capacity advice of the performance analysis")
    yield from _debts(make)


def _why(document: Incident) -> str:
    cause = likely_cause(document)
    if cause is None:
        return "no cause is established; these bound the harm of any"
    return f"bounds the harm of another {cause.kind.value}"


def _victims(document: Incident, service: str) -> list[str]:
    """Callers of the guilty service that were hurt with it: the cascade."""
    return [
        state.name
        for state in document.services
        if service in state.depends_on and state.name in affected(document)
    ][:2]


def _debts(make: FollowUpMaker) -> Iterator[FollowUp]:
    """Contributing factors are debt; so is an action that was tried and did not help."""
    document, names = make.document, affected(make.document)
    investigation = document.report(InvestigationReport)
    for factor in investigation.contributing[:3] if investigation else []:
        title = f"Change that {reword(factor.text, names)}"
        asked = Item(title=title, priority=2, kind="debt")
        yield make.item(asked, "contributed to this incident", factor.evidence)
    for execution in document.executions:
        if execution.outcome in (Outcome.unchanged, Outcome.worse):
            title = f"Move “{execution.title}” down in the first moves for these symptoms"
            asked = Item(title=title, priority=3, kind="debt")
            yield make.item(asked, f"tried here: {execution.outcome.value}", execution.proof)
