"""What a page tells of one incident, read off its document and of what waits: the same for
everybody who may see it, so it is made once for all who watch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup

from ...actions.catalogue import sentence_of
from ...agents.reporting.incident_status import ended
from ...agents.reporting.narrator import chronicle
from ...agents.steps import STEPS
from ...app.charts.service_map import service_map
from ...incident.action import WELL, ActionPlan, Execution, Measure, Outcome
from ...incident.classification import respond_minutes
from ...incident.communication import Message
from ...incident.document import Incident
from ...incident.finding import Hypothesis
from ...incident.lifecycle import OVER
from ...incident.memory import time_to_resolve
from ...incident.report import AnyReport, SweepReport
from ...incident.severity import TARGETS, Targets
from ...incident.timeline import Event, from_ts
from ...record.escalations import OPEN
from ...record.escalations import Standing as Escalated
from ...record.ledger import Asks, Request
from ...record.timers import ANEW_SAYS
from ...record.waking import HANDED_OVER, STUCK, WAITING
from ...record.work import Standing

NEWEST = 60
"""Lines of the timeline that are shown at once; the others lie behind a fold."""
SHOWN = 4
"""Causes that are laid out; the others are named."""
MARKS = {**dict.fromkeys(WELL, "✓"), Outcome.partly: "◐", Outcome.contained: "◐"}
BAD = (Outcome.worse, Outcome.unchanged, Outcome.failed)


@dataclass(frozen=True)
class Question:
    """Something that a person decides, with what it is about."""

    request: Request
    says: str
    expires: datetime
    plan: ActionPlan | None
    message: Message | None
    cause: Hypothesis | None  # that the plan follows from
    asks: bool = False  # whether an action was done: neither a plan nor a text

    @property
    def url(self) -> str:
        """Where it is decided."""
        return f"/incidents/{self.request.incident_id}/requests/{self.request.subject}"


@dataclass(frozen=True)
class Done:
    """An action and what came of it."""

    execution: Execution
    says: str
    mark: str

    @property
    def measures(self) -> Sequence[Measure]:
        """What decides first, and what was measured afterwards."""
        found = self.execution.measures
        return sorted(found, key=lambda m: (not m.decisive, m.after is None))

    @property
    def tone(self) -> str:
        """good, watch, bad or open: the class of its mark, which says the same by its shape."""
        tones = {"✓": "good", "◐": "watch", "✖": "bad"}
        return tones.get(self.mark, "open")


@dataclass(frozen=True)
class Step:
    """One of the thirteen, as it stands."""

    number: int
    title: str
    specialist: str
    stands: str  # done, working, waits
    report: AnyReport | None


@dataclass(frozen=True)
class Minute:
    """Lines of the timeline of one minute, newest first; each with a key of its own."""

    at: datetime
    lines: Sequence[tuple[str, Event]]


@dataclass(frozen=True)
class IncidentView:
    """Everything that its page shows, in the order of reading."""

    doc: Incident
    questions: Sequence[Question]
    stuck: str  # what keeps its work from going on; empty: nothing
    alarmed: str  # whom it woke while nobody has it; empty: somebody has, or nobody is to
    has_it: str  # who acknowledged it
    handed_over: bool  # it ended unresolved, and nobody has it
    looks_again: str  # nothing is known to do yet, and when it looks again; empty: it is not so
    ended: datetime | None
    causes: Sequence[Hypothesis]
    others: Sequence[Hypothesis]
    done: Sequence[Done]
    map: Markup
    once: Mapping[str, str]  # texts that repeat a quotation, and what is said instead
    steps: Sequence[Step]
    newest: Sequence[Minute]
    older: Sequence[Minute]
    cost: float | None

    def says(self, text: str) -> str:
        """A reason or cause, with an error that a cause above quoted already as such."""
        return self.once.get(text, text)

    @property
    def over(self) -> bool:
        """Whether anything is still to be expected of it."""
        return self.doc.state in OVER

    @property
    def targets(self) -> Targets | None:
        """What its severity obliges to; None: it has none yet."""
        return TARGETS[self.doc.severity] if self.doc.severity else None

    @property
    def respond(self) -> int:
        """Within how many minutes somebody is to have it."""
        return respond_minutes(self.doc) or 0

    @property
    def likely(self) -> Sequence[float]:
        """How long it is likely to take, from and to, seconds; as coarse as an estimate is."""
        told = (not self.over and time_to_resolve(self.doc)) or ()
        steps = [(one, 1 if one < 10 else 5 if one < 60 else 30) for one in told[1:3]]
        return [60 * step * max(1, round(one / step)) for one, step in steps]


def view_of(
    doc: Incident,
    requests: Sequence[Request],
    standing: Standing | None,
    started: Sequence[tuple[int, int]],
    escalation: Escalated | None = None,
) -> IncidentView:
    """The view; `started`: step and round of every step that was begun, in order."""
    standing_first = sorted(doc.hypotheses, key=lambda h: (not h.standing, -h.confidence))
    minutes = list(_minutes(doc))
    priced = [call.cost for call in doc.model_calls if call.cost is not None]
    held_up = standing and standing.status in (STUCK, HANDED_OVER)
    return IncidentView(
        doc=doc,
        questions=[question_of(doc, each) for each in sorted(requests, key=_is_text)],
        stuck=standing.why.rpartition(";")[0] if standing and held_up else "",
        alarmed=_alarmed(escalation) if escalation else "",
        has_it=(escalation.answered_by if escalation else None) or "",
        handed_over=standing is not None and standing.status == HANDED_OVER,
        looks_again=_looks_again(standing),
        ended=ended(doc),
        causes=standing_first[:SHOWN],
        others=standing_first[SHOWN:],
        done=[_done(doc, each) for each in reversed(doc.executions)],
        once=_once(standing_first),
        map=Markup(service_map(doc.services, _blamed(doc))),
        steps=list(_steps(doc, started)),
        newest=minutes[: _cut(minutes)],
        older=minutes[_cut(minutes) :],
        cost=sum(priced) if priced else None,
    )


def _looks_again(standing: Standing | None) -> str:
    waits = standing.why if standing and standing.status == WAITING else ""
    head = ANEW_SAYS.partition("{")[0]
    return next((text for text in waits.split("; ") if text.startswith(head)), "")


_QUOTED = re.compile(r"“[^”]{20,}”")


def _once(causes: Sequence[Hypothesis]) -> Mapping[str, str]:
    """Each error is quoted where it stands first; a page of the same line tells nothing."""
    quoted = set[str]()

    def short(found: re.Match[str]) -> str:
        said = "the same error" if found.group() in quoted else found.group()
        quoted.add(found.group())
        return said

    reasons = ([h.statement, *(a.text for a in h.support + h.contradiction)] for h in causes)
    texts = dict.fromkeys(text for told in reasons for text in told)
    return {text: _QUOTED.sub(short, text) for text in texts}


def _alarmed(escalation: Escalated) -> str:
    """Nobody has it yet: how far the chain has come, and when it goes on."""
    if escalation.state != OPEN:
        return ""
    told = f"level {escalation.level + 1} was told" if escalation.level >= 0 else "nobody was told"
    due = from_ts(escalation.due_at) if escalation.due_at else None
    return f"nobody has it yet: {told}" + (f"; the next at {due:%H:%M} UTC" if due else "")


def _is_text(request: Request) -> bool:
    """Sorts texts behind what restores service."""
    return request.kind == Asks.text


def question_of(doc: Incident, request: Request) -> Question:
    """With the plan or text that it is about."""
    plan = doc.plan(request.subject)
    message = next((m for m in doc.communications if m.hash == request.subject), None)
    cause = next((h for h in doc.hypotheses if plan and h.id == plan.hypothesis), None)
    says = f"Was this done: {request.title}?"
    if plan:
        says = sentence_of(plan)
    elif message:
        says = f"Send “{message.subject}” to {AUDIENCES[message.audience.value]}."
    expires = from_ts(request.expires_at)
    return Question(request, says, expires, plan, message, cause, not (plan or message))


AUDIENCES = {
    "status page": "the status page",
    "customers": "customers",
    "engineering": "engineering",
    "executives": "executives",
    "support": "support",
}


def _done(doc: Incident, execution: Execution) -> Done:
    plan = doc.plan(execution.plan)
    mark = MARKS.get(execution.outcome, "✖" if execution.outcome in BAD else "…")
    return Done(execution, sentence_of(plan) if plan else execution.title, mark)


def _blamed(doc: Incident) -> Sequence[str]:
    """The path of blame, from what is loudest to where it comes from."""
    sweep, leading = doc.report(SweepReport), doc.leading()
    path = list(sweep.origin) if sweep else []
    guilty = [leading.service] if leading and leading.confidence >= 0.5 else []
    loudest = [doc.alert.service] if path or guilty else []
    return list(dict.fromkeys([*loudest, *path, *guilty]))


def _steps(doc: Incident, started: Sequence[tuple[int, int]]) -> Iterator[Step]:
    """A step works where its newest round has begun and is not reported yet."""
    newest = dict(started)
    for step in STEPS:
        filed = [report for report in doc.reports if report.step == step.number]
        report = filed[-1] if filed else None
        works = step.number in newest and newest[step.number] > (report.attempt if report else 0)
        stands = "working" if works and doc.state not in OVER else "done" if report else "waits"
        yield Step(step.number, step.title, step.specialist, stands, report)


def _minutes(doc: Incident) -> Iterator[Minute]:
    """Of the key lines, newest minute first."""
    lines = [entry.event for entry in reversed(chronicle(doc))]
    for at, found in groupby(lines, key=lambda line: line.at.replace(second=0, microsecond=0)):
        yield Minute(at, [(_key(line), line) for line in found])


def _key(line: Event) -> str:
    return f"{line.at.timestamp():.3f} {line.actor}"


def _cut(minutes: Sequence[Minute]) -> int:
    """How many minutes hold the newest lines."""
    total = 0
    for number, minute in enumerate(minutes):
        total += len(minute.lines)
        if total >= NEWEST:
            return number + 1
    return len(minutes)
