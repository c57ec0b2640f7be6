"""The service catalogue and the alert of a root-cause case, as bundles have them."""

import csv
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .cases import RcaCase
from .records import Edges
from .status import FEED
from .timing import Timing

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
