"""What was acknowledged is never lost, and what is one thing becomes one incident."""

import gzip
import json
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from warroom.incident.timeline import from_ts
from warroom.record.tables import ALERTS
from warroom.tests.support.alerts import delivery, ended, posted
from warroom.tests.support.bundles import START
from warroom.tests.support.installations import Asked, Installation

pytestmark = pytest.mark.reliability
LATER = from_ts(START + 75)


def all_grouped(installation: Installation) -> bool:
    return all(row.incident_id for row in installation.rows(ALERTS))


def grouped(installation: Installation, component: str) -> bool:
    return any(row.component == component and row.incident_id for row in installation.rows(ALERTS))


def at_once(warroom: Asked, bodies: list) -> list[int]:
    """What each is answered, all of them sent at the same time."""
    gate = threading.Barrier(min(len(bodies), 50))

    def send(number: int) -> int:
        if number < 50:
            gate.wait()
        return warroom.post(bodies[number]).status_code

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(send, range(len(bodies))))


def test_the_same_webhook_a_hundred_times_at_once(installation: Installation) -> None:
    with installation.serve("--no-worker") as warroom:
        assert set(at_once(warroom, [delivery()] * 100)) == {200}
        warroom.until(warroom.incidents)
        assert len(warroom.incidents()) == 1
    (row,) = installation.rows(ALERTS)
    assert row.times == 100 and row.incident_id


def test_what_was_acknowledged_before_a_kill_is_there_after_it(installation: Installation) -> None:
    kept: list[int] = []
    dice = random.Random(7)
    number = 0
    for _ in range(2):
        with installation.serve("--no-worker") as warroom, ThreadPoolExecutor(8) as pool:
            numbers = range(number, number + 400)
            number += 400
            enough = dice.randrange(20, 200)

            def send(n: int, warroom: Asked = warroom, enough: int = enough) -> None:
                try:
                    answer = warroom.post(delivery(posted(f"service-{n % 40}", n + 1)))
                except httpx.HTTPError:
                    return
                if answer.status_code == 200:
                    kept.append(n)
                    if len(kept) % 200 == enough:
                        warroom.service.process.send_signal(signal.SIGKILL)

            list(pool.map(send, numbers))
    assert len(kept) > 20
    with installation.serve("--no-worker") as warroom:
        warroom.until(lambda: all_grouped(installation))
        found = {row.fingerprint: row.incident_id for row in installation.rows(ALERTS)}
        assert {f"{n + 1:016x}" for n in kept} <= set(found)
        assert len(set(found.values())) <= 40


def test_a_storm_of_10_000_alerts_over_50_services(installation: Installation) -> None:
    with installation.serve("--no-worker") as warroom:
        for start in range(0, 10_000, 500):
            warroom.send(*(posted(f"svc-{n % 50}", n + 1) for n in range(start, start + 500)))
        warroom.until(lambda: all_grouped(installation))
        assert len(installation.rows(ALERTS)) == 10_000
        assert len({row.incident_id for row in installation.rows(ALERTS)}) <= 50


def test_900_alerts_in_one_delivery(on_a_file: Installation) -> None:
    with on_a_file.serve("--no-worker") as warroom:
        warroom.send(*(posted(f"svc-{n % 30}", n + 1) for n in range(900)))
        warroom.until(lambda: all_grouped(on_a_file))
        assert len(on_a_file.rows(ALERTS)) == 900
        assert len(warroom.incidents()) <= 30


def test_a_second_alert_on_an_incident_that_waits(installation: Installation) -> None:
    with installation.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        warroom.send(posted("gateway", 2, alertname="LatencyHigh"))
        incident = question["incident_id"]
        joined = lambda: warroom.get(f"/incidents/{incident}")["joined"]  # noqa: E731
        assert len(warroom.until(joined)) == 1
        assert len(warroom.incidents()) == 1
        assert warroom.answer(question).status_code == 200  # what was asked still stands
        warroom.approve_until_over()
        assert installation.world.starts() == 1


def test_an_alert_that_fires_again_after_its_incident_ended_unresolved(
    installation: Installation,
) -> None:
    with installation.serve() as warroom:
        warroom.send()
        warroom.approve_until_over()
        (first,) = warroom.incidents()
        warroom.send(ended(posted(), LATER))
        warroom.send(posted(at=LATER + timedelta(seconds=5)))
        warroom.until(lambda: len(warroom.incidents()) == 2)
        (second,) = [line for line in warroom.incidents() if line["id"] != first["id"]]
        warroom.until(lambda: warroom.get(f"/incidents/{second['id']}")["severity"])
        assert first["id"] in json.dumps(warroom.get(f"/incidents/{second['id']}")["related"])


def test_production_never_joins_staging(installation: Installation) -> None:
    with installation.serve("--no-worker") as warroom:
        warroom.send(posted("gateway", 1, environment="staging", severity="warning"))
        warroom.until(warroom.incidents)
        warroom.send(posted("gateway", 2, environment="production"))
        warroom.until(lambda: len(warroom.incidents()) == 2)


def test_resolved_before_firing_and_flapping_leave_no_zombie(installation: Installation) -> None:
    with installation.serve("--no-worker") as warroom:
        warroom.send(ended(posted(), LATER))
        warroom.send(posted())  # late: it was over by then
        warroom.send(posted("checkout", 2))  # a marker: when this one is grouped, all were
        warroom.until(lambda: grouped(installation, "checkout"))
        assert len(warroom.incidents()) == 1
        for n in range(10):
            start = LATER + timedelta(seconds=10 + 2 * n)
            firing = posted("login", 3, start)
            warroom.send(firing)
            warroom.send(ended(firing, start + timedelta(seconds=1)))
        warroom.send(posted("inventory", 4))
        warroom.until(lambda: grouped(installation, "inventory"))
        assert len(warroom.incidents()) <= 3


def test_bodies_that_are_large_deep_or_swollen(on_a_file: Installation) -> None:
    deep = b'{"version": "4", "alerts": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    swollen = gzip.compress(b" " * 500_000_000)
    with on_a_file.serve() as warroom:
        assert warroom.post(b"x" * 40_000_000).status_code == 413
        assert warroom.post(deep).status_code in (200, 400, 413, 422)
        assert warroom.post(swollen, **{"Content-Encoding": "gzip"}).status_code == 413
        assert warroom.post(b"\x00\xff" * 1000).status_code in (200, 400, 422)
        long = posted("gateway", 1, note="n" * 1_000_000)
        assert warroom.post(delivery(long)).status_code == 200
        warroom.asked_for()
        peak = Path(f"/proc/{warroom.pid}/status").read_text().split("VmHWM:")[1].split()[0]
        assert int(peak) < 1_000_000, f"{peak} kB"
