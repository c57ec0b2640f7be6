"""The sections of a postmortem as claims, told from the record and from nothing else."""

from collections.abc import Iterator

from ..incident.action import Execution
from ..incident.finding import Finding
from ..incident.report import CustomerImpactReport, InvestigationReport
from ..incident.severity import IncidentType
from ..incident.timeline import EventKind
from ..prompts.formats import clock, count, duration, level, percent, utc
from .narrator import Claim, Narrator, proof
from .standing import affected, ended, is_noise, likely_cause, onset, solution


def summary(say: Narrator) -> Iterator[Claim]:
    """What happened, why, and what ended it, in three sentences."""
    document = say.document
    end = ended(document)
    severity = document.severity.value if document.severity else "an unclassified level"
    hurt = ", ".join(affected(document)) or "services not yet known"
    begun = onset(document)
    if is_noise(document):
        text = f"The alert {document.alert.name} at {utc(document.opened_at)} is noise"
        yield say.say(f"{text}: telemetry does not back it.", *_objectives(say))
        return
    span = f"from {utc(begun)} to {utc(end)} ({duration((end - begun).total_seconds())})" if end \
        else f"since {utc(begun)}, not resolved when this was written"  # fmt: skip
    yield say.say(f"{_kind(say)} of {hurt}, {severity}, {span}.", "T1")
    yield _cause(say)
    solved = solution(document)
    if solved:
        yield say.say(f"{solved.title} ended it, as telemetry confirms.", *_measured(solved))
    else:
        yield say.say("No action is on record that telemetry confirms as helpful.", *_tried(say))


def _kind(say: Narrator) -> str:
    kind = say.document.type
    return "Trouble" if kind is IncidentType.unknown else kind.value.capitalize()


def _cause(say: Narrator) -> Claim:
    cause = likely_cause(say.document)
    if cause is None:
        leading = say.document.leading()
        best = f"; the best candidate is “{leading.statement}” at {percent(leading.confidence)}" \
            if leading else ""  # fmt: skip
        return say.say(f"The cause is not established{best}.", say.step(4))
    quotes = [q for argument in cause.support for q in argument.quotes]
    text = f"Most likely cause: {cause.statement} (confidence {percent(cause.confidence)})."
    return say.say(text, *proof(quotes))


def impact(say: Narrator) -> Iterator[Claim]:
    """Users, journeys, objectives, revenue: numbers with where they come from."""
    document = say.document
    hurt = document.impact
    if hurt and hurt.requests:
        text = f"{count(hurt.failed_requests)} of {count(hurt.requests)} requests failed"
        basis = f"({percent(hurt.failed_share)}; {hurt.basis})."
        yield say.say(f"{text} when it was assessed {basis}", *proof(hurt.quotes))
    elif hurt:
        yield say.say(f"Users: {hurt.users.value}; {hurt.basis}.", *proof(hurt.quotes))
    else:
        yield say.say("Impact was not assessed.")
    for state in document.slo:
        if state.breached:
            text = f"{state.service} {state.name}: {percent(state.current)} against an objective"
            left = f"; error budget left {percent(state.budget_left)}" \
                if state.budget_left is not None else ""  # fmt: skip
            yield say.say(f"{text} of {percent(state.objective)}{left}.", state.evidence)
    report = document.report(10)
    if isinstance(report, CustomerImpactReport):
        seen = [e for e in report.searched if e]
        for segment in report.segments[:5]:
            yield say.say(f"{segment}.", *seen)
        if report.revenue_estimate is not None:
            yield say.say(f"{report.summary}.", *seen)


def causes(say: Narrator) -> Iterator[Claim]:
    """The cause with what speaks for and against it, and the contributing factors."""
    document = say.document
    yield _cause(say)
    cause = likely_cause(document)
    for argument in cause.support if cause else []:
        yield say.say(f"For it: {argument.text}.", *proof(argument.quotes))
    for argument in cause.contradiction if cause else []:
        yield say.say(f"Against it: {argument.text}.", *proof(argument.quotes))
    report = document.report(4)
    if isinstance(report, InvestigationReport):
        for factor in report.contributing:
            yield say.say(f"Contributing: {factor.text}.", *factor.evidence or [say.step(4)])
    if cause is None:
        for finding in document.findings[:5]:
            yield say.say(f"Known: {finding.statement}.", *proof(finding.quotes))


def trigger(say: Narrator) -> Claim:
    """The change that set it off, where one is blamed; the silence is told too."""
    cause = likely_cause(say.document)
    change = next((f for f in say.document.findings if _is_trigger(f, cause)), None)
    if cause and cause.change and change:
        return say.say(f"{change.statement}.", *proof(change.quotes))
    if cause and cause.change:
        quotes = [q for argument in cause.support for q in argument.quotes]
        return say.say(f"Change {cause.change} at {cause.service}.", *proof(quotes))
    return say.say("No change is on record as the trigger.", say.step(4))


def _is_trigger(finding: Finding, cause) -> bool:
    about = cause is not None and finding.service in ("", cause.service)
    named = cause is not None and bool(cause.change) and cause.change[:7] in finding.statement
    return "change" in finding.kind and (about or named)


def whys(say: Narrator) -> list[Claim]:
    """The chain of five whys as the investigation found it."""
    report = say.document.report(4)
    if not isinstance(report, InvestigationReport):
        return []
    return [say.say(why.text, *why.evidence or [say.step(4)]) for why in report.five_whys]


def detection(say: Narrator) -> Iterator[Claim]:
    """How it was noticed and how long that took."""
    document = say.document
    alert = document.alert
    seconds = (document.opened_at - onset(document)).total_seconds()
    text = f"Alert {alert.name} ({alert.source}) was taken at {clock(document.opened_at)} UTC"
    yield say.say(f"{text}, {duration(seconds)} after onset.", say.line(EventKind.alert))
    first = document.report(1)
    if first is not None:
        yield say.say(f"Classified: {first.summary}.", *first.searched, say.line(EventKind.state))


def resolution(say: Narrator) -> Iterator[Claim]:
    """Every action in order, with its outcome as measured."""
    for execution in say.document.executions:
        values = "; ".join(
            f"{m.service} {m.signal} {level(m.before, m.unit)} → {level(m.after, m.unit)}"
            for m in execution.measures
        )
        text = f"{clock(execution.started_at)} {execution.title}: {execution.outcome.value}"
        undone = ", undone" if execution.undone else ""
        yield say.say(f"{text}{undone}{f' ({values})' if values else ''}.", *_measured(execution))
    if not say.document.executions:
        yield say.say("Nothing was changed in the system.")


def _measured(execution: Execution) -> list[str]:
    return [m.evidence for m in execution.measures if m.evidence]


def _tried(say: Narrator) -> list[str]:
    return [e for execution in say.document.executions for e in _measured(execution)]


def _objectives(say: Narrator) -> list[str]:
    return [state.evidence for state in say.document.slo if state.evidence]


def _grounds(say: Narrator) -> list[str]:
    cause = likely_cause(say.document)
    return proof(q for argument in (cause.support if cause else []) for q in argument.quotes)
