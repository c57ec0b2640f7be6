"""How bad it is, as the document has it: by the newest figures and by what was proven besides."""

from datetime import datetime

from .document import Incident
from .people import HeldLevel
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
    """The level, or a worse one that was proven; where a person set one, theirs, unless it is worse
    now than what they saw."""
    found = min([level, *(one.severity for one in document.raised)], key=_rank)
    held = document.held
    if held is None:
        return found
    return held.severity if found.rank >= held.seen.rank else min(held.severity, found, key=_rank)


def _rank(level: Severity) -> int:
    return level.rank


def hold_level(document: Incident, held: HeldLevel) -> None:
    """Take over the level that a person sets, and say who and why."""
    known, level = document.severity, held.severity
    document.held, document.severity = held, level
    way = "set" if known is None else "raised" if level.rank < known.rank else "lowered"
    text = f"severity {way}{f' from {known.value}' if known else ''} to {level.value}: "
    text = f"severity confirmed as {level.value}: " if known is level else text
    text += held.reason
    document.record(Event(at=held.at, actor=held.by, kind=EventKind.severity, text=text))


def raise_level(document: Incident, proven: Raise, at: datetime) -> None:
    """Take over a level that was asked for with proof, and say by whom and why."""
    known = document.severity
    seen = document.held.seen if document.held else known
    if known is None or seen is None or proven.severity.rank >= min(known, seen, key=_rank).rank:
        return
    document.raised.append(proven)
    document.severity = proven.severity
    cited = [quote.evidence for quote in proven.quotes]
    text = f"severity raised from {known.value} to {proven.severity.value}: {proven.statement}"
    kind = EventKind.severity
    document.record(Event(at=at, actor=proven.by, kind=kind, text=text, evidence=cited))
