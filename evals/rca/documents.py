"""The service catalogue and the alert of a root-cause case, as bundles have them."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .cases import RcaCase
from .metrics import Timing
from .records import Edges

DATABASES = re.compile(
    r"(?i)(sql|postgres|mongo|redis|dynamodb|database|cassandra|memcached|\brds\b)"
)
"""Products whose name says that a service is a database."""


def topology(file: Path | None) -> Edges:
    """Callers and callees of a file with the columns source and target; none without a file."""
    if file is None:
        return set()
    with file.open(encoding="utf-8", newline="") as lines:
        return {(row["source"], row["target"]) for row in csv.DictReader(lines)}


def catalogue(
    services: Iterable[str], edges: Edges, timing: Timing, baseline_s: float
) -> dict[str, Any]:
    """catalogue.json: who is there, who calls whom, and the windows."""
    names = {*services, *(name for edge in edges for name in edge)} - {""}
    windows = {"baseline_s": baseline_s, "detect_s": timing.detect_s}
    return {
        "services": [_service(name, edges) for name in sorted(names)],
        "windows": windows,
    }


def _service(name: str, edges: Edges) -> dict[str, Any]:
    callees = sorted(target for source, target in edges if source == name)
    called = any(target == name for _source, target in edges)
    return {"name": name, "kind": _kind(name, callees, called), "depends_on": callees}


def _kind(name: str, callees: list[str], called: bool) -> str:
    """Told by what it is called or by the graph, where that is enough."""
    if name == FEED:
        return "external"
    if DATABASES.search(name) and not callees:
        return "database"
    return "edge" if callees and not called else "service"


def alert(case: RcaCase, at: float, shipped: dict[str, Any] | None) -> dict[str, Any]:
    """alert.json in the plain format: as shipped, else of the symptom, else of no service.

    `at`: when it starts, unix seconds.
    """
    starts = {"starts_at": datetime.fromtimestamp(at, UTC).isoformat()}
    if shipped:
        return _shipped(shipped) | starts
    if case.symptom:
        service, metric = case.symptom.service, case.symptom.metric
        summary = f"{metric} of {service} is not as it should be"
        labels = {"metric": metric}
        return {"name": metric, "service": service, "summary": summary, "labels": labels} | starts
    return {"name": "Incident", "summary": "an incident was detected"} | starts


def _shipped(alert: dict[str, Any]) -> dict[str, Any]:
    known = {key: alert[key] for key in ("service", "severity", "summary") if key in alert}
    figures = ("metric", "threshold", "observed")
    labels = {key: str(alert[key]) for key in figures if alert.get(key) is not None}
    name = alert.get("monitor") or alert.get("metric") or "alert"
    return {"name": name, **known, "labels": labels}


Row = dict[str, Any]


def changes(shipped: dict[str, list[Row]]) -> list[Row]:
    """Every change as bundles have them, oldest first."""
    commits = {row["sha"]: row for row in shipped.get("commits", [])}
    found = [
        *(_commit(row) for row in commits.values()),
        *_deploys(shipped.get("deploys", []), commits),
        *(_flag(row) for row in shipped.get("flags", [])),
    ]
    return sorted(found, key=lambda row: row["at"])


def commits_of(shipped: dict[str, list[Row]]) -> set[str]:
    """Every sha that could be blamed."""
    shas = (row["sha"] for row in shipped.get("commits", []))
    return {*shas, *(row["commit_sha"] for row in shipped.get("deploys", []))}


def _commit(row: Row) -> Row:
    return {"at": row["at"], "kind": "commit", "service": "", "id": row["sha"]} | _work(row)


def _work(commit: Row) -> Row:
    return {
        "author": commit.get("author") or "",
        "summary": commit.get("message") or "",
        "files": commit.get("files_changed") or [],
        "diff": commit.get("diff") or "",
    }


def _deploys(deploys: list[Row], commits: dict[str, Row]) -> Iterator[Row]:
    """Each knows the version that its service had before."""
    running: dict[str, str] = {}
    for row in sorted(deploys, key=lambda row: row["at"]):
        service, version = row["service"], row.get("version") or ""
        facts = {"at": row["at"], "kind": "deploy", "service": service, "id": row["commit_sha"]}
        known = _work(commits.get(row["commit_sha"], {}))
        yield facts | {"version": version, "previous": running.get(service, "")} | known
        running[service] = version


def _flag(row: Row) -> Row:
    before, arrow, after = (row.get("change") or "").partition("->")
    return {
        **{"at": row["at"], "kind": "flag", "service": row.get("service") or "", "id": row["flag"]},
        **{"version": after if arrow else before, "previous": before if arrow else ""},
        **{"author": row.get("actor") or "", "summary": f"{row['flag']}: {row.get('change')}"},
        **{"files": [], "diff": ""},
    }


FEED = "status-feed"


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
