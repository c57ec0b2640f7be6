"""Works incidents together with whoever decides: take a delivery in, run, ask, run on, resume."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime

from ..agents.runtime import others
from ..agents.runtime.case import Tell
from ..agents.runtime.context import ResponseContext, since_when
from ..errors import InputError
from ..graph import Phase
from ..incident.action import Verdict
from ..incident.document import Alert
from ..intake.handing import Handed, hand_over
from ..intake.scopes import calls_of
from ..intake.taking import rank_of
from ..record.ledger import Asks, Request
from ..record.store import Store
from ..response import Response
from ..settings import Settings
from ..targets.stand_ins import Gone
from ..telemetry.model import Catalogue
from ..telemetry.recorder import Recorder
from . import plans
from .configuration import Sources, recall, remember
from .opening import open_context

Commander = Callable[[Request], bool]
"""Answers a request through the ledger; False: leaves it open."""


def deliver(response: Response, alerts: Sequence[Alert], body: bytes, sources: Sources) -> Handed:
    """Take every alert in: the worst of each service has the incident, the others join it, also
    those of its neighbours."""
    context, now = response.context, response.context.clock()
    calls = calls_of(_around(context, alerts, now))
    handed = hand_over(context.store, alerts, body, now, calls)
    for incident_id, new in handed.incidents.items():
        if new:
            remember(context.settings, incident_id, sources)
    return handed


MOST_ALERTING = 12
"""Services that backends are asked about before anybody looks into an incident."""


def _around(context: ResponseContext, alerts: Sequence[Alert], now: datetime) -> Catalogue:
    """Who calls whom, as far as it is known. Where several services fire and backends are asked,
    they show it: by the first look, which the worst one's incident goes on from."""
    firing = sorted((one for one in alerts if one.status == "firing"), key=rank_of)
    first, *others = list(dict.fromkeys(one.service for one in firing if one.service)) or [""]
    recorder = context.recorder
    if others and not all(source.whole for source in recorder.sources):
        since = since_when(min(firing[0].starts_at or now, now), context.catalogue.windows)
        recorder.focus(first, since, others[:MOST_ALERTING])
        recorder.advance(ahead=True)
    return context.catalogue


def work(
    response: Response,
    incident_id: str,
    tell: Tell,
    commander: Commander,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Work the incident until it is over, or waits for an answer that the commander leaves open.

    Actions are asked before texts: restoring service comes first. The incident stays ours while it
    waits for time; `sleep` lets seconds pass. Raises InputError when somebody else works on it.
    """
    left_open: set[str] = set()
    with response.claimed(incident_id) as held:
        while not held.ended.is_set():
            with closing(response.turn(held)) as events:  # it ends before the lease does
                for event in events:
                    tell(event)
            if _asked(response, incident_id, commander, left_open) or due(response, incident_id):
                continue
            if (seconds := response.timer(incident_id)) is None:
                return
            _wait(response, incident_id, seconds, sleep)


def _asked(response: Response, incident_id: str, commander: Commander, left_open: set[str]) -> bool:
    """Whether anything was answered: one answer, and the incident goes on before the next question,
    so that no action waits for a text. What was left open once is not asked again meanwhile."""
    for request in sorted(response.waiting(incident_id), key=lambda item: item.kind == Asks.text):
        if request.subject not in left_open:
            if commander(request):
                return True
            left_open.add(request.subject)
    return False


def due(response: Response, incident_id: str) -> bool:
    """Whether a runbook's step waits for us, or what others carry on is to be looked at."""
    store = response.context.store
    looks = others.due(response.context, store.load(incident_id)) == 0.0
    return looks or plans.due(store, incident_id)


LOOK_S = 1.0
"""Between two looks, while we wait, whether somebody answered elsewhere."""


def _wait(
    response: Response, incident_id: str, seconds: float, sleep: Callable[[float], None]
) -> None:
    """Until the time has come, a question was answered from another terminal, or a runbook's step
    waits for us."""
    asked = {request.subject for request in response.waiting(incident_id)}
    while seconds > 0:
        sleep(min(LOOK_S, seconds))
        now = {request.subject for request in response.waiting(incident_id)}
        if now != asked or due(response, incident_id):
            return
        seconds = response.timer(incident_id) or 0.0


def respond(
    settings: Settings,
    sources: Sources,
    store: Store | None = None,
    graph: Phase | None = None,
    recorder: Recorder | None = None,
) -> Response:
    """A response over these sources, to deliver alerts to; a context manager. It opens a store,
    checkpoints and a recording of its own, unless some are handed in."""
    context = open_context(settings, sources, store=store, recorder=recorder)
    return Response(context, graph, beside=_beside)


def _beside(context: ResponseContext, incident_id: str) -> float | None:
    plans.work(context, incident_id)
    return others.look(context, incident_id)


def work_plan(settings: Settings, incident_id: str, store: Store) -> None:
    """Work the steps of a runbook, and nothing else; where somebody holds the incident, they do."""
    response = reopen(settings, incident_id, Sources(), store)
    with response, suppress(InputError), response.claimed(incident_id) as held:
        held.until = None if response.over(incident_id) else held.until
        under = response.context.store.under(held.lease)
        plans.work(replace(response.context, store=under), incident_id)


def reopen(
    settings: Settings,
    incident_id: str,
    sources: Sources,
    store: Store | None = None,
    graph: Phase | None = None,
    recorder: Recorder | None = None,
) -> Response:
    """A response as the incident was opened, with other sources where they are named.

    A system that is gone (a drill's, when the drill is over) is left out; where an action on it
    was approved and not begun, hands stand in that say so: it may not pass in silence.
    """
    kept = recall(settings, incident_id)
    gone = kept.operations is None or not kept.operations.exists()
    sources = Sources(
        telemetry=sources.telemetry or kept.telemetry,
        kubernetes=sources.kubernetes or kept.kubernetes,
        datasources=sources.datasources or kept.datasources,
        operations=sources.operations or (None if gone else kept.operations),
        drill=kept.drill,
    )
    response = respond(settings, sources, store, graph, recorder)
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
