"""Lessons learned: what went well, what could be better, where we were lucky. Rules, not moods.

Each rule reads one fact off the record and holds it against a target of the practice.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import pairwise

from ...actions.configuration import FlagOff
from ...actions.services import RollBack
from ...analysis.quantities import FEW
from ...incident.action import Outcome
from ...incident.evidence import EvidenceStatus
from ...incident.finding import FaultKind
from ...incident.severity import TARGETS
from ...incident.timeline import EventKind
from ...prompts.spoken import lasting, listed
from ...prompts.values import percent, zh
from ...yaml_tables import Entry, read_table
from .incident_status import (
    ended,
    first_rated,
    is_noise,
    likely_cause,
    only_called_over,
    solution,
)
from .narrator import Narrator, Statement, proof
from .recovery import recovery_view
from .story import looked
from .wording import matters, shown

Said = tuple[str, str]
"""English and Chinese."""


class Lessons(Entry):
    """lessons.yaml, which says what each is for."""

    lessons: dict[str, Said]
    did: dict[Outcome, Said]
    shows: dict[str, str]
    page: dict[str, Said]


@cache
def table() -> Lessons:
    """The words of lessons.yaml."""
    return read_table("agents/reporting/lessons.yaml", Lessons)


def _say(say: Narrator, words: Said, *refs: str, **values: object) -> Statement:
    return say.say(words[say.language == "zh"].format(**values), *refs)


def _lesson(say: Narrator, name: str, *refs: str, **values: object) -> Statement:
    return _say(say, table().lessons[name], *refs, **values)


def _took(say: Narrator, seconds: float) -> str:
    return lasting(seconds, say.language)


TIMES = ("took", "wanted")
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


def recovered(say: Narrator) -> list[Statement]:
    """How it came back: objectives, times, what was checked, what has no way back."""
    return list({claim.text: claim for claim in _recovered(say)}.values())


def _recovered(say: Narrator) -> Iterator[Statement]:
    view, chinese = recovery_view(say.document, say.catalogue), say.language == "zh"
    own, colon, between = (zh, "：", "；") if chinese else (str, ": ", "; ")  # noqa: RUF001
    for goal in (goal for goal in view.goals if goal.said):
        spans = {n: _took(say, v) for n, v in goal.values.items() if n in TIMES}
        told = {**goal.values, **(spans if "wanted" in goal.values else {})}
        yield _lesson(say, goal.said, *goal.evidence, **told)
    times = [(at - say.document.began.at, shown(name)) for name, at in view.moments[1:]]
    named = [(after, own(n) if own(n) != n or not chinese else f"“{n}”") for after, n in times]
    told = [f"{n}{colon}{_took(say, after.total_seconds())}" for after, n in sorted(named)]
    yield _lesson(say, "times", what=between.join(told))
    left = [step.name.partition(" ") for step in view.steps if not step.met]
    yield _lesson(say, "checked", n=len(view.steps) - len(left), every=len(view.steps))
    if left:
        parts = [f"{own(kind)} {what}".rstrip() for kind, _, what in left]
        yield _lesson(say, "unchecked", what=between.join(parts))
    for each in say.document.executions:
        if (plan := say.document.plan(each.plan)) and not plan.reversible:
            yield _lesson(say, "one_way", *each.proof, what=shown(each.title))


def _timed(say: Narrator) -> Iterator[tuple[bool, Statement]]:
    """Durations against targets: (met, claim)."""
    document = say.document
    if document.began.known:
        detect = (document.fired - document.began.at).total_seconds()
        line = say.line(EventKind.alert)
        yield detect <= DETECT_S, _lesson(say, "detected", line, took=_took(say, detect))
    classified, first = next((t for t in document.transitions), None), first_rated(document)
    if classified and document.severity:
        took = (classified.at - document.opened_at).total_seconds()
        level = first.severity if first else document.severity
        values = {"level": level.value, "took": _took(say, took)}
        line = say.line(EventKind.state)
        yield took <= CLASSIFY_S, _lesson(say, "classified", line, **values)
    end = ended(document)
    if end and document.severity and not is_noise(document):
        most = TARGETS[document.severity].resolve_minutes * 60
        took = (end - document.fired).total_seconds()
        values = {"level": document.severity.value, "target": _took(say, most)}
        line = say.line(EventKind.state, "resolved") or say.line(EventKind.state, "closed")
        alone = only_called_over(document)
        told = _lesson(
            say, "called" if alone else "restored", line, took=_took(say, took), **values
        )
        yield took <= most and not alone, told
    yield from _waits(say)


def _waits(say: Narrator) -> Iterator[tuple[bool, Statement]]:
    """The longest wait for an approval, from proposal to decision."""
    proposed = {e.text: e.at for e in say.document.timeline if e.kind is EventKind.proposal}
    waits = list[timedelta]()
    for decision in say.document.decisions:
        plan = say.document.plan(decision.subject)
        starts = [at for text, at in proposed.items() if plan and plan.title in text]
        if starts and min(starts) <= decision.at:
            waits.append(decision.at - min(starts))
    if waits and (seconds := max(waits).total_seconds()) >= 1:  # else it was decided by itself
        line = say.line(EventKind.decision)
        yield seconds <= DECIDE_S, _lesson(say, "waited", line, took=_took(say, seconds))


def _good(say: Narrator) -> Iterator[Statement]:
    document = say.document
    if solved := solution(document):
        name = "first" if solved is document.executions[0] else "helped"
        yield _lesson(say, name, *solved.proof, what=shown(solved.title))
    for execution in document.executions:
        if execution.outcome is Outcome.worse and execution.undone:
            yield _lesson(say, "undone", *execution.proof, what=shown(execution.title))
    if is_noise(document):
        yield _lesson(say, "noise", *(s.evidence for s in document.slo))


def _bad(say: Narrator) -> Iterator[Statement]:
    document = say.document
    for execution in document.executions:
        if execution.outcome not in (Outcome.better, Outcome.stayed_well):
            words = table().did[execution.outcome]
            yield _say(say, words, *execution.proof, what=shown(execution.title))
    if likely_cause(document) is None and not is_noise(document):
        yield _lesson(say, "inconclusive", *looked(say))
    yield from _gaps(say)
    if number := len(document.dropped):
        yield _lesson(say, "dropped", *(f"D{n}" for n in range(1, number + 1)), n=number)
    failed = [e.id for e in document.evidence if e.status is EvidenceStatus.failed]
    if failed:
        yield _lesson(say, "unanswered", *failed, n=len(failed))
    yield from _silences(say)


def _gaps(say: Narrator) -> Iterator[Statement]:
    """What could have told more, one by one; sources that this system does without, in a line."""
    cause = likely_cause(say.document)
    kind = cause.kind if cause else FaultKind.unknown
    numbered = [(f"G{n}", gap) for n, gap in enumerate(say.document.gaps, 1)]
    telling = [(ref, gap) for ref, gap in numbered if matters(gap, kind)]
    for ref, gap in telling[:3]:
        yield _lesson(say, "gap", ref, what=gap.what, why=gap.why)
    rest = [pair for pair in numbered if pair not in telling[:3]]
    if rest:
        names = listed([gap.what for _, gap in rest])
        yield _lesson(say, "unseen", *(ref for ref, _ in rest), what=names)


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
        took, target = _took(say, longest.total_seconds()), _took(say, minutes * 60)
        yield _lesson(say, "silent", say.line(EventKind.message), took=took, target=target)


def _luck(say: Narrator) -> Iterator[Statement]:
    document = say.document
    solved = solution(document)
    plan = document.plan(solved.plan) if solved else None
    if solved and plan and plan.kind in (RollBack.kind, FlagOff.kind):
        yield _lesson(say, "taken_back", *solved.proof)
    impact = document.impact
    share = impact.failed_share if impact and impact.requests >= FEW else None
    if impact and share is not None and 0 < share < 0.5:
        yield _lesson(say, "served", *proof(impact.quotes), share=percent(1 - share))
    for state in document.slo:
        if state.breached and state.budget_left is not None and 0 < state.budget_left < 0.5:
            values = {"what": f"{state.service} {state.name}", "share": percent(state.budget_left)}
            yield _lesson(say, "budget", state.evidence, **values)
