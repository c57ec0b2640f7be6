"""`warroom triage` and `warroom resume`: respond to an alert, to what fires now or to a person's
words; go on with an incident."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..app.configuration import Sources, asked, recall, settings
from ..app.configuration_file import read_configuration
from ..app.decisions import take_over
from ..app.record import Record
from ..diagnosis.cluster import cluster_alert, look_at_cluster
from ..errors import InputError
from ..incident.document import Alert
from ..incident.identity import at_terminal
from ..intake.sentence import understood
from ..settings import Settings
from ..telemetry.alerts import MOST_BYTES, read_alerts
from ..telemetry.sources.alertmanager import firing
from ..telemetry.sources.checkup import checkups
from .desk import Desk, opening, print_json
from .exits import Exit
from .live import Live
from .screen import say, shown

if TYPE_CHECKING:
    from ..response import Response

WORST_FIRST = (Exit.failed, Exit.waiting, Exit.unresolved, Exit.done)
Taken = tuple[list[Alert], bytes]
"""Alerts, and the body that they came in."""


def triage_command(
    source: str | None,
    now: bool,
    telemetry: Path | None,
    kubernetes: Path | None,
    operations: Path | None,
    as_json: bool,
    verbose: bool,
) -> Exit:
    """Take every alert in, work the first of each service; the others of it join. No source: what
    fires now, else what the cluster's dumps show."""
    desk, configured = Desk.open(as_json, verbose), settings()
    sources = Sources(telemetry=telemetry, kubernetes=kubernetes, operations=operations)
    if source and len(source.split()) > 1 and not source.endswith(".json"):
        take = lambda response: _in_words(desk, source, sources, response)  # noqa: E731
        return _respond(desk, configured, take, sources)
    if source is None and kubernetes and not now:
        body = _ill(desk, kubernetes)
    else:
        body = _firing(desk) if source is None else _read(source)
    if body is None:
        if as_json:
            print_json([])
        return Exit.done
    alerts = read_alerts(body)
    return _respond(desk, configured, lambda _: (alerts, body), sources)


def _ill(desk: Desk, dumps: Path) -> bytes | None:
    """The first trouble of a cluster as an alert; None: it shows none."""
    alert = cluster_alert(dumps)
    if alert is None:
        (look,) = look_at_cluster(dumps)
        say(desk.console, ("  cluster   ", "dim"), f"inconclusive: {look.says}")
    return json.dumps(alert).encode() if alert else None


def _firing(desk: Desk) -> bytes | None:
    """What fires now, as a webhook's body; None: nothing does. Raises InputError where nobody
    tells."""
    found = firing(read_configuration().asked)
    for text in found.failed:
        say(desk.console, ("  ! ", "watch"), shown(text))
    if not found.asked:
        cure = "`warroom connect alertmanager URL` (or prometheus) writes one into warroom.yaml"
        raise InputError(f"no datasource tells what fires: {'; '.join(found.failed) or cure}")
    told = f"{len(found.alerts)} alerts, by {', '.join(found.asked)}"
    say(desk.console, ("  firing    ", "dim"), shown(told))
    for text in found.left_out:
        say(desk.console, ("  left out  ", "dim"), shown(text))
    return found.body if found.alerts else None


def _in_words(desk: Desk, text: str, sources: Sources, response: "Response") -> Taken:
    """A person's words as an alert; what was understood is shown before any work begins."""
    context = response.context
    services = {service.name for service in context.catalogue.services}
    services |= {name for name, _metric in context.recorder.recording.metric_names()}
    services |= {name for found in checkups(asked(sources)) for name in found.services}
    found = understood(text, services - {""}, context.clock().astimezone())
    for line in found.said:
        say(desk.console, ("  understood  ", "dim"), shown(line))
    return read_alerts(found.body), found.body


def resume_command(
    incident_id: str, telemetry: Path | None, operations: Path | None, as_json: bool, verbose: bool
) -> Exit:
    """Open the context as it was, with other sources where they are named, and go on."""
    from ..app.work import reopen  # langgraph takes seconds to import

    desk, configured = Desk.open(as_json, verbose), settings()
    record = Record(configured)
    record.incident(incident_id)
    if take_over(record.store, incident_id, at_terminal("on-call commander")):
        say(desk.console, ("  ✓ ", "good"), f"{incident_id} was handed over and is yours now")
    sources = Sources(telemetry=telemetry, operations=operations)
    with reopen(configured, incident_id, sources) as response:
        code, result = _work(desk, response, incident_id)
    if as_json:
        print_json(result)
    return code


def _respond(
    desk: Desk, configured: Settings, take: Callable[["Response"], Taken], sources: Sources
) -> Exit:
    from ..app.work import deliver, respond

    with respond(configured, sources) as response:
        alerts, body = take(response)
        delivery = deliver(response, alerts, body, sources)
        if delivery.left_out:
            over = f"{delivery.left_out} of {len(alerts)}"
            text = f"alerts that are over or silenced and belong to no open incident: {over}"
            say(desk.console, ("  left out  ", "dim"), text)
        outcomes = [
            _work_new(desk, response, one, number == 0) if new else _go_on(desk, response, one)
            for number, (one, new) in enumerate(delivery.incidents.items())
        ]
    if desk.as_json:
        print_json([result for _code, result in outcomes])
    codes = {code for code, _result in outcomes}
    return next((code for code in WORST_FIRST if code in codes), Exit.done)


def _work_new(
    desk: Desk, response: "Response", incident_id: str, first: bool
) -> tuple[Exit, dict[str, Any]]:
    """Over the telemetry that is open; where backends were asked about another incident already,
    the first, over a recording of its own, of its own services and time."""
    from ..app.work import reopen

    if first or all(source.whole for source in response.context.recorder.sources):
        return _work(desk, response, incident_id)
    with reopen(response.context.settings, incident_id, Sources()) as own:
        return _work(desk, own, incident_id)


def _go_on(desk: Desk, response: "Response", incident_id: str) -> tuple[Exit, dict[str, Any]]:
    """Go on with what has the alert already: over the telemetry that it was opened with, which its
    answers rest on. Where another was named, that is said."""
    from ..app.work import reopen

    context = response.context
    configured, before = context.settings, context.store.load(incident_id)
    text = f"{incident_id} of {before.opened_at:%H:%M %Z} is about it already: it goes on"
    say(desk.console, ("  known     ", "dim"), text)
    kept = recall(configured, incident_id).telemetry
    if kept is None or kept == context.recorder.origin:
        return _work(desk, response, incident_id)
    text = f"{incident_id} has this alert and goes on over {kept}"
    cure = f"`warroom resume {incident_id} --telemetry DIR` goes on over another"
    say(desk.console, ("  ! ", "watch"), f"{text}; {cure}")
    with reopen(configured, incident_id, Sources()) as as_opened:
        return _work(desk, as_opened, incident_id)


def _work(desk: Desk, response: "Response", incident_id: str) -> tuple[Exit, dict[str, Any]]:
    from ..agents.runtime.waits import ANEW_LOOKS
    from ..app.work import work

    context = response.context
    opening(desk.console, context.store.load(incident_id), context.model_layer.note)
    context.looks = ANEW_LOOKS if desk.console.is_terminal else 0
    live = Live(desk.console, context, incident_id, desk.verbose)
    try:
        work(response, incident_id, live, desk.commander(context, context.commander))
    except KeyboardInterrupt:
        said = f"stopped; `warroom resume {incident_id}` goes on from the last step"
        say(desk.console, ("  ■ ", "watch"), said)
        raise
    return desk.finish(context, incident_id)


def _read(source: str) -> bytes:
    """The file's or stdin's bytes, at most a little more than may be read."""
    try:
        if source == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(source).open("rb") as handle:
            return handle.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(
            f"{shown(source)}: {reason}; name a file with an alert, or '-', or say what is wrong: "
            '"checkout is slow since 14:05"'
        ) from error
