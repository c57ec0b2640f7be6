"""Control: an alert that is noise. Nothing is wrong, nothing is to be done."""

from datetime import UTC, datetime
from typing import Any

from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ..environment import Shop
from .fault import DrillFault, FaultTruth

LABELS = {
    "alertname": "CheckoutLatencyHigh",
    "service": "checkout",
    "severity": "warning",
    "team": "checkout",
}
ANNOTATIONS = {
    "summary": "P95 latency of checkout above 400 ms",
    "description": "The 95th percentile of checkout's latency was above 0.4 s for one minute.",
}


def inject(shop: Shop) -> None:
    """Leave the shop alone."""


def alert(now: float) -> dict[str, Any]:
    """The webhook that Alertmanager (version "4") would post at that time, unix seconds."""
    started = datetime.fromtimestamp(now, UTC).isoformat()
    one = {
        "status": "firing",
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "startsAt": started,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "6f2c8d1b0a9e4735",
    }
    return {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutLatencyHigh"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "on-call",
        "groupLabels": {"alertname": LABELS["alertname"]},
        "commonLabels": LABELS,
        "commonAnnotations": ANNOTATIONS,
        "externalURL": "",
        "alerts": [one],
    }


FAULT = DrillFault(
    name="no-fault",
    title="Control: the alert is noise",
    truth=FaultTruth(
        service="",
        kind=FaultKind.no_fault,
        severity=Severity.P3,  # no user notices anything
        effective_actions=(),
        loudest="",
        symptom=None,
    ),
    inject=inject,
    alert=alert,
)
