"""What a person or Alertmanager hands over, into alerts that we can keep.

Whatever the bytes are, the answer is a list of alerts or an AlertError that says what to do.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..errors import AlertError
from ..incident.document import Alert

MOST_BYTES = 32_000_000
MOST_ALERTS = 20_000
"""A storm comes in one delivery, and is read."""
LONGEST_NAME = 200
LONGEST_TEXT = 4000
PLAIN = (
    "a webhook of Alertmanager or Grafana, or an object such as "
    '{"name": "HighErrorRate", "service": "checkout", "severity": "critical", "summary": "..."}'
)
NAMES = ("name", "title", "alertname", "alert")
SUMMARIES = ("summary", "message", "description", "text", "body")
SERVICES = ("service", "service_name", "app", "application", "component", "job")
SENDERS = {"4": "alertmanager", "1": "grafana"}
"""By the version of the webhook, who sends it."""
OWN_GROUP = 'detector="warroom"'
"""In the group key of what our own detector raises."""
ENDS = ("ends_at", "endsAt", "ended_at", "resolved_at")
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
    version = truncated(body.get("version", "4"), 20)
    if version not in SENDERS:
        raise AlertError(
            f"webhook version {version!r} is unknown; "
            'version "4" (Alertmanager) and "1" (Grafana) are read'
        )
    items = body["alerts"]
    if not isinstance(items, list):
        raise AlertError("alerts is not a list; send the body as Alertmanager does")
    if not items:
        raise AlertError("the webhook holds no alert: alerts is empty; nothing to respond to")
    _few(items)
    shared = text_map(body.get("commonLabels")), text_map(body.get("commonAnnotations"))
    own = OWN_GROUP in truncated(body.get("groupKey"), LONGEST_NAME)
    source = "warroom detector" if own else SENDERS[version]
    return [_from_webhook(item, *shared, source) for item in items]


def _few(items: list[Any]) -> None:
    if len(items) > MOST_ALERTS:
        raise AlertError(
            f"{len(items)} alerts at once; at most {MOST_ALERTS} are read. "
            "Group them in Alertmanager (group_by) or send fewer"
        )


def _from_webhook(
    item: Any, common_labels: dict[str, str], common_annotations: dict[str, str], source: str
) -> Alert:
    if not isinstance(item, dict):
        raise AlertError(f"alerts holds {truncated(item, 40)!r}, which is no object")
    labels = common_labels | text_map(item.get("labels"))
    annotations = common_annotations | text_map(item.get("annotations"))
    name = labels.get("alertname") or annotations.get("title", "")
    over = _status(item.get("status")) == "resolved"
    if not name:
        raise AlertError("an alert has no label alertname; add it to the alerting rule")
    return Alert(
        name=truncated(name, LONGEST_NAME),
        status=_status(item.get("status")),
        service=truncated(pick(labels, SERVICES), LONGEST_NAME),
        severity=truncated(labels.get("severity", ""), 40),
        summary=truncated(pick(annotations, SUMMARIES), LONGEST_TEXT),
        starts_at=parse_time(item.get("startsAt")),
        ends_at=parse_time(item.get("endsAt")) if over else None,
        labels=labels,
        annotations=annotations,
        fingerprint=truncated(item.get("fingerprint"), 100) or fingerprint(name, labels),
        source=source,
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
        starts_at=_first_time(item, STARTS),
        ends_at=_first_time(item, ENDS),
        labels=labels,
        annotations=text_map(item.get("annotations")),
        fingerprint=truncated(item.get("fingerprint"), 100)
        or fingerprint(name or summary, identity),
        source="plain",
    )


def _first_time(item: dict[str, Any], keys: Iterable[str]) -> datetime | None:
    return parse_time(next((item[key] for key in keys if item.get(key)), None))


def _status(value: Any) -> str:
    word = str(value).strip().lower() if isinstance(value, str) else ""
    return "resolved" if word in ("resolved", "ok", "closed", "inactive") else "firing"


def fingerprint(name: str, labels: dict[str, str]) -> str:
    """Sixteen hex digits over the name and labels: the same alert again has the same one."""
    parts = [f"alertname={name}", *(f"{key}={labels[key]}" for key in sorted(labels))]
    text = "\n".join(part for part in parts if not part.startswith("severity="))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


CUT = "… [cut]"
"""Marks text that was shortened."""
LONGEST_LABEL = 1000
MOST_LABELS = 64


def truncated(value: Any, longest: int) -> str:
    """A scalar as text of at most `longest` characters, visibly cut; empty for anything else.

    Control characters become blanks and lone surrogates question marks, so that the text can be
    shown and stored.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits
        return "a huge number"
    if len(text) <= longest and text.isprintable():
        return text.strip()  # nearly all are so
    head = text[: longest + 1].encode("utf-8", "replace").decode()
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in head).strip()
    if len(text) <= longest:
        return clean
    return clean[: max(0, longest - len(CUT))].rstrip() + CUT


def pick(fields: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The first of these keys that holds text or a number; empty if none does."""
    return next((text for key in keys if (text := truncated(fields.get(key), 100_000))), "")


def text_map(value: Any) -> dict[str, str]:
    """Labels or annotations as bounded text; values that are no scalars are left out.

    Raises AlertError when it is no object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AlertError("labels and annotations must be objects of text; correct the alert")
    items = list(value.items())
    found = {
        truncated(key, 200): truncated(text, LONGEST_LABEL) for key, text in items[:MOST_LABELS]
    }
    if len(items) > MOST_LABELS:
        found[CUT] = f"{len(items) - MOST_LABELS} more"
    return {key: text for key, text in found.items() if key and text}


def parse_time(value: Any) -> datetime | None:
    """A time of an alert in UTC: RFC 3339 text or unix seconds (or milliseconds).

    None for nothing and for Alertmanager's "0001-01-01", which means not known. A time without
    a zone is taken as UTC. Raises AlertError for anything else.
    """
    if value is None or value == "":
        return None
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, OSError) as error:
        raise AlertError(
            f"the time {truncated(value, 60)!r} cannot be read; "
            'write it as "2026-01-31T09:15:00Z" or as unix seconds'
        ) from error
    return None if moment.year <= 1 else moment


def _moment(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("neither text nor number")
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment if moment.year <= 1 else moment.astimezone(UTC)
    seconds = value / 1000 if abs(value) > 1e11 else value
    return datetime.fromtimestamp(seconds, UTC)
