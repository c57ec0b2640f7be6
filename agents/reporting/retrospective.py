"""Lessons learned: what went well, what could be better, where we were lucky. Rules, not moods.

Each rule reads one fact off the record and holds it against a target of the practice.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from ...actions.configuration import FlagOff
from ...actions.services import RollBack
from ...analysis.quantities import FEW
from ...incident.action import Outcome
from ...incident.evidence import EvidenceStatus
from ...incident.finding import FaultKind
from ...incident.severity import TARGETS
from ...incident.timeline import EventKind
from ...prompts.spoken import listed
from ...prompts.values import duration, percent
from .incident_status import ended, is_noise, likely_cause, solution, unnoticed
from .narrator import Narrator, Statement, proof
from .story import looked
from .wording import matters

DETECT_S = 300  # MTTD target
CLASSIFY_S = 300  # severity within five minutes of detection
DECIDE_S = 300  # an approval that waits longer than this cost the users time


def went_well(say: Narrator) -> list[Statement]:
    """Targets met and safeguards that worked."""
    return [claim for good, claim in _timed(say) if good] + list(_good(say))


def could_improve(say: Narrator) -> list[Statement]:
    """Targets missed, moves that did not help, what could not be seen or proven."""
    return [claim for good, claim in _timed(say) if not good] + list(_bad(say))


def lucky(say: Narrator) -> list[Statement]:
    """What limited the harm without being designed to."""
    return list(_luck(say))


def _timed(say: Narrator) -> Iterator[tuple[bool, Statement]]:
    """Durations against targets: (met, claim)."""
    document = say.document
    if late := unnoticed(document):
        detect = (document.fired - document.began.at).total_seconds()
        text = f"Detection took {late} from onset; the target is under 5 min."
        yield detect <= DETECT_S, say.say(text, say.line(EventKind.alert))
    classified = next((t for t in document.transitions), None)
    if classified and document.severity:
        took = (classified.at - document.opened_at).total_seconds()
        set_after = f"was set {duration(took)} after the alert came in; the target is 5 min."
        text = f"Severity {document.severity.value} {set_after}"
        yield took <= CLASSIFY_S, say.say(text, say.line(EventKind.state))
    end = ended(document)
    if end and document.severity and not is_noise(document):
        minutes = TARGETS[document.severity].resolve_minutes
        took = (end - document.fired).total_seconds()
        text = f"Service was restored {duration(took)} after detection"
        target = f"the target of {document.severity.value} is {duration(minutes * 60)}."
        line = say.line(EventKind.state, "resolved") or say.line(EventKind.state, "closed")
        yield took <= minutes * 60, say.say(f"{text}; {target}", line)
    yield from _waits(say)


def _waits(say: Narrator) -> Iterator[tuple[bool, Statement]]:
    """The longest wait for an approval, from proposal to decision."""
    proposed = {e.text: e.at for e in say.document.timeline if e.kind is EventKind.proposal}
    waits = []
    for decision in say.document.decisions:
        plan = say.document.plan(decision.subject)
        starts = [at for text, at in proposed.items() if plan and plan.title in text]
        if starts and min(starts) <= decision.at:
            waits.append((decision.at - min(starts), decision))
    if waits:
        longest, decision = max(waits, key=lambda pair: pair[0])
        seconds = longest.total_seconds()
        text = f"The longest wait for an approval was {duration(seconds)} ({decision.by})."
        if seconds >= 1:  # a decision made by itself is no achievement
            yield seconds <= DECIDE_S, say.say(text, say.line(EventKind.decision))


def _good(say: Narrator) -> Iterator[Statement]:
    document = say.document
    solved = solution(document)
    if solved and solved is document.executions[0]:
        yield say.say(f"The first action helped: {solved.title}.", *solved.proof)
    elif solved:
        yield say.say(f"{solved.title} helped, as telemetry confirms.", *solved.proof)
    for execution in document.executions:
        if execution.outcome is Outcome.worse and execution.undone:
            text = f"{execution.title} made things worse and was undone."
            yield say.say(text, *execution.proof)
    cause = likely_cause(document)
    if cause:
        text = f"One cause stands out with a confidence of {percent(cause.confidence)}."
        yield say.say(text, *proof(q for a in cause.support for q in a.quotes))
    if is_noise(document):
        text = "The alert was recognised as noise and nothing was changed."
        yield say.say(text, *(s.evidence for s in document.slo))


DID = {
    Outcome.contained: "holds errors back by refusing requests",
    Outcome.partly: "ended a part of what hurt and not the rest",
    Outcome.by_itself: "came when what hurt was ending by itself",
    Outcome.unverified: "was not verified",
    Outcome.failed: "could not be carried out",
    Outcome.not_done: "was approved and did not happen",
}
"""What an action did that did not make it better, by its outcome."""


def _bad(say: Narrator) -> Iterator[Statement]:
    document = say.document
    for execution in document.executions:
        if execution.outcome is not Outcome.better:
            did = DID.get(execution.outcome, f"did not help: {execution.outcome.value}")
            yield say.say(f"{execution.title} {did}.", *execution.proof)
    if likely_cause(document) is None and not is_noise(document):
        yield say.say("No cause stands out: the investigation is inconclusive.", *looked(say))
    yield from _gaps(say)
    if document.dropped:
        number = len(document.dropped)
        yield say.say(
            f"{number} claim{'s' * (number != 1)} had no evidence that resolves "
            "and stayed out of the findings.",
            *(f"D{n}" for n in range(1, number + 1)),
        )
    failed = [e.id for e in document.evidence if e.status is EvidenceStatus.failed]
    if failed:
        calls = "tool call" if len(failed) == 1 else "tool calls"
        yield say.say(f"{len(failed)} {calls} did not answer.", *failed)
    yield from _silences(say)


def _gaps(say: Narrator) -> Iterator[Statement]:
    """What could have told more, one by one; sources that this system does without, in a line."""
    cause = likely_cause(say.document)
    kind = cause.kind if cause else FaultKind.unknown
    numbered = [(f"G{n}", gap) for n, gap in enumerate(say.document.gaps, 1)]
    telling = [(ref, gap) for ref, gap in numbered if matters(gap, kind)]
    for ref, gap in telling[:3]:
        yield say.say(f"Telemetry gap: {gap.what} ({gap.why}).", ref)
    rest = [pair for pair in numbered if pair not in telling[:3]]
    if rest:
        names = listed([gap.what for _, gap in rest])
        yield say.say(f"Not seen, as this telemetry has none: {names}.", *(ref for ref, _ in rest))


def _silences(say: Narrator) -> Iterator[Statement]:
    """Stretches without a message, longer than the severity's cadence."""
    document = say.document
    minutes = TARGETS[document.severity].update_minutes if document.severity else None
    end = ended(document)
    if minutes is None or end is None or is_noise(document):
        return
    times = sorted(m.sent_at or m.created_at for m in document.communications)
    points = [document.opened_at, *(at for at in times if at <= end), end]
    longest = max((b - a for a, b in pairwise(points)), default=timedelta())
    if longest > timedelta(minutes=minutes):
        text = f"{duration(longest.total_seconds())} passed without a message to stakeholders"
        yield say.say(f"{text}; the cadence is {minutes} min.", say.line(EventKind.message))


def _luck(say: Narrator) -> Iterator[Statement]:
    document = say.document
    solved = solution(document)
    plan = document.plan(solved.plan) if solved else None
    if solved and plan and plan.kind in (RollBack.kind, FlagOff.kind):
        text = "The fault came with a change that could be taken back; many faults do not."
        yield say.say(text, *solved.proof)
    impact = document.impact
    share = impact.failed_share if impact and impact.requests >= FEW else None
    if impact and share is not None and 0 < share < 0.5:
        text = f"{percent(1 - share)} of requests at the edge still succeeded."
        yield say.say(text, *proof(impact.quotes))
    for state in document.slo:
        if state.breached and state.budget_left is not None and 0 < state.budget_left < 0.5:
            left = percent(state.budget_left)
            text = f"The error budget of {state.service} {state.name} held: {left} is left."
            yield say.say(text, state.evidence)
