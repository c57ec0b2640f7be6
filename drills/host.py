"""Who watches a drill and who decides in it: the console is one, a test another."""

from typing import Protocol

from ..agents.runtime.context import ResponseContext
from ..app.work import Commander, Tell
from ..incident import identity
from ..incident.action import Verdict
from ..record.ledger import Asks, Request

COMMANDER = identity.automatic("drill commander")
AUTOMATIC = COMMANDER.name


class Host(Protocol):
    """What a drill needs of whoever runs it."""

    def note(self, text: str) -> None:
        """Something happened."""
        ...

    def waiting(self, what: str, done: float, total: float) -> None:
        """Seconds of a wait gone by, about once a second, from 0 to at most `total`."""
        ...

    def listener(self, context: ResponseContext, incident_id: str) -> Tell:
        """Takes the events of the response to this incident."""
        ...

    def commander(self, context: ResponseContext) -> Commander:
        """Answers what the response asks."""
        ...

    def finished(self, context: ResponseContext, incident_id: str) -> None:
        """The response is over; the shop still runs, for a last look."""
        ...


def automatic(context: ResponseContext) -> Commander:
    """Approves every plan and text in the name of the drill, and the record says so. What is so in
    the system it does not know: that question stays open."""

    def approve(request: Request) -> bool:
        if request.kind == Asks.effect:
            return False
        ledger = context.store.ledger
        ledger.decide(request.incident_id, request.subject, Verdict.approved, COMMANDER)
        return True

    return approve
