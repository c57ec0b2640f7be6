"""A whole response to a roll-out that goes wrong in a cluster, with nothing else to look at: named,
undone through the gate, verified. Who asks decides."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from warroom.app.configuration import Sources
from warroom.app.opening import open_context
from warroom.app.work import work
from warroom.incident.action import Outcome, Verdict
from warroom.incident.document import Alert, Incident
from warroom.incident.timeline import utc_now
from warroom.record.ledger import Request
from warroom.response import Response
from warroom.settings import Settings
from warroom.tests.support.people import person
from warroom.tests.support.shop_cluster import BEFORE

CONFIG = "WARROOM_CONFIG"
PACE = 0.12
"""Seconds waited for one: clusters are asked anew after five."""


@contextmanager
def configured(home: Path, cluster: dict[str, Any]) -> Iterator[None]:
    """A warroom.yaml with this cluster is the one that counts."""
    file, before = home / "warroom.yaml", os.environ.get(CONFIG)
    home.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({"kubernetes": [cluster]}))
    os.environ[CONFIG] = str(file)
    try:
        yield
    finally:
        os.environ.pop(CONFIG)
        if before is not None:
            os.environ[CONFIG] = before


def responded(
    home: Path,
    cluster: dict[str, Any],
    verdict: Verdict,
    now: Callable[[], datetime] = utc_now,
    pace: float = PACE,
) -> Incident:
    """The document at its end."""
    told = Alert(
        name="KubeDeploymentRolloutStuck",
        service="web",
        severity="critical",
        summary="the roll-out of web makes no progress",
        starts_at=now(),
        fingerprint="f1",
        source="plain",
    )
    with configured(home, cluster):
        settings = Settings.model_validate({"home": home / "home"})
        context = open_context(settings, Sources(), pace=pace, clock=now)
        with Response(context) as response:
            incident, _ = response.take(told)

            def decides(request: Request) -> bool:
                context.store.ledger.decide(incident, request.subject, verdict, by=person())
                return True

            work(response, incident, lambda _: None, decides)
        document = context.store.load(incident)
        context.store.engine.dispose()
        return document


def assert_named_undone_verified(document: Incident) -> None:
    """What the drill has to end with."""
    leading = document.leading()
    assert leading is not None
    assert (leading.service, leading.resource) == ("web", "Deployment shop/web")
    assert "which its registry does not have" in leading.statement
    (done,) = document.executions
    assert done.title == f"roll back web (to_version={BEFORE})"
    assert (done.outcome, done.undone) == (Outcome.better, False)
    assert [one.verdict for one in document.decisions if one.subject == done.plan] == [
        Verdict.approved
    ]
