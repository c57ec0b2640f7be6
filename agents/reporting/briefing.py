"""What messages are made of: the document boiled down, once, for every audience and language.

Numbers stay numbers: the templates write the sentences around them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...incident.action import Execution, Measure
from ...incident.document import Incident
from ...incident.finding import Hypothesis
from ...incident.impact import Impact, SloState
from ...incident.lifecycle import State
from ...incident.memory import time_to_resolve
from ...incident.onset import Onset
from ...incident.report import FollowUp, Sentence
from ...incident.severity import TARGETS
from ...incident.timeline import Event, EventKind
from ...text_safety.blame_language import reword
from . import incident_status as status
from .wording import shown

ACTING = (State.containing, State.eradicating, State.recovering)


@dataclass(frozen=True)
class Briefing:
    """Every value that a message template may use."""

    id: str
    title: str
    stage: str
    severity: str
    also_called: str
    meaning: str
    type: str
    category: str
    state: str
    services: list[str]  # affected, alerting first
    components: list[str]  # the same as customers know them
    started: datetime
    onset: Onset  # the same, with how exactly it is known
    detected: datetime
    ended: datetime | None
    now: datetime
    duration_seconds: float
    expected: datetime | None  # None: no estimate, or already past it
    expected_latest: datetime | None
    next_update: datetime | None  # None: on resolution
    owner: str
    lead: str
    contact: str
    impact: Impact | None
    missed: list[SloState]
    symptom: str  # what customers may meet
    cause: Hypothesis | None  # None: nothing stands out
    facts: list[Event]  # findings as lines: at, text, evidence
    progress: list[Event]  # key decisions, actions and what they did
    solution: Execution | None
    measures: list[Measure]  # of the last finished action
    improvements: list[FollowUp]
    security: bool
    acting: bool  # an action is being carried out or settles
    story: tuple[Sentence, ...] = ()  # what is told beyond these facts; each sentence checked


def brief(document: Incident, now: datetime) -> Briefing:
    """The document as its messages need it."""
    levels = TARGETS.get(document.severity) if document.severity else None
    begun, end = document.began.at, status.ended(document)
    expected, latest = _expected(document, now)
    solved = status.solution(document)
    names = status.affected(document)
    return Briefing(
        id=document.id,
        title=shown(reword(document.title, names)),
        stage=status.stage(document).value,
        severity=document.severity.value if document.severity else "not yet classified",
        also_called=f"SEV-{document.severity.rank + 1}" if document.severity else "",
        meaning=levels.meaning if levels else "not yet classified",
        type=document.type.value,
        category=document.category.value,
        state=document.state.value,
        services=names,
        components=status.components(document),
        started=begun,
        onset=document.began,
        detected=document.fired,
        ended=end,
        now=now,
        duration_seconds=max(0.0, ((end or now) - begun).total_seconds()),
        expected=expected,
        expected_latest=latest,
        next_update=status.next_update(document, now),
        owner=document.command.incident_commander,
        lead=document.command.technical_lead or "on-call lead",
        contact=document.command.communications_lead,
        impact=document.impact,
        missed=[state for state in document.slo if state.breached],
        symptom=status.symptom(document),
        cause=status.likely_cause(document),
        facts=_facts(document, names),
        progress=status.key_events(document),
        solution=solved.model_copy(update={"title": shown(solved.title)}) if solved else None,
        measures=_measures(document, solved),
        improvements=document.follow_ups[:5],
        security=status.about_security(document),
        acting=document.state in ACTING,
    )


def _expected(document: Incident, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Estimated and latest likely recovery; what lies in the past is no estimate."""
    estimate = time_to_resolve(document)
    if estimate is None or status.ended(document):
        return None, None
    middle, _low, high, _basis = estimate
    begun = document.opened_at
    times = [status.whole_minute(begun + timedelta(minutes=m)) for m in (middle, high)]
    return times[0] if times[0] > now else None, times[1] if times[1] > now else None


def _facts(document: Incident, names: list[str], most: int = 5) -> list[Event]:
    """The first findings; how many are hurt is told once, by the newest figures."""
    findings = [finding for finding in document.findings if finding.kind != "impact"]
    return [
        Event(
            at=finding.at or document.opened_at,
            actor=finding.specialist,
            kind=EventKind.finding,
            text=shown(reword(finding.statement, names)),
            evidence=list(dict.fromkeys(quote.evidence for quote in finding.quotes)),
        )
        for finding in findings[:most]
    ]


def _measures(document: Incident, solved: Execution | None) -> list[Measure]:
    """What decided about the action that helped, else about the last one."""
    last = document.executions[-1] if document.executions else None
    chosen = solved or last
    measured = chosen.measures if chosen else []
    return [m for m in measured if m.decisive and m.before != m.after]
