"""What is on record of cause, trigger, detection and actions, as claims that a model reads and
whatever is written is held against; account.py tells people.
"""

from collections.abc import Iterator

from ...incident.action import Outcome, Verdict
from ...incident.document import Incident
from ...incident.finding import FaultKind, Hypothesis
from ...incident.report import DetectionReport, InvestigationReport, VerificationReport
from ...incident.timeline import EventKind
from ...prompts.values import clock, percent, quantity
from .incident_status import (
    likely_cause,
    unnoticed,
)
from .narrator import Narrator, Statement, proof
from .wording import sentence

LIKELY = 0.01
"""Causes less likely than this were considered, but are not worth a reader's time."""
REASONS = 4


def by_itself(document: Incident) -> bool:
    """Whether the last look found that what hurt had ended without an action."""
    last = document.report(VerificationReport)
    return last is not None and last.outcome is Outcome.by_itself


def verified(document: Incident) -> list[str]:
    """Evidence of the last look."""
    last = document.report(VerificationReport)
    return last.searched if last else []


def _cause(say: Narrator) -> Statement:
    cause = likely_cause(say.document)
    if cause is None:
        leading = say.document.leading()
        best = f"; the best candidate is “{leading.statement}” at {percent(leading.confidence)}" \
            if leading else ""  # fmt: skip
        return say.say(f"The cause is not established{best}.", *_quoted(leading), *looked(say))
    sure = "Confirmed cause" if cause.confirmed else "Most likely cause"
    text = f"{sure}: {cause.statement} (confidence {percent(cause.confidence)})."
    return say.say(text, *_quoted(cause))


def _quoted(cause: Hypothesis | None) -> list[str]:
    reasons = [*cause.support, *cause.contradiction] if cause else []
    return proof(q for argument in reasons for q in argument.quotes)


def looked(say: Narrator) -> list[str]:
    """What the investigation looked at; where it says nothing, the line that tells of it."""
    report = say.document.report(InvestigationReport)
    lines = [say.line(EventKind.hypothesis)]
    return [*(report.searched[:2] if report else []), *lines]


def causes(say: Narrator) -> Iterator[Statement]:
    """The cause with what speaks for and against it, and the contributing factors."""
    document = say.document
    yield _cause(say)
    cause = likely_cause(document)
    if cause is not None:
        for argument in cause.support[:REASONS]:
            quotes = proof(argument.quotes) or _quoted(cause)
            yield say.say(f"For it: {argument.text}.", *quotes)
        for argument in cause.contradiction[:REASONS]:
            quotes = proof(argument.quotes) or _quoted(cause)
            yield say.say(f"Against it: {argument.text}.", *quotes)
    else:
        yield from known(say)
    yield from contributing(say)
    yield from others(say, cause)


def known(say: Narrator) -> Iterator[Statement]:
    """Findings of the investigation first: the sweep's are symptoms."""
    investigation = InvestigationReport.number()
    findings = sorted(say.document.findings, key=lambda finding: finding.step != investigation)
    for finding in findings[:REASONS]:
        yield say.say(f"Known: {finding.statement}.", *proof(finding.quotes))


def contributing(say: Narrator) -> Iterator[Statement]:
    report = say.document.report(InvestigationReport)
    if report is not None:
        for factor in report.contributing[:REASONS]:
            yield say.say(f"Contributing: {factor.text}.", *factor.evidence or looked(say))


def others(say: Narrator, cause: Hypothesis | None) -> Iterator[Statement]:
    """The competing causes that had a chance, with the main reason against each."""
    ended = [h for h in say.document.hypotheses if h is not cause and h.ended_by]
    for part in ended:
        text = f"A part of it had another cause: {part.statement}; {part.ended_by} ended that part."
        yield say.say(text, *(_quoted(part) or looked(say))[:2])
    others = [h for h in say.document.hypotheses if h is not cause and h.confidence >= LIKELY]
    others = [h for h in others if h not in ended]
    if cause is not None:  # "it is there, of unknown kind" competes with no named cause
        others = [h for h in others if h.kind is not FaultKind.unknown]
    for other in others[: 1 if cause else 3]:
        against = other.ruled_out or next((a.text for a in other.contradiction), "")
        doubt = f": {against}" if against else ""
        text = f"Also considered: {other.statement} ({percent(other.confidence)}){doubt}."
        yield say.say(text, *(_quoted(other) or looked(say))[:2])


def trigger(say: Narrator) -> Statement:
    """The change that set it off, where one is blamed; the silence is told too."""
    cause = likely_cause(say.document)
    if cause and cause.change:
        for finding in say.document.findings:
            ours = finding.service in ("", cause.service) or cause.change[:7] in finding.statement
            if "change" in finding.kind and ours:
                return say.say(sentence(finding.statement), *proof(finding.quotes))
        return say.say(f"Change {cause.change} at {cause.service}.", *_quoted(cause))
    known = [row.id for row in say.rows if EventKind.change in row.kinds]
    text = "No change is on record as the trigger."
    if known:
        text = f"No change is proven to be the trigger; {len(known)} are on the timeline."
    return say.say(text, say.tool("recent_changes"), *known[:2])


def detection(say: Narrator) -> Iterator[Statement]:
    """How it was noticed and how long that took."""
    document = say.document
    alert, at = document.alert, document.fired
    text = f"Alert {alert.name} ({alert.source}) fired at {clock(at)} UTC"
    late = unnoticed(document)
    told = f"{late} after onset" if late else "when it began is not known"
    yield say.say(f"{text}, {told}.", say.line(EventKind.alert))
    first = document.report(DetectionReport)
    if first is not None:
        quotes = proof(document.impact.quotes) if document.impact else []
        line = say.line(EventKind.severity) or say.line(EventKind.state)
        yield say.say(f"Classified: {first.summary}.", line, *quotes)


def nothing(document: Incident) -> str:
    """That no action is on record; where people had a hand in it, that the response took none."""
    who = "Nothing was" if document.untouched else "The response itself"
    return f"{who} changed{'' if document.untouched else ' nothing'} in the system."


def resolution(say: Narrator) -> Iterator[Statement]:
    """Every action in order, with its outcome as measured; what was proposed and not done."""
    document = say.document
    for execution in document.executions:
        values = "; ".join(
            f"{m.name} {quantity(m.before, m.unit)} → {quantity(m.after, m.unit)}"
            for m in execution.measures
            if m.decisive and m.before != m.after
        )
        text = f"{clock(execution.started_at)} UTC {execution.title}: {execution.outcome.value}"
        undone = ", undone" if execution.undone else ""
        yield say.say(f"{text}{undone}{f' ({values})' if values else ''}.", *execution.proof)
    for act in document.by_hand:
        line = say.line(EventKind.action, say.clean(act.told))
        yield say.say(f"{clock(act.at)} UTC {act.told}, as {act.by} did it.", line)
    if document.executions or document.by_hand:
        return
    line = "" if document.untouched else say.line(EventKind.person)
    yield say.say(nothing(document), line or say.line(EventKind.decision))
    for plan in document.proposals[:1]:
        verdicts = [d.verdict.value for d in document.decisions if d.subject == plan.hash]
        fate = next((v for v in verdicts if v != Verdict.approved.value), "not carried out")
        yield say.say(f"Proposed: {plan.title} ({fate}).", *proof(plan.quotes))
