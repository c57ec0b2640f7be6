"""How bad it is, as the document has it: by the newest figures and by what was proven besides."""

from datetime import datetime

from .document import Incident
from .report import Assessment
from .severity import Raise, Severity
from .timeline import Event, EventKind


def reassess(document: Incident, now: Assessment, by: str, at: datetime) -> None:
    """The newest figures; the level follows them, with its reason. It falls only while nothing has
    been done: what an action healed had been as bad as it was."""
    document.impact, document.slo = now.impact, now.slo
    known, level = document.severity, worst(document, now.severity)
    if known is None or level is known:
        return
    raised = level.rank < known.rank
    if raised or not document.executions:
        document.severity = level
        text = f"severity {'raised' if raised else 'lowered'} from {known.value} to "
        text += f"{level.value}: {now.rule}"
        document.record(Event(at=at, actor=by, kind=EventKind.severity, text=text))


def worst(document: Incident, level: Severity) -> Severity:
    """The level, or a worse one that was proven."""
    proven = [one.severity for one in document.raised]
    return min([level, *proven], key=lambda each: each.rank)


def raise_level(document: Incident, proven: Raise, at: datetime) -> None:
    """Take over a level that was asked for with proof, and say by whom and why."""
    known = document.severity
    if known is None or proven.severity.rank >= known.rank:
        return
    document.raised.append(proven)
    document.severity = proven.severity
    cited = [quote.evidence for quote in proven.quotes]
    text = f"severity raised from {known.value} to {proven.severity.value}: {proven.statement}"
    kind = EventKind.severity
    document.record(Event(at=at, actor=proven.by, kind=kind, text=text, evidence=cited))
