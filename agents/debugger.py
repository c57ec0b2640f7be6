"""Debugger: the root cause with its rivals (step 4), and the fix that follows from it (step 7)."""

from collections.abc import Iterator

from ..analysis.fusion import CONCLUSIVE
from ..analysis.quantities import quantity, times
from ..incident.action import WELL
from ..incident.finding import Finding, Gap, Hypothesis
from ..incident.report import FixReport, InvestigationReport, Sentence, VerificationReport
from ..incident.timeline import Event, EventKind
from ..tools.example import example_trace
from ..tools.runbooks import find_runbook
from .causes.account_words import new_facts
from .causes.calibration import weighing_of
from .causes.explanation import (
    contributing_factors,
    five_whys,
    follow_ups,
    rollback_triggers,
    stages,
    told_by_runbook,
    validation,
)
from .causes.history import past_of, recalled
from .causes.judgement import candidates, heard, judge
from .causes.observations import Observations, finding, first
from .causes.remedies import propose
from .causes.together import side_by_side
from .reporting.wording import brief, change_event, change_name, place, when
from .runtime.case import Case


def investigate(case: Case) -> InvestigationReport:
    """Step 4: competing hypotheses, the leading one if it stands out, how it hurt others."""
    seen = Observations(case)
    found, weighing = candidates(seen), weighing_of(seen)
    symptoms = [*new_facts(seen), *_stack(seen)]
    past = past_of(seen, symptoms)
    judged = lambda some: side_by_side(seen, judge(some, case.document, weighing))  # noqa: E731
    hypotheses = recalled(found, judged, past)
    before = [(past.evidence, row) for row in past.rows] if past else []
    leading = _standing_out(hypotheses)
    impact_map = [row.path for row in seen.origin.rows[:3] if row.path]
    return InvestigationReport(
        specialist="debugger",
        conclusion="concluded" if leading else "inconclusive",
        summary=_summary(seen, hypotheses, leading),
        hypotheses=hypotheses,
        root_cause=leading.id if leading else "",
        contributing=contributing_factors(seen, leading) if leading else [],
        impact_map=impact_map,
        five_whys=five_whys(seen, leading) if leading else [],
        seen_before=[Sentence(text=row.told, evidence=[of]) for of, row in before],
        minutes_before=[row.minutes for _, row in before if row.minutes is not None],
        findings=[
            *symptoms,
            *_statement(seen),
            *_trace(seen),
            *_change(seen, leading),
        ],
        searched=seen.searched(),
        events=lead_events(seen, leading),
    )


def design_fix(case: Case) -> FixReport:
    """Step 7: what to do now, in which stages, what proves it, and what remains for later."""
    seen = Observations(case)
    restored = _restored(case)
    hypotheses = heard(case.document.hypotheses, case.document)  # two specialists looked meanwhile
    cause = _standing_out(hypotheses)
    runbook = seen.ask(find_runbook, fault=cause.kind.value, limit=1) if cause else None
    plans, gaps = ([], []) if restored else propose(seen, hypotheses)
    if restored:
        summary = "service is restored; what remains is the lasting fix"
    elif plans:
        summary = f"minimal fix: {plans[0].title}"
    else:
        summary = _ask(gaps)
    return FixReport(
        specialist="debugger",
        conclusion="concluded" if restored or plans else "inconclusive",
        summary=summary,
        hypotheses=[] if hypotheses == case.document.hypotheses else hypotheses,
        proposals=plans,
        gaps=gaps,
        stages=stages(plans[0]) if plans else [],
        validation=[*validation(case), *told_by_runbook(runbook)],
        rollback_triggers=rollback_triggers(case),
        follow_ups=[
            item for known in _known(hypotheses, cause) for item in follow_ups(case, known)
        ],
        searched=seen.searched(),
    )


def _known(hypotheses: list[Hypothesis], cause: Hypothesis | None) -> list[Hypothesis]:
    """The causes to mend for good: of what hurts, and of the parts that actions ended."""
    return [*filter(None, [cause]), *(h for h in hypotheses if h.ended_by)]


def _restored(case: Case) -> bool:
    """Whether nothing hurts any more, as far as it was measured."""
    last = case.document.report(VerificationReport)
    well = any(e.outcome in WELL for e in case.document.executions)
    return well or bool(last and last.well)


def _ask(gaps: list[Gap]) -> str:
    """What to say where nothing is proposed: the nearest action, and why it is not."""
    withheld = next((f"; {gap.what}: {gap.why}" for gap in gaps), "")
    return f"no safe action is known; a person has to take over{withheld}"


def _standing_out(hypotheses: list[Hypothesis]) -> Hypothesis | None:
    """The leading hypothesis, if it is more likely than all others together."""
    standing = [h for h in hypotheses if h.standing]
    leading = max(standing, key=lambda h: h.confidence, default=None)
    return leading if leading and leading.confidence >= CONCLUSIVE else None


def _summary(seen: Observations, hypotheses: list[Hypothesis], leading: Hypothesis | None) -> str:
    if leading:
        rivals = [h for h in hypotheses if h is not leading][:1]
        other = f"; next: {_told(rivals[0])}" if rivals else ""
        return f"{leading.statement} ({leading.confidence:.0%}){other}"
    return f"no cause stands out{_open(hypotheses)}; {len(seen.asked)} questions were asked"


def _open(hypotheses: list[Hypothesis]) -> str:
    """The open question: what is closest, and what would decide it."""
    near = [h for h in hypotheses if h.standing][:2]
    if not near:
        return ""
    named = ", or ".join(map(_told, near))
    wanted = dict.fromkeys(
        text for h in near for text in ([h.reserved] if h.reserved else h.missing)
    )
    decided = f"; what would decide it: {'; '.join([*wanted][:2])}" if wanted else ""
    return f"; closest: {named}{decided}"


def _told(hypothesis: Hypothesis) -> str:
    return f"{brief(hypothesis.statement)} ({hypothesis.confidence:.0%})"


def _stack(seen: Observations) -> Iterator[Finding]:
    for row in [row for row in seen.errors.rows if row.new][:2]:
        where = f"{row.exception} at {place(row.location)}: {row.message[:120]}"
        service, proof = row.services.split(", ")[0], ("exception", "location", "count")
        text = f"{row.services} raises {where}"
        yield finding("stack", text, seen.errors, row, *proof, service=service, at=row.first)


def _statement(seen: Observations) -> Iterator[Finding]:
    rows = [r for r in seen.queries.rows if max(r.ratio or 1, r.fanout_ratio or 1) >= 3]
    for row in rows[:2]:
        often = f"{quantity(row.mean_ms, 'ms')} each"
        if row.calls_per_request:
            often += f", {times(row.calls_per_request)} a request"
        text = f"{row.service} runs {row.statement[:80]}: {often}"
        yield finding("query", text, seen.queries, row, "service", "mean_ms", "calls")


def _trace(seen: Observations) -> Iterator[Finding]:
    """One failing trace, followed to the span where the failure begins."""
    failing = first(seen.failures)
    if failing is None:
        return
    trace = seen.ask(example_trace, kind="failing", trace_id=failing.trace_id or "")
    broken = [row for row in trace.rows if row.status == "error"]
    if broken:
        row = max(broken, key=lambda row: row.depth)
        span = f"{row.service} {row.operation.strip()}"
        text = f"in trace {row.trace_id[:8]} the deepest failing span is {span}"
        yield finding("trace", text, trace, row, "service", "operation", "trace_id")


def _change(seen: Observations, leading: Hypothesis | None) -> Iterator[Finding]:
    row = first(seen.changes, id=leading.change) if leading and leading.change else None
    if row:
        lead = when(row, seen.case.document.began)
        text = f"{change_name(row)}, {lead}: {row.summary}"
        proof = ("id", "seconds_before", "summary")
        yield finding("change", text, seen.changes, row, *proof, at=row.at)


def lead_events(seen: Observations, leading: Hypothesis | None) -> list[Event]:
    """The line that says which cause leads, and the change that it blames at its own time, whoever
    named it; none where none stands out."""
    if leading is None:
        return []
    text = f"{leading.id} leads with {leading.confidence:.0%}: {leading.statement}"
    told = Event(at=seen.case.now, actor="debugger", kind=EventKind.hypothesis, text=text)
    found = ((result, first(result, id=leading.change)) for result in (seen.changes, seen.history))
    known = [change_event(row, result.evidence) for result, row in found if row]
    return [*known[:1], told] if leading.change else [told]
