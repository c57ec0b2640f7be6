"""`warroom triage` and `warroom resume`: respond to an alert, go on with an incident."""

import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..incident.action import Verdict
from ..incident.alert import Alert
from ..incident.severity import Severity, parse_severity
from ..incident.store import Store
from ..settings import Settings
from ..targets.stand_ins import Gone
from ..telemetry.alerts import MOST_BYTES, read_alerts
from .context import Sources, open_context, recall, remember
from .desk import Desk, absolute, opening, print_json
from .exits import Exit
from .live import Live
from .screen import say, shown
from .settings import settings

WORST_FIRST = (Exit.failed, Exit.waiting, Exit.unresolved, Exit.done)


def triage_command(
    source: str, telemetry: Path | None, operations: Path | None, as_json: bool
) -> Exit:
    """Take every alert in, work the first of each service; the others of it join."""
    desk, configured = Desk.open(as_json), settings()
    alerts = read_alerts(_read(source))
    sources = Sources(telemetry=absolute(telemetry), operations=absolute(operations))
    return _respond(desk, configured, alerts, sources)


def resume_command(
    incident_id: str, telemetry: Path | None, operations: Path | None, as_json: bool
) -> Exit:
    """Open the context as it was, with other sources where they are named, and go on."""
    desk, configured = Desk.open(as_json), settings()
    Store.open(configured.database).load(incident_id)
    kept = recall(configured, incident_id)
    sources = Sources(
        telemetry=absolute(telemetry) or kept.telemetry,
        operations=absolute(operations) or _still_there(kept.operations),
    )
    with _response(configured, sources) as response:
        if response.context.operations is None and _approved(response.context.store, incident_id):
            response.context.operations = Gone()
        remember(configured, incident_id, sources)
        code, result = _work(desk, response, incident_id)
    if as_json:
        print_json(result)
    return code


def _still_there(operations: Path | None) -> Path | None:
    """A drill's system is gone when the drill is over."""
    return operations if operations and operations.exists() else None


def _approved(store: Store, incident_id: str) -> bool:
    """Whether an action was approved and not begun: it may not pass in silence."""
    document = store.load(incident_id)
    begun = {execution.plan for execution in document.executions}
    decisions = (store.ledger.decision(incident_id, plan.hash) for plan in document.proposals)
    return any(d and d.verdict is Verdict.approved and d.subject not in begun for d in decisions)


def _respond(desk: Desk, configured: Settings, alerts: list[Alert], sources: Sources) -> Exit:
    with _response(configured, sources) as response:
        store = response.context.store
        firing = [a for a in alerts if a.status == "firing" or store.open_incident(a.fingerprint)]
        if len(firing) < len(alerts):
            over = f"{len(alerts) - len(firing)} of {len(alerts)}"
            text = f"alerts that are resolved and belong to no open incident: {over}"
            say(desk.console, ("  left out  ", "dim"), text)
        order = []
        for _service, group in groupby(sorted(firing, key=_order), key=lambda alert: alert.service):
            taken = [_take(response, alert, configured, sources) for alert in group]
            # The first has the incident; the others are joined to it before it begins.
            order += [*reversed(dict.fromkeys(taken))]
        outcomes = [_work(desk, response, incident_id) for incident_id in dict.fromkeys(order)]
    if desk.as_json:
        print_json([result for _code, result in outcomes])
    codes = {code for code, _result in outcomes}
    return next((code for code in WORST_FIRST if code in codes), Exit.done)


def _response(configured: Settings, sources: Sources):
    from ..response import Response  # langgraph takes seconds to import

    return Response(open_context(configured, sources))


def _take(response, alert: Alert, configured: Settings, sources: Sources) -> str:
    incident_id, new = response.take(alert)
    if new:
        remember(configured, incident_id, sources)
    return incident_id


def _work(desk: Desk, response, incident_id: str) -> tuple[Exit, dict[str, Any]]:
    from ..session import work

    context = response.context
    opening(desk.console, context.store.load(incident_id), context.model_layer.note)
    live = Live(desk.console, context, incident_id)
    work(response, incident_id, live, desk.commander(context, context.commander))
    return desk.finish(context, incident_id)


def _order(alert: Alert) -> tuple[str, int]:
    """By service, the worst first."""
    level = parse_severity(alert.severity) or Severity.P3
    return alert.service, level.rank


def _read(source: str) -> bytes:
    """The file's or stdin's bytes, at most a little more than may be read."""
    try:
        if source == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(source).open("rb") as handle:
            return handle.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(f"{shown(source)}: {reason}; name a file with an alert, or '-'") from error
