"""Exit codes: what a program that calls Warroom may rely on."""

from enum import IntEnum

from ..errors import ApprovalError, InputError, NotFound, WarroomError
from ..incident.document import Incident
from ..incident.lifecycle import State


class Exit(IntEnum):
    """0 also means: the alert was noise, or joined an incident that runs already."""

    done = 0
    failed = 1  # Warroom itself could not go on: its store, its drill
    bad_input = 2  # what was given cannot be used: an alert, a bundle, an option, an approval
    not_found = 3  # no such incident, plan or drill
    waiting = 4  # a person has to decide before it can go on
    unresolved = 5  # the response ended and telemetry does not confirm a recovery
    interrupted = 130


def of_error(error: WarroomError) -> Exit:
    """The code for an error that reaches the edge of the process."""
    if isinstance(error, (InputError, ApprovalError)):
        return Exit.bad_input
    return Exit.not_found if isinstance(error, NotFound) else Exit.failed


def of_incident(document: Incident, waiting: bool) -> Exit:
    """The code for an incident as it stands when the response stops."""
    if waiting:
        return Exit.waiting
    over = (State.resolved, State.post_incident, State.closed)
    return Exit.done if document.state in over else Exit.unresolved
