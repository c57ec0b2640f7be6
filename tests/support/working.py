"""Incidents that wait to be worked, and waiting for what workers do with them."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from warroom.app.configuration import Sources
from warroom.errors import ApprovalError
from warroom.incident.action import Verdict
from warroom.incident.document import Alert
from warroom.incident.events import StepStarted
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, room_over

SERVICES = ("gateway", "checkout", "payments")


def taken(
    home: Path, place: Path | str, services: tuple[str, ...] = SERVICES
) -> tuple[Settings, Sources, list[str]]:
    """An installation with an alert taken for each service, over one small recording without
    hands; the incidents."""
    context = room_over(home, place=place)
    with Response(context) as response:
        found = [response.take(_apart(name))[0] for name in services]
    for incident in found:
        context.store.work.wake(None, incident, why="an alert")
    return context.settings, Sources(telemetry=home / "bundle"), found


def _apart(service: str) -> Alert:
    """An alert that joins no other one's incident."""
    given = alert(service, f"f-{service}")
    return given.model_copy(update={"labels": {**given.labels, "environment": service}})


def until(true: Callable[[], bool], what: str, limit_s: float = 90.0) -> None:
    """Look until it is so; a failure of the test after the limit."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, f"still not: {what}"
        time.sleep(0.05)


def statuses(store: Store, incidents: list[str]) -> set[str]:
    """Of their work."""
    found = [store.work.standing(incident) for incident in incidents]
    return {each.status if not each.owner else "held" for each in found if each}


def reject_all(store: Store) -> None:
    """Every text that waits."""
    for request in store.ledger.waiting():
        with suppress(ApprovalError):  # a newer text has replaced it in this moment
            store.ledger.decide(
                request.incident_id, request.subject, Verdict.rejected, person(), "no"
            )


def begun(store: Store) -> bool:
    """Whether a worker is at it: that an alert was taken is an event too."""
    return any(isinstance(one.event, StepStarted) for one in store.events.after())
