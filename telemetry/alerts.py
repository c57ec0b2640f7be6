"""What a person or Alertmanager hands over, into alerts that we can keep.

Whatever the bytes are, the answer is a list of alerts or an AlertError that says what to do.
"""

import hashlib
import json
from typing import Any

from ..errors import AlertError
from ..incident.alert import Alert
from .alert_fields import parse_time, pick, text_map, truncated

MOST_BYTES = 1_000_000
MOST_ALERTS = 500
LONGEST_NAME = 200
LONGEST_TEXT = 4000
PLAIN = (
    'an Alertmanager webhook (version "4"), or an object such as '
    '{"name": "HighErrorRate", "service": "checkout", "severity": "critical", "summary": "..."}'
)
NAMES = ("name", "title", "alertname", "alert")
SUMMARIES = ("summary", "message", "description", "text", "body")
SERVICES = ("service", "service_name", "app", "application", "component", "job")
STARTS = ("starts_at", "startsAt", "started_at", "timestamp", "time", "date")


def read_alerts(data: bytes | str) -> list[Alert]:
    """The alerts in a file or request body: Alertmanager's webhook or the plain format.

    Raises AlertError with what is wrong and what to do.
    """
    return parse_alerts(_decoded(data))


def parse_alerts(content: Any) -> list[Alert]:
    """The alerts in decoded JSON. Raises AlertError."""
    if isinstance(content, dict) and isinstance(content.get("body"), dict) and "headers" in content:
        content = content["body"]  # a kept request: headers and body
    if isinstance(content, dict) and "alerts" in content:
        return _webhook(content)
    items = content if isinstance(content, list) else [content]
    if not items:
        raise AlertError(f"the list holds no alert; give {PLAIN}")
    _few(items)
    return [_plain(item) for item in items]


def _decoded(data: bytes | str) -> Any:
    if len(data) > MOST_BYTES:
        raise AlertError(
            f"the alert is larger than {MOST_BYTES / 1e6:.0f} MB, and no more is read. "
            "Send the alert without its attachments, or fewer alerts at once"
        )
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise AlertError(
            f"the alert is not UTF-8 text (byte {error.start}); save it as UTF-8 JSON"
        ) from error
    if not text.strip():
        raise AlertError(f"the alert is empty; give {PLAIN}")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise AlertError("the alert is nested too deeply; give a flat object") from error
    except ValueError as error:
        raise AlertError(f"the alert is not JSON ({error}); give {PLAIN}") from error


def _webhook(body: dict[str, Any]) -> list[Alert]:
    version = body.get("version", "4")
    if str(version) != "4":
        raise AlertError(
            f"Alertmanager webhook version {truncated(version, 20)!r} is unknown; "
            'version "4" is read'
        )
    items = body["alerts"]
    if not isinstance(items, list):
        raise AlertError("alerts is not a list; send the body as Alertmanager does")
    if not items:
        raise AlertError("the webhook holds no alert: alerts is empty; nothing to respond to")
    _few(items)
    shared = text_map(body.get("commonLabels")), text_map(body.get("commonAnnotations"))
    return [_from_webhook(item, *shared) for item in items]


def _few(items: list[Any]) -> None:
    if len(items) > MOST_ALERTS:
        raise AlertError(
            f"{len(items)} alerts at once; at most {MOST_ALERTS} are read. "
            "Group them in Alertmanager (group_by) or send fewer"
        )


def _from_webhook(
    item: Any, common_labels: dict[str, str], common_annotations: dict[str, str]
) -> Alert:
    if not isinstance(item, dict):
        raise AlertError(f"alerts holds {truncated(item, 40)!r}, which is no object")
    labels = common_labels | text_map(item.get("labels"))
    annotations = common_annotations | text_map(item.get("annotations"))
    name = labels.get("alertname") or annotations.get("title", "")
    if not name:
        raise AlertError("an alert has no label alertname; add it to the alerting rule")
    return Alert(
        name=truncated(name, LONGEST_NAME),
        status=_status(item.get("status")),
        service=truncated(pick(labels, SERVICES), LONGEST_NAME),
        severity=truncated(labels.get("severity", ""), 40),
        summary=truncated(pick(annotations, SUMMARIES), LONGEST_TEXT),
        starts_at=parse_time(item.get("startsAt")),
        labels=labels,
        annotations=annotations,
        fingerprint=truncated(item.get("fingerprint"), 100) or fingerprint(name, labels),
        source="alertmanager",
    )


def _plain(item: Any) -> Alert:
    if not isinstance(item, dict):
        raise AlertError(f"the alert is {truncated(item, 40)!r}, not an object; give {PLAIN}")
    name, summary = pick(item, NAMES), pick(item, SUMMARIES)
    if not name and not summary:
        known = ", ".join(truncated(key, 30) for key in list(item)[:8]) or "nothing"
        raise AlertError(f"the alert has neither name nor summary (it has {known}); give {PLAIN}")
    labels = text_map(item.get("labels"))
    service = pick(item, SERVICES) or pick(labels, SERVICES)
    identity = labels | ({"service": service} if service else {})
    return Alert(
        name=truncated(name or summary, LONGEST_NAME),
        status=_status(item.get("status")),
        service=truncated(service, LONGEST_NAME),
        severity=truncated(pick(item, ("severity", "priority", "level")), 40)
        or labels.get("severity", ""),
        summary=truncated(summary, LONGEST_TEXT),
        starts_at=parse_time(next((item[key] for key in STARTS if item.get(key)), None)),
        labels=labels,
        annotations=text_map(item.get("annotations")),
        fingerprint=truncated(item.get("fingerprint"), 100)
        or fingerprint(name or summary, identity),
        source="plain",
    )


def _status(value: Any) -> str:
    word = str(value).strip().lower() if isinstance(value, str) else ""
    return "resolved" if word in ("resolved", "ok", "closed", "inactive") else "firing"


def fingerprint(name: str, labels: dict[str, str]) -> str:
    """Sixteen hex digits over the name and labels: the same alert again has the same one."""
    parts = [f"alertname={name}", *(f"{key}={labels[key]}" for key in sorted(labels))]
    text = "\n".join(part for part in parts if not part.startswith("severity="))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
