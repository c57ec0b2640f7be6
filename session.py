"""Works an incident together with whoever decides: run, ask, run on, until nobody answers."""

from collections.abc import Callable

from .incident.events import ResponseEvent
from .incident.ledger import Request
from .response import Response

Tell = Callable[[ResponseEvent], None]
"""Takes what happens, event by event."""
Commander = Callable[[Request], bool]
"""Answers a request through the ledger; False: leaves it open."""


def work(response: Response, incident_id: str, tell: Tell, commander: Commander) -> None:
    """Run the incident until it is over, or waits for an answer that the commander leaves open.

    Actions are asked before texts: restoring service comes first.
    """
    while True:
        for event in response.run(incident_id):
            tell(event)
        waiting = sorted(response.waiting(incident_id), key=lambda item: item.kind != "action")
        answered = [commander(request) for request in waiting]
        if not any(answered):
            return
