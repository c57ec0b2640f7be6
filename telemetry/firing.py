"""What a rule that fires says, and the webhook that carries it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .model import Rule

NO_END = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class Firing:
    """One rule, one service, since when, how bad."""

    rule: str
    service: str
    severity: str  # warning, critical
    value: float
    unit: str
    started: float  # unix seconds: since when the condition holds
    summary: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same alert the next time."""
        return self.rule, self.service


@dataclass(frozen=True)
class Finding:
    """A service for which a rule's condition holds, before it is put into words."""

    service: str
    value: float
    unit: str
    started: float
    critical: bool


def fire(rule: Rule, found: Finding) -> Firing:
    """The firing of a rule, with its summary filled in."""
    text = rule.summary or f"{rule.name} on {{service}}: {{value}}"
    summary = text.replace("{service}", found.service or "a service").replace(
        "{value}", in_words(found.value, found.unit)
    )
    severity = "critical" if found.critical else "warning"
    return Firing(
        rule.name, found.service, severity, found.value, found.unit, found.started, summary
    )


def in_words(value: float, unit: str) -> str:
    """A value with its unit, as a person says it."""
    if unit == "share":
        return f"{value:.1%}"
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    number = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"
    return {"s": f"{number} s", "1/s": f"{number}/s"}.get(unit, number)


def webhook(firings: list[Firing]) -> dict[str, Any]:
    """The firings as an Alertmanager webhook body, version "4", the worst one first."""
    worst = sorted(firings, key=lambda item: (item.severity != "critical", item.started))
    alerts = [_alert(firing) for firing in worst]
    return {
        "receiver": "warroom",
        "status": "firing",
        "alerts": alerts,
        "groupLabels": _common([alert["labels"] for alert in alerts]),
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": "",
        "version": "4",
        "groupKey": '{}:{detector="warroom"}',
        "truncatedAlerts": 0,
    }


def _alert(firing: Firing) -> dict[str, Any]:
    labels = {"alertname": firing.rule, "service": firing.service, "severity": firing.severity}
    identity = "\n".join(f"{key}={labels[key]}" for key in ("alertname", "service"))
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": firing.summary},
        "startsAt": datetime.fromtimestamp(firing.started, UTC).isoformat(timespec="milliseconds"),
        "endsAt": NO_END,
        "generatorURL": "",
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest()[:16],
    }


def _common(mappings: list[dict[str, str]]) -> dict[str, str]:
    if not mappings:
        return {}
    shared = set.intersection(*(set(mapping.items()) for mapping in mappings))
    return dict(sorted(shared))
