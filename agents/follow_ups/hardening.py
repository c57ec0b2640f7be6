"""Step 13, hardening: what would have made it smaller, in order. A roadmap, not a wish list."""

from collections.abc import Iterator
from datetime import datetime

from ...faults import Item
from ...incident.action import Outcome
from ...incident.document import Incident
from ...incident.report import FollowUp, HardeningReport, InvestigationReport, PerformanceReport
from ...telemetry.model import Catalogue
from ...text_safety.blame_language import reword
from ..reporting.action_items import due, grounds, owner
from ..reporting.incident_status import affected, is_noise, likely_cause
from ..runtime.case import Case
from .lessons import fill, lesson


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
    cause = likely_cause(document)
    names = affected(document)
    service = cause.service if cause else (names[0] if names else "")
    proof = grounds(document)

    def item(asked: Item, why: str, evidence: list[str], of: str = service) -> FollowUp:
        return FollowUp(
            title=fill(asked.title, document),
            kind=asked.kind,
            owner=asked.owner or owner(document, of, catalogue),
            due=due(now, asked.priority),
            priority=asked.priority,
            rationale=why,
            evidence=list(dict.fromkeys(evidence or proof)),
            step=HardeningReport.number(),
        )

    for asked in lesson(document).hardening:
        yield item(asked, _why(document), proof)
    for victim in _victims(document, service):
        title = f"Let {victim} serve without {service}: timeout, circuit breaker, default answer"
        why = f"the trouble at {service} reached {victim}"
        yield item(Item(title=title, priority=2, kind="hardening"), why, proof, victim)
    performance = document.report(PerformanceReport)
    for advice in performance.advice[:2] if performance else []:
        yield item(
            Item(title=advice, priority=2, kind="capacity"),
            "capacity advice of the performance analysis",
            [],
        )
    yield from _debts(document, item)


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


def _debts(document: Incident, item) -> Iterator[FollowUp]:
    """Contributing factors are debt; so is an action that was tried and did not help."""
    names = affected(document)
    investigation = document.report(InvestigationReport)
    for factor in investigation.contributing[:3] if investigation else []:
        title = f"Change that {reword(factor.text, names)}"
        yield item(
            Item(title=title, priority=2, kind="debt"),
            "contributed to this incident",
            factor.evidence,
        )
    for execution in document.executions:
        if execution.outcome in (Outcome.unchanged, Outcome.worse):
            proof = [m.evidence for m in execution.measures if m.evidence]
            title = f"Move “{execution.title}” down in the first moves for these symptoms"
            yield item(
                Item(title=title, priority=3, kind="debt"),
                f"tried here: {execution.outcome.value}",
                proof,
            )
