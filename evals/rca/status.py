"""A provider's status page, as shipped with a root-cause case, into telemetry of a bundle.

What people wrote there becomes logs, its figures become metrics, both of an external service named
`status-feed`: nothing tells which of ours calls the provider, so nothing is claimed about that.
"""

from datetime import datetime
from typing import Any

FEED = "status-feed"
Row = dict[str, Any]


def status_logs(feed: Row) -> list[Row]:
    """One log line an update of an incident on the page."""
    return [
        _line(feed, incident, update)
        for incident in feed.get("incidents", [])
        for update in incident.get("updates", [])
    ]


def status_metrics(feed: Row) -> list[Row]:
    """One sample a value of every list of timed values on the page; its key names the metric."""
    return [
        _sample(feed, name, point)
        for name, points in feed.items()
        if isinstance(points, list)
        for point in points
        if isinstance(point, dict) and {"timestamp", "value"} <= point.keys()
    ]


def _line(feed: Row, incident: Row, update: Row) -> Row:
    level = "info" if incident.get("impact") in (None, "none") else "warning"
    facts = {"provider": feed.get("provider"), "incident": incident.get("id")}
    return {
        **{"ts": _seconds(update["timestamp"]), "service": FEED, "instance": "", "level": level},
        "message": f"{feed.get('provider')}: {incident.get('name')}: {update.get('body')}",
        **{"trace_id": "", "span_id": "", "attributes": facts},
    }


def _sample(feed: Row, name: str, point: Row) -> Row:
    labels = {"provider": str(feed.get("provider")), "endpoint": str(point.get("endpoint", ""))}
    return {
        **{"ts": _seconds(point["timestamp"]), "name": name, "service": FEED, "instance": ""},
        **{"labels": labels, "value": float(point["value"])},
    }


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
