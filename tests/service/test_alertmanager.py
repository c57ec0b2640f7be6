"""A real Alertmanager sends while the service is killed again and again: nothing is lost, nothing
is there twice. `ALERTS=1000` sends more."""

import os
from pathlib import Path
from signal import SIGKILL

import httpx
import pytest

from warroom.drills.monitoring import ALERTS, installed
from warroom.incident.timeline import utc_now
from warroom.intake.alerts import episodes
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.tests.support.alertmanager_server import alertmanager
from warroom.tests.support.serving import serving
from warroom.tests.support.supervised import free_ports
from warroom.tests.support.working import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(installed(ALERTS) is None, reason="alertmanager is not on PATH"),
]
SERVICES, KILLS = 10, 3
EACH = int(os.environ.get("ALERTS", "100")) // SERVICES


def fire(client: httpx.Client, number: int) -> None:
    """One more alert of each service."""
    alerts = [
        {"labels": {"alertname": f"A{number}", "service": f"s{one}", "severity": "warning"}}
        for one in range(SERVICES)
    ]
    started = utc_now().isoformat()
    body = [{**alert, "startsAt": started} for alert in alerts]
    assert client.post("/api/v2/alerts", json=body).is_success


def kept(home: Path) -> list[str]:
    """Every episode by what it is, in order."""
    store = Store.open(Settings(home=home).database)
    found = episodes(store.engine, limit=10_000)
    return sorted(f"{e.alert.service}/{e.alert.name}" for e in found)


def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_ports(1)[0]
    options = ("--listen", f"127.0.0.1:{port}", "--no-worker")
    fired = [f"s{one}/A{number}" for number in range(EACH) for one in range(SERVICES)]

    def run(manager: httpx.Client, numbers: range) -> None:
        """Send a part of them to a service that is killed at once."""
        with serving(home, *options, token="-") as service:
            for number in numbers:
                fire(manager, number)
            service.stop(SIGKILL)

    with serving(home, *options) as first:
        url = first.url
        first.stop()
    with alertmanager(tmp_path, url, home / "alertmanager.secret") as manager:
        share = EACH // (KILLS + 1)
        for kill in range(KILLS):
            run(manager, range(kill * share, (kill + 1) * share))
        with serving(home, *options, token="-") as service:
            for number in range(KILLS * share, EACH):
                fire(manager, number)
            until(lambda: set(kept(home)) == set(fired), "every alert is kept")
            store = Store.open(Settings(home=home).database)
            until(lambda: not episodes(store.engine, untaken=True), "every alert has its incident")
            service.stop()
    assert kept(home) == sorted(fired)  # each of them once
    assert len(store.incidents()) == SERVICES
