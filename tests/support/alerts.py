"""Alerts as Alertmanager posts them and as receivers hand them on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from warroom.incident.document import Alert
from warroom.incident.timeline import from_ts
from warroom.intake.alerts import Episode, episodes
from warroom.intake.configuration import Receiver
from warroom.intake.taking import Delivery, keep
from warroom.record.store import Store
from warroom.record.tables import ALERTS, WORK
from warroom.tests.support.bundles import START
from warroom.tests.support.house import ROOT

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ILL = from_ts(START + 65)
"""Five seconds after the fault of a recording as tests/support/responses.py writes it."""
WEBHOOKS = ROOT / "tests/cases/webhooks"


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def fires(
    service: str = "cart",
    name: str = "HighErrorRate",
    start: float = 0.0,
    severity: str = "warning",
    **labels: str,
) -> Alert:
    """An alert that began `start` seconds after NOW."""
    return Alert(
        name=name,
        service=service,
        severity=severity,
        summary=f"{service} fails",
        starts_at=later(start),
        labels={"alertname": name, "service": service, "severity": severity, **labels},
        fingerprint="/".join([service, name, *labels.values()]),
        source="alertmanager",
        receiver="am",
    )


def over(alert: Alert, end: float) -> Alert:
    """The same alert, over `end` seconds after NOW."""
    return alert.model_copy(update={"status": "resolved", "ends_at": later(end)})


def put(store: Store, *alerts: Alert, at: float = 0.0, body: bytes | None = None) -> None:
    """Keep them as one delivery that came `at` seconds after NOW."""
    text = body or b"\n".join(alert.model_dump_json().encode() for alert in alerts)
    keep(store.engine, [Delivery("am", text, alerts=alerts)], later(at).timestamp())


def kept(store: Store) -> list[Episode]:
    """Every episode, the first that was kept first."""
    return episodes(store.engine, limit=100_000)[::-1]


def end_work(store: Store, incident_id: str) -> None:
    """The graph of this incident has run to its end, resolved or not."""
    with store.engine.begin() as connection:
        connection.execute(
            WORK.update()
            .where(WORK.c.incident_id == incident_id)
            .values(status="over", wake_at=None)
        )


def due(store: Store) -> int:
    """How many alerts wait to be grouped."""
    with store.reading.begin() as connection:
        query = select(ALERTS.c.id).where(ALERTS.c.due_at.is_not(None))
        return len(connection.execute(query).all())


def posted(
    service: str = "gateway", number: int = 1, at: datetime = ILL, **labels: str
) -> dict[str, Any]:
    """One alert as Alertmanager writes it, with this number as its fingerprint."""
    named = {"alertname": "HighErrorRate", "service": service, "severity": "critical", **labels}
    return {
        "status": "firing",
        "labels": named,
        "annotations": {"summary": f"{service} requests fail"},
        "startsAt": at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": f"{number:016x}",
    }


def ended(alert: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The same, over at this time."""
    return {**alert, "status": "resolved", "endsAt": at.isoformat()}


def delivery(*alerts: dict[str, Any]) -> dict[str, Any]:
    """A delivery of these, or of one, as Alertmanager sends it."""
    given = list(alerts) or [posted()]
    return {
        "receiver": "warroom",
        "status": "firing",
        "alerts": given,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
    }


def delivered(name: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and body of a real delivery that was recorded."""
    content = json.loads((WEBHOOKS / name).read_text())
    return content["headers"], content["body"]


def real() -> list[Path]:
    """The recorded deliveries of a real Alertmanager, in their order."""
    return sorted(WEBHOOKS.glob("alertmanager-*.json"))


def receiver(kind: str, **settings: Any) -> Receiver:
    """One of a vendor's, by default for whoever sends."""
    given = {"name": "r", "type": kind, "unauthenticated": True, "topics": ["t"], **settings}
    return Receiver.model_validate(given)
