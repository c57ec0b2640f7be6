"""What the established cause teaches, and the work that follows, each piece with owner and date.

Each kind of fault has a lesson in its file of faults/, told here with the record's names. The
postmortem itself asks for what prevents the fault, and for the review of its draft in time.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ...faults import Item, Lesson, fault_of
from ...incident.action import Outcome
from ...incident.document import Incident
from ...incident.finding import FaultKind
from ...incident.lifecycle import State
from ...incident.report import (
    FollowUp,
    HardeningReport,
    InvestigationReport,
    PerformanceReport,
    PostmortemReport,
    VerificationReport,
)
from ...telemetry.model import Catalogue
from ...text_safety.blame_language import reword
from ..reporting.incident_status import affected, cause_to_prevent, is_noise
from ..reporting.recovery import brought_back
from ..reporting.wording import shown
from ..runtime.case import Case


def lesson(document: Incident) -> Lesson:
    """The lesson of the established cause; the general one where none is established."""
    cause = cause_to_prevent(document)
    own = fault_of(cause.kind).lesson if cause else None
    return own or general()


def general() -> Lesson:
    """What any fault teaches whose cause is open."""
    found = fault_of(FaultKind.unknown).lesson
    assert found is not None, "faults/unknown.md has it"
    return found


def fill(text: str, document: Incident) -> str:
    """A lesson's text with the record's own service and change."""
    cause = cause_to_prevent(document)
    names = affected(document)
    service = cause.service if cause else (names[0] if names else "the affected service")
    change = shown(cause.change) if cause and cause.change else "the change"
    return text.replace("{service}", service).replace("{change}", change)


DUE_DAYS = {1: 7, 2: 30, 3: 90}
"""Days to the due date by priority. Monitoring is due within a week whatever its priority."""
MONITORING_DAYS = 7


NOBODY = "service owner"
"""Who has it where no team is known: whoever reads that, has to say."""


def owner(document: Incident, service: str = "", catalogue: Catalogue | None = None) -> str:
    """The team of a service: from the document, the catalogue, a caller of it, the lead."""
    known = {state.name: state.team for state in document.services if state.team}
    entry = catalogue.find(service) if catalogue and service else None
    callers = [state.team for state in document.services if service in state.depends_on]
    return (
        known.get(service)
        or (entry.team if entry else "")
        or next((team for team in callers if team), "")
        or document.command.technical_lead
        or next(iter(known.values()), "")
        or NOBODY
    )


def due(now: datetime, priority: int, monitoring: bool = False) -> datetime:
    """The due date of a priority: 7, 30 or 90 days; for monitoring a week."""
    return now + timedelta(days=MONITORING_DAYS if monitoring else DUE_DAYS[priority])


def grounds(document: Incident) -> list[str]:
    """Evidence that asks for work: the cause's support, else first findings, else the impact."""
    cause = cause_to_prevent(document)
    quotes = [q for a in (cause.support if cause else []) for q in a.quotes]
    quotes = quotes or [q for f in document.findings[:2] for q in f.quotes]
    if not quotes and document.impact:
        quotes = document.impact.quotes
    return list(dict.fromkeys(q.evidence for q in quotes))


REVIEW = "Review this draft with everyone involved, answer its open questions, publish it"
REVIEW_HOURS = 48
MOST = 6
SHARES = {"fix": 3, "alert": 1, "hardening": 1, "runbook": 1, "chaos": 1}
"""How many of a kind come first; what room is left is filled by priority."""


class FollowUpMaker:
    """Makes the follow-ups of one step: owner, date, evidence, and the record's own names."""

    def __init__(
        self, document: Incident, now: datetime, catalogue: Catalogue | None, step: int
    ) -> None:
        self.document, self.now, self.catalogue, self.step = document, now, catalogue, step
        self.cause = cause_to_prevent(document)
        names = affected(document)
        self.service = self.cause.service if self.cause else (names[0] if names else "")

    def item(
        self, asked: Item, why: str, proof: Iterable[str] = (), of: str = "", soon: bool = False
    ) -> FollowUp:
        """One of them.

        Args:
            asked: what is to be done; without an owner it is for the team of `of`, else of the
                guilty service.
            why: what in the record asks for it.
            proof: evidence ids; none: those that ask for any work here.
            soon: due as monitoring is, within a week.
        """
        document, evidence = self.document, list(proof) or grounds(self.document)
        return FollowUp(
            title=fill(asked.title, document),
            kind=asked.kind,
            owner=asked.owner or owner(document, of or self.service, self.catalogue),
            due=due(self.now, asked.priority, soon),
            priority=asked.priority,
            rationale=fill(why, document),
            evidence=[e for e in dict.fromkeys(evidence) if e],
            step=self.step,
        )


def action_items(
    document: Incident, now: datetime, catalogue: Catalogue | None = None
) -> list[FollowUp]:
    """Preventions by kind of fault, with owner and date; and the review of this draft."""
    if is_noise(document):
        return []
    make = FollowUpMaker(document, now, catalogue, PostmortemReport.number())
    why = f"prevents another {make.cause.kind.value}" if make.cause else "the cause is open"
    found = [make.item(asked, why) for asked in lesson(document).prevention]
    review = Item(title=REVIEW, priority=1, owner=document.command.incident_commander)
    asked = make.item(review, "a postmortem is due within 48 hours")
    return [*found, asked.model_copy(update={"due": now + timedelta(hours=REVIEW_HOURS)})]


def ordered(items: list[FollowUp]) -> list[FollowUp]:
    """Each title once, by priority, then by date."""
    unique = {item.title: item for item in items}
    return sorted(unique.values(), key=lambda item: (item.priority, item.due))


def selected(items: list[FollowUp], most: int = MOST) -> list[FollowUp]:
    """The best of each kind, in order: a list that long gets done."""
    waiting, taken = ordered(items), []
    for kind, share in SHARES.items():
        taken += [item for item in waiting if item.kind == kind][:share]
    waiting = [item for item in waiting if item not in taken]
    return ordered((taken + waiting)[:most])


# Step 13, hardening: what would have made it smaller, in order. A roadmap, not a wish list.


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
        summary=f"{len(items)} steps; first: {items[0].title}"
        if items
        else "nothing in the record asks for hardening",
        searched=sorted({e for item in items for e in item.evidence}),
        follow_ups=items,
    )


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
    cause = cause_to_prevent(document)
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


IN_FORCE = {
    Outcome.contained: "requests are refused as long as it is in force",
    Outcome.by_itself: "it is in force though what hurt ended without it",
    Outcome.unverified: "it is in force and its effect is not verified",
    Outcome.waits: "nobody has merged it yet",
    Outcome.unpushed: "nobody has pushed it yet",
    Outcome.unchanged: "it is in force and changed nothing that hurts",
}
"""Why an action that was not verified has to be looked at again, by its outcome."""


def _debts(make: FollowUpMaker) -> Iterator[FollowUp]:
    """Contributing factors are debt; so is an action that was tried and did not help."""
    document, names = make.document, affected(make.document)
    investigation = document.report(InvestigationReport)
    for factor in investigation.contributing[:3] if investigation else []:
        title = f"Change that {reword(factor.text, names)}"
        asked = Item(title=title, priority=2, kind="debt")
        yield make.item(asked, "contributed to this incident", factor.evidence)
    last = document.report(VerificationReport)
    if last and last.well and document.state is State.monitoring:
        asked = Item(title="Look again whether it stays well", priority=1, kind="fix")
        yield make.item(asked, last.reason, last.searched)
    back = {route for route, share in brought_back(document) if share == 100}
    for execution in document.executions:
        plan = document.plan(execution.plan)
        lifted = plan is not None and plan.parameters.get("route") in back
        in_force = execution.receipt and not execution.undone and not lifted
        if in_force and (why := IN_FORCE.get(execution.outcome)):
            verb = "Lift" if execution.outcome is Outcome.contained else "Keep or take back"
            asked = Item(title=f"{verb} “{execution.title}”", priority=1, kind="debt")
            yield make.item(asked, why, execution.proof)
        if execution.outcome in (Outcome.unchanged, Outcome.worse):
            title = f"Move “{execution.title}” down in the first moves for these symptoms"
            asked = Item(title=title, priority=3, kind="debt")
            yield make.item(asked, f"tried here: {execution.outcome.value}", execution.proof)
