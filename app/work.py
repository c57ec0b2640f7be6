"""Works incidents together with whoever decides: take a delivery in, run, ask, run on, resume."""

from collections.abc import Callable, Sequence

from ..agents.runtime.case import Tell
from ..incident.action import Verdict
from ..incident.document import Alert
from ..intake.handing import Handed, hand_over
from ..intake.scopes import calls_of
from ..record.ledger import Request
from ..record.store import Store
from ..response import Response
from ..settings import Settings
from ..targets.stand_ins import Gone
from .configuration import Sources, recall, remember
from .opening import open_context

Commander = Callable[[Request], bool]
"""Answers a request through the ledger; False: leaves it open."""


def deliver(response: Response, alerts: Sequence[Alert], body: bytes, sources: Sources) -> Handed:
    """Take every alert in: the worst of each service has the incident, the others join it."""
    context = response.context
    note, calls = context.model_layer.note, calls_of(context.catalogue)
    handed = hand_over(context.store, alerts, body, context.clock(), calls, note)
    for incident_id, new in handed.incidents.items():
        if new:
            remember(context.settings, incident_id, sources)
    return handed


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


def respond(settings: Settings, sources: Sources) -> Response:
    """A response over these sources, to deliver alerts to; a context manager."""
    return Response(open_context(settings, sources))


def reopen(settings: Settings, incident_id: str, sources: Sources) -> Response:
    """A response as the incident was opened, with other sources where they are named.

    A system that is gone (a drill's, when the drill is over) is left out; where an action on it
    was approved and not begun, hands stand in that say so: it may not pass in silence.
    """
    kept = recall(settings, incident_id)
    gone = kept.operations is None or not kept.operations.exists()
    sources = Sources(
        telemetry=sources.telemetry or kept.telemetry,
        operations=sources.operations or (None if gone else kept.operations),
        drill=kept.drill,
    )
    response = respond(settings, sources)
    context = response.context
    if context.operations is None and _approved(context.store, incident_id):
        context.operations = Gone()
    remember(settings, incident_id, sources)
    return response


def _approved(store: Store, incident_id: str) -> bool:
    """Whether an action was approved and not begun."""
    document = store.load(incident_id)
    begun = {execution.plan for execution in document.executions}
    decisions = (store.ledger.decision(incident_id, plan.hash) for plan in document.proposals)
    return any(d and d.verdict is Verdict.approved and d.subject not in begun for d in decisions)
