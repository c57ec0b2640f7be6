"""Works incidents together with whoever decides: take a delivery in, run, ask, run on, resume."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..agents.runtime.case import Tell
from ..incident.action import Verdict
from ..incident.document import Alert
from ..incident.severity import Severity, parse_severity
from ..record.ledger import Request
from ..record.store import Store
from ..response import Response
from ..settings import Settings
from ..targets.stand_ins import Gone
from .configuration import Sources, recall, remember
from .opening import open_context

Commander = Callable[[Request], bool]
"""Answers a request through the ledger; False: leaves it open."""


@dataclass(frozen=True)
class Delivery:
    """What became of the alerts that came together."""

    incidents: Sequence[str]  # ids in the order to work them
    left_out: int  # alerts that are resolved and belong to no open incident


def deliver(response: Response, alerts: Sequence[Alert], sources: Sources) -> Delivery:
    """Take every alert in: the worst of each service has the incident, the others join it."""
    store = response.context.store
    firing = [a for a in alerts if a.status == "firing" or store.open_incident(a.fingerprint)]
    order: list[str] = []
    for _service, group in groupby(sorted(firing, key=_order), key=lambda alert: alert.service):
        taken = [_take(response, alert, sources) for alert in group]
        # The first has the incident; the others are joined to it before it begins.
        order += reversed(dict.fromkeys(taken))
    return Delivery(list(dict.fromkeys(order)), len(alerts) - len(firing))


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


def _take(response: Response, alert: Alert, sources: Sources) -> str:
    incident_id, new = response.take(alert)
    if new:
        remember(response.context.settings, incident_id, sources)
    return incident_id


def _order(alert: Alert) -> tuple[str, int]:
    """By service, the worst first."""
    level = parse_severity(alert.severity) or Severity.P3
    return alert.service, level.rank


def _approved(store: Store, incident_id: str) -> bool:
    """Whether an action was approved and not begun."""
    document = store.load(incident_id)
    begun = {execution.plan for execution in document.executions}
    decisions = (store.ledger.decision(incident_id, plan.hash) for plan in document.proposals)
    return any(d and d.verdict is Verdict.approved and d.subject not in begun for d in decisions)
