"""A whole response over a synthetic bundle: real store, real graph, rehearsed hands."""

import atexit
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp

from warroom.actions.inventory import Inventory, Part
from warroom.agents.runtime.context import ResponseContext
from warroom.incident.action import Verdict
from warroom.incident.document import Alert
from warroom.incident.timeline import from_ts
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.targets.stand_ins import Rehearsal
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support.bundles import START
from warroom.tests.support.people import person
from warroom.tests.support.shop_bundle import SERVING, Fault, write_shop

ONSET = 60
NOW = 85

HANGS = Fault("hang", "payments", at=ONSET)


@dataclass
class Time:
    """Of the database: it stands until somebody lets it pass."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self, _connection: object) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def inventory() -> Inventory:
    """One instance of each service, the edge among them."""
    parts = {name: Part(instances=[f"{name}-1"], edge=name == "gateway") for name in SERVING}
    return Inventory(services=parts)


def room_over(
    home: Path,
    fault: Fault = HANGS,
    hands: Rehearsal | None = None,
    place: Path | str = "",
    **settings: float,
) -> ResponseContext:
    """A room whose bundle is written on first use; its clock stands at NOW, and nobody waits. A
    database that is a URL is not in the home."""
    bundle = home / "bundle"
    if not bundle.exists():
        write_shop(bundle, fault)
    url = place if isinstance(place, str) else ""
    given = Settings.model_validate({"home": home, "database_url": url, **settings})
    return ResponseContext(
        given,
        Store.open(given.database, given.key_file),
        open_bundle(bundle),
        operations=hands,
        clock=lambda: from_ts(START + NOW),
        pace=0.0,
    )


def alert(service: str = "gateway", fingerprint: str = "f1") -> Alert:
    """An alert five seconds after the onset."""
    return Alert(
        name="HighErrorRate",
        service=service,
        severity="critical",
        summary="requests fail",
        starts_at=from_ts(START + ONSET) + timedelta(seconds=5),
        fingerprint=fingerprint,
        source="plain",
    )


def begin(context: ResponseContext) -> tuple[Response, str]:
    """An incident run until it first waits for somebody."""
    response = Response(context)
    incident, _ = response.take(alert())
    list(response.run(incident))
    return response, incident


def asking(home: Path, hands: Rehearsal | None = None) -> tuple[Response, str]:
    """As `begin` in `room_over`, without the wait: an incident was run so far once for all who ask
    within minutes, and each goes on from a copy of what that left."""
    left, incident = _asking(hands is not None, int(time.monotonic() // SOON_S))
    copytree(left, home, dirs_exist_ok=True)
    return Response(room_over(home, hands=hands)), incident


SOON_S = 300
"""Questions that were asked so long ago are far from lapsing."""


@cache
def _asking(acts: bool, _when: int) -> tuple[Path, str]:
    home = Path(mkdtemp())
    atexit.register(rmtree, home)
    context = room_over(home, hands=Rehearsal(inventory()) if acts else None)
    with closing(context.recorder):
        response, incident = begin(context)
        response.__exit__()
    context.store.engine.dispose()
    return home, incident


def decide(
    context: ResponseContext, incident: str, verdict: Verdict, kind: str = "action"
) -> list[str]:
    """Answer every open question of one kind; their subjects."""
    waiting = [item for item in context.store.ledger.waiting(incident) if item.kind == kind]
    for item in waiting:
        context.store.ledger.decide(incident, item.subject, verdict, by=person())
    return [item.subject for item in waiting]


def finish(response: Response, incident: str, verdict: Verdict) -> None:
    """Answer everything alike until the response is over, and that what nobody reported was done;
    bounded, so that a loop is a failure."""
    for _ in range(20):
        decide(response.context, incident, verdict)
        decide(response.context, incident, verdict, kind="text")
        decide(response.context, incident, Verdict.approved, kind="effect")
        list(response.run(incident))
        if response.over(incident):
            return
    raise AssertionError("the response did not end")
