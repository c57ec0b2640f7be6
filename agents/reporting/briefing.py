"""What messages are made of: the document boiled down, once, for every audience and language.

Numbers stay numbers: the templates write the sentences around them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ...analysis.quantities import FEW
from ...incident.action import ActionPlan, Execution, Measure, Outcome, Verdict
from ...incident.communication import REPLACED_BY
from ...incident.document import Incident
from ...incident.finding import Hypothesis
from ...incident.impact import Impact, SloState
from ...incident.lifecycle import State, Transition
from ...incident.memory import FEW as ENOUGH
from ...incident.people import DoneByHand
from ...incident.report import FollowUp, InvestigationReport, SecurityReport, Sentence
from ...incident.timeline import Event, EventKind
from ...text_safety.blame_language import reword
from . import incident_status as status
from .impact import revenue
from .story import by_itself
from .wording import shown, told

ACTING = (State.containing, State.eradicating, State.recovering)


@dataclass(frozen=True)
class Move:
    """One action, as far as it went."""

    plan: ActionPlan
    title: str
    how: str  # proposed, refused, or an outcome
    at: datetime
    undone: bool = False


@dataclass(frozen=True)
class Briefing:
    """Every value that a message template may use."""

    id: str
    title: str
    stage: str
    severity: str
    also_called: str
    state: str
    services: list[str]  # affected, alerting first
    components: list[str]  # the same as customers know them
    started: datetime
    known: bool  # else it began at the latest when it says
    detected: datetime
    ended: datetime | None
    now: datetime
    duration_seconds: float
    next_update: datetime | None  # None: on resolution
    usual: tuple[float, float] | None  # seconds that similar incidents took; None: too few
    owner: str
    lead: str
    contact: str
    impact: Impact | None
    worst: SloState | None  # the objective missed by most
    missed: list[SloState]
    symptom: str  # what customers may meet
    cause: Hypothesis | None  # None: nothing stands out
    facts: list[Event]  # findings as lines: at, text, evidence
    moves: list[Move]  # what was proposed and done, oldest first
    solution: Execution | None
    by_itself: bool  # what hurt ended without an action
    hand: str  # what people did right before it ended
    measures: list[Measure]  # of the last finished action
    lost: float | None  # revenue of the requests that failed; None: nobody told a rate
    improvements: list[FollowUp]
    security: bool
    entered: bool | None  # whether an attacker got in; None: not known
    by_hand: list[DoneByHand]  # outside of the response, oldest first
    called_over: Transition | None  # by a person, with their reason
    untouched: bool  # nobody did anything, as far as the record says
    acting: bool  # an action is being carried out or settles
    story: tuple[Sentence, ...] = ()  # what is told beyond these facts; each sentence checked


def brief(document: Incident, now: datetime) -> Briefing:
    """The document as its messages need it."""
    begun, end = document.began.at, status.ended(document)
    solved, attack = status.solution(document), document.report(SecurityReport)
    names = status.affected(document)
    missed = [state for state in document.slo if state.breached]
    return Briefing(
        id=document.id,
        title=shown(reword(document.title, names)),
        stage=status.stage(document).value,
        severity=document.severity.value if document.severity else "not yet classified",
        also_called=f"SEV-{document.severity.rank + 1}" if document.severity else "",
        state=document.state.value,
        services=names,
        components=status.components(document),
        started=begun,
        known=document.began.known,
        detected=document.fired,
        ended=end,
        now=now,
        duration_seconds=max(0.0, ((end or now) - begun).total_seconds()),
        next_update=status.next_update(document, now),
        usual=_usual(document),
        owner=document.leads.incident_commander,
        lead=document.leads.technical_lead or "on-call lead",
        contact=document.leads.communications_lead,
        impact=document.impact,
        worst=_worst(missed),
        missed=missed,
        symptom=status.symptom(document),
        cause=_cause(document),
        facts=_facts(document, names),
        moves=sorted(moves(document, over=bool(end)), key=lambda move: move.at)[-MOVES:],
        solution=solved,
        by_itself=by_itself(document),
        hand=status.by_hand(document),
        measures=_measures(document, solved),
        lost=_lost(document, now) if end else None,
        improvements=document.follow_ups[:3],
        security=status.about_security(document),
        entered=attack.entered if attack else None,
        by_hand=document.by_hand,
        called_over=document.called_over if end else None,
        untouched=document.untouched,
        acting=document.state in ACTING,
    )


def _cause(document: Incident) -> Hypothesis | None:
    """In one clause, with the error that it quotes: the rest of it is the page's."""
    cause = status.likely_cause(document)
    if cause is None:
        return None
    said, quoted = told(cause.statement), _QUOTED.search(cause.statement)
    clause = re.split(r": | “", said)[0].rstrip(",; ")
    if clause.count("(") > clause.count(")"):
        clause = clause[: clause.rindex("(")].rstrip()
    error = f" ({quoted.group()})" if quoted and len(quoted.group()) <= LONGEST else ""
    return cause.model_copy(update={"statement": clause + error})


_QUOTED = re.compile(r"“[^”]+”")
LONGEST = 110
"""Characters of an error that a message quotes."""


def _worst(missed: list[SloState]) -> SloState | None:
    """The one that hurts the greatest share of requests; many failures count before slowness."""
    measured = [(one.current, one) for one in missed if one.current is not None]
    ranked = [(s.sli != "availability" or now > MANY_FAIL, now, s) for now, s in measured]
    return min(ranked, key=lambda each: each[:2])[2] if ranked else None


MANY_FAIL = 0.95
"""Share of good requests up to which failures matter more than slowness."""


def _usual(document: Incident) -> tuple[float, float] | None:
    report = document.report(InvestigationReport)
    known = [minutes * 60 for minutes in report.minutes_before] if report else []
    return (min(known), max(known)) if len(known) >= ENOUGH else None


def _lost(document: Incident, now: datetime) -> float | None:
    impact = document.impact
    lost = revenue(document, None, now)[0] if impact and impact.requests >= FEW else None
    return float(f"{lost:.2g}") if lost else None


MOVES = 4
"""Actions that a message tells of, the latest."""


def moves(document: Incident, over: bool) -> Iterator[Move]:
    """All that was done, refused, or waits for an answer; `over`: nothing waits any more."""
    for done in document.executions:
        plan = document.plan(done.plan)
        if plan and done.outcome is not Outcome.not_done:
            yield _move(plan, done.outcome.value, done.started_at, done.undone)
    said = {d.subject: d for d in document.decisions if d.by != REPLACED_BY}
    for plan in document.proposals:
        no = said.get(plan.hash)
        if no and no.verdict is Verdict.rejected:
            yield _move(plan, "refused", no.at)
    attempt = max((plan.attempt for plan in document.proposals), default=0)
    latest = (p for p in document.proposals if p.attempt == attempt and p.hash not in said)
    plan = next((plan for plan in latest if document.tried(plan) is None), None)
    if plan and not over and not any(e.outcome is Outcome.started for e in document.executions):
        asked = [e.at for e in document.timeline if e.kind is EventKind.proposal]
        yield _move(plan, "proposed", max([document.opened_at, *asked]))


def _move(plan: ActionPlan, how: str, at: datetime, undone: bool = False) -> Move:
    named = plan.model_copy(update={"experiment": False})
    return Move(plan, shown(named.title), how, at, undone)


def _facts(document: Incident, names: list[str], most: int = 5) -> list[Event]:
    """The first findings; how many are hurt is told once, by the newest figures."""
    findings = [finding for finding in document.findings if finding.kind != "impact"]
    return [
        Event(
            at=finding.at or document.opened_at,
            actor=finding.specialist,
            kind=EventKind.finding,
            text=told(reword(finding.statement, names)),
            evidence=list(dict.fromkeys(quote.evidence for quote in finding.quotes)),
        )
        for finding in findings[:most]
    ]


def _measures(document: Incident, solved: Execution | None) -> list[Measure]:
    """Of the action that helped, else of the last one."""
    last = document.executions[-1] if document.executions else None
    chosen = solved or last
    return measured(chosen) if chosen else []


def measured(execution: Execution) -> list[Measure]:
    """What was ill and decided what an action did."""
    told = [m for m in execution.measures if m.decisive and m.before != m.after]
    return [
        m for m in told if m.threshold is None or max(m.before or 0, m.after or 0) > m.threshold
    ]
