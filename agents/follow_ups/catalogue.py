"""What each kind of fault teaches: what prevents, contains and announces it the next time.

One lesson per kind. The texts are about systems; {service} and {change} are filled in from the
record. Concrete thresholds come from the record's own numbers, not from here.
"""

from ...incident.document import Incident
from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ..reporting.incident_status import affected, likely_cause
from ..reporting.wording import shown
from .lessons_capacity import CAPACITY
from .lessons_change import CHANGE
from .lessons_kinds import Item, Lesson
from .lessons_outside import OUTSIDE

UNKNOWN = Lesson(
    question="which signal at {service} would have told the competing causes apart",
    prevention=(
        Item("Reproduce the failure of {service} from the stored bundle and settle the cause", 1),
    ),
    hardening=(
        Item("Set a timeout and a retry budget on every call to {service}", 2, "hardening"),
        Item("Define what callers of {service} show when it does not answer", 2, "hardening"),
    ),
    signals=(SignalName.error_rate, SignalName.latency_p95),
    runbook="diagnose {service}: health, recent changes, dependencies, saturation, in that order",
    chaos="stop one instance of {service} for 60 s under normal load",
    steady="error rate and p95 of the callers stay inside their objectives",
    slo="an availability objective for {service} where none exists",
)

LESSONS: dict[FaultKind, Lesson] = {**CHANGE, **CAPACITY, **OUTSIDE}


def lesson(document: Incident) -> Lesson:
    """The lesson of the established cause; the general one where none is established."""
    cause = likely_cause(document)
    return LESSONS.get(cause.kind, UNKNOWN) if cause else UNKNOWN


def fill(text: str, document: Incident) -> str:
    """A lesson's text with the record's own service and change."""
    cause = likely_cause(document)
    names = affected(document)
    service = cause.service if cause else (names[0] if names else "the affected service")
    change = shown(cause.change) if cause and cause.change else "the change"
    return text.replace("{service}", service).replace("{change}", change)
