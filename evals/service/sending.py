"""Alerts as Alertmanager posts them, sent at a steady rate or as fast as they are taken."""

import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from ...incident.timeline import utc_now
from ...service.opening import first_receiver
from .installation import Installation, Serving

SERVICES, NAMES = 50, 20
"""Of the system that alerts: every alert is of one of its services, and has one of the names."""


@dataclass(frozen=True)
class Post:
    """One delivery: the fingerprints in it, and its body."""

    alerts: list[str]
    body: bytes


def posts(alerts: int, each: int, seed: int, first: int = 0) -> list[Post]:
    """So many alerts, all different, `each` of them in a delivery; numbered from `first`."""
    rng, found = random.Random(seed + first), []
    for at in range(first, first + alerts, each):
        service = f"service-{rng.randrange(SERVICES)}"
        some = [_alert(rng, service, at + one) for one in range(each)]
        shared = {"version": "4", "status": "firing", "groupKey": f'{{}}:{{service="{service}"}}'}
        body = json.dumps({**shared, "receiver": "warroom", "alerts": some})
        found.append(Post([alert["fingerprint"] for alert in some], body.encode()))
    return found


def _alert(rng: random.Random, service: str, number: int) -> dict[str, Any]:
    name = f"Alert{rng.randrange(NAMES)}"
    labels = {"alertname": name, "service": service, "instance": f"{service}-{number}"}
    return {
        "status": "firing",
        "labels": {**labels, "severity": rng.choice(["critical", "warning", "info"])},
        "annotations": {"summary": f"{name} on {service}", "runbook": "https://runbooks/alert"},
        "startsAt": utc_now().isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": f"{number:016x}",
    }


@dataclass
class Sent:
    """What came of it. Latencies in seconds, from when a delivery was due to its answer."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # of those that were acknowledged
    acknowledged: list[str] = field(default_factory=list)  # fingerprints
    refused: Counter[int] = field(default_factory=Counter)  # by status; 0: no answer


def send(
    made: Installation,
    serving: Serving,
    given: Sequence[Post],
    rate: float | None = None,
    connections: int = 32,
) -> Sent:
    """Post each once, whatever is answered, over so many connections: what they cannot send in time
    waits, and its wait counts. `rate`: deliveries a second; None: as fast as they are answered."""
    known = first_receiver(made.settings.home).authorization
    assert known and known.credentials_file
    secret = known.credentials_file.read_text().strip()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    sent, lock, began, left = Sent(), Lock(), time.monotonic(), iter(enumerate(given))

    def sender() -> None:
        connection = http.client.HTTPConnection(urlsplit(serving.url).netloc, timeout=30)
        while True:
            with lock:
                number, post = next(left, (0, None))
            if post is None:
                return connection.close()
            due = began + number / rate if rate else time.monotonic()
            time.sleep(max(0.0, due - time.monotonic()))
            status = _posted(connection, post, headers)
            took = time.monotonic() - due
            with lock:
                _note(sent, post, status, took)

    threads = [Thread(target=sender, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.seconds = time.monotonic() - began
    return sent


def _posted(connection: http.client.HTTPConnection, post: Post, headers: dict[str, str]) -> int:
    """The status; 0: the connection broke."""
    try:
        connection.request("POST", "/hooks/alertmanager", post.body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request opens it anew
        return 0
    return answer.status


def _note(sent: Sent, post: Post, status: int, took: float) -> None:
    if status // 100 == 2:
        sent.acknowledged += post.alerts
        sent.latencies.append(took)
    else:
        sent.refused[status] += 1
