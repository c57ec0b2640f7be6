"""Alerts that fire now: of Alertmanager, else of what evaluates Prometheus' rules.

They are handed over as a webhook would bring them, so that they are read, kept and grouped in one
way. APIs: Alertmanager's openapi.yaml (`/api/v2/alerts`), Prometheus' `/api/v1/alerts`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import TelemetryError
from .datasource import Datasource
from .http import HttpApi
from .otlp import fields, objects, text

WEBHOOK = {"version": "4", "status": "firing"}
UNSILENCED = {"active": "true", "silenced": "false", "inhibited": "false"}
HEARTBEAT = "none"
"""Severity of alerts that fire always, to show that alerting works (Watchdog, InfoInhibitor)."""


@dataclass(frozen=True)
class Firing:
    """What fires, and how it is known."""

    alerts: tuple[dict[str, Any], ...] = ()
    asked: tuple[str, ...] = ()
    """Names of the datasources that answered."""
    failed: tuple[str, ...] = ()
    """What is wrong with the others, in words."""
    left_out: tuple[str, ...] = ()
    """What is no alert to respond to, in words."""

    @property
    def body(self) -> bytes:
        """As a webhook's body."""
        return json.dumps({**WEBHOOK, "alerts": self.alerts}).encode()


def firing(datasources: Sequence[Datasource]) -> Firing:
    """What fires now. Alertmanagers are asked, which know of silences; where none answers,
    Prometheus."""
    failed, found = list[str](), dict[str, list[dict[str, Any]]]()
    for kind in ASKS:
        for source in (one for one in datasources if one.type == kind):
            try:
                found[source.name] = firing_at(source)
            except TelemetryError as error:
                failed.append(f"{source.name} {error}")
        if found:
            break
    every = (one for told in found.values() for one in told)
    different = {json.dumps(one["labels"], sort_keys=True): one for one in every}
    named = [one for one in different.values() if one["labels"].get("alertname")]
    meant = [one for one in named if not _beats(one)]
    left_out = list[str]()
    if nameless := len(different) - len(named):
        left_out.append(f"{nameless} without a label alertname")
    if always := sorted({one["labels"]["alertname"] for one in named if _beats(one)}):
        left_out.append(f"{', '.join(always)} of severity {HEARTBEAT}")
    return Firing(tuple(meant), tuple(found), tuple(failed), tuple(left_out))


def _beats(alert: dict[str, Any]) -> bool:
    return alert["labels"].get("severity", "").lower() == HEARTBEAT


def firing_at(source: Datasource) -> list[dict[str, Any]]:
    """What fires there, not silenced, as a webhook has it. Raises TelemetryError."""
    return ASKS[source.type](HttpApi(source))


def _of_alertmanager(api: HttpApi) -> list[dict[str, Any]]:
    found = api.json("api", "v2", "alerts", params=UNSILENCED)
    if not isinstance(found, list):
        raise TelemetryError("answered no list of alerts: is it really alertmanager?")
    return [_alert(one, "startsAt") for one in objects(found)]


def _of_prometheus(api: HttpApi) -> list[dict[str, Any]]:
    found = fields(api.json("api", "v1", "alerts", params={})).get("data")
    if not isinstance(fields(found).get("alerts"), list):
        raise TelemetryError("answered no list of alerts: is it really prometheus?")
    every = objects(fields(found)["alerts"])
    return [_alert(one, "activeAt") for one in every if one.get("state") == "firing"]


ASKS = {"alertmanager": _of_alertmanager, "prometheus": _of_prometheus}
"""By the kind of a datasource, in the order in which they are asked."""


def _alert(told: dict[str, Any], since: str) -> dict[str, Any]:
    """One alert of a webhook."""
    parts = {part: _texts(told.get(part)) for part in ("labels", "annotations")}
    known = {"status": "firing", "startsAt": text(told, since)}
    return {**known, **parts, "fingerprint": text(told, "fingerprint")}


def _texts(value: Any) -> dict[str, str]:
    return {str(name): str(one) for name, one in fields(value).items()}


def rules_at(source: Datasource) -> list[dict[str, Any]]:
    """The alerting rules there, as a rules file has them. Raises TelemetryError."""
    found = fields(HttpApi(source).json("api", "v1", "rules", params={"type": "alert"})).get("data")
    return [
        {
            "alert": text(one, "name"),
            "expr": text(one, "query"),
            "for": f"{one.get('duration') or 0:g}s",
            **{part: _texts(one.get(part)) for part in ("labels", "annotations")},
        }
        for group in objects(fields(found).get("groups"))
        for one in objects(group.get("rules"))
        if one.get("type") == "alerting" and isinstance(one.get("duration") or 0, (int, float))
    ]
