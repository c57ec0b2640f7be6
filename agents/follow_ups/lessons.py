"""What the established cause teaches: what prevents, contains and announces it the next time.

Each kind of fault has a lesson in its file of faults/; this one is told with the record's names.
"""

from ...faults import Lesson, fault_of
from ...incident.document import Incident
from ...incident.finding import FaultKind
from ..reporting.incident_status import affected, likely_cause
from ..reporting.wording import shown


def lesson(document: Incident) -> Lesson:
    """The lesson of the established cause; the general one where none is established."""
    cause = likely_cause(document)
    own = fault_of(cause.kind).lesson if cause else None
    return own or general()


def general() -> Lesson:
    """What any fault teaches whose cause is open."""
    found = fault_of(FaultKind.unknown).lesson
    assert found is not None, "faults/unknown.md has it"
    return found


def fill(text: str, document: Incident) -> str:
    """A lesson's text with the record's own service and change."""
    cause = likely_cause(document)
    names = affected(document)
    service = cause.service if cause else (names[0] if names else "the affected service")
    change = shown(cause.change) if cause and cause.change else "the change"
    return text.replace("{service}", service).replace("{change}", change)
