"""One root-cause case as a telemetry bundle (docs/bundle.md): all that a responder may read.

A status page lies beside the telemetry as shipped, and is read into logs and metrics
(evals/rca/documents.py). patterns.json is left behind: docs/rca.md says why.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from .cases import RcaCase
from .documents import alert, catalogue, changes, status_logs, status_metrics, topology
from .metrics import MetricValues, Timing, measured, recorded, records_shift, timing
from .records import CaseRecords, Edges, records


@dataclass
class Seen:
    """What was met while records were written."""

    services: set[str] = field(default_factory=set)
    edges: Edges = field(default_factory=set)
    earliest: float = np.inf  # unix seconds


def write(case: RcaCase, target: Path) -> Path:
    """Write what is shown of the case into a new or empty folder and return that.

    Raises InputError for a file of the case that is not in the format.
    """
    target.mkdir(parents=True, exist_ok=True)
    found = measured(case)
    times = timing(case, recorded(case))  # hidden metrics do not move the windows
    seen = Seen(set(found.services()))
    _metrics(found, times, target / "metrics" / "case.jsonl", seen)
    with records(case) as reader:
        _records(times, reader, target, seen)
    _changes(case, target, seen)
    _status(case, target, seen)
    _documents(case, times.late(case.part.late_s), target, seen)
    return target


def _metrics(found: MetricValues, times: Timing, file: Path, seen: Seen) -> None:
    """One line a measured cell. Formatted by hand: a case has up to 60,000."""
    ts = found.ts + np.where(found.incident, 0.0, times.metrics_shift)
    heads = [
        f'"name": {json.dumps(metric)}, "service": {json.dumps(service)}, "instance": ""'
        for service, metric in found.columns
    ]
    lines = [
        f'{{"ts": {at!r}, {head}, "labels": {{}}, "value": {value!r}}}\n'
        for at, row in zip(ts.tolist(), found.values.tolist(), strict=True)
        for head, value in zip(heads, row, strict=True)
        if not isnan(value)  # NaN: not measured
    ]
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(lines), encoding="utf-8")
    seen.earliest = min(seen.earliest, ts.min(initial=np.inf))


def _records(times: Timing, reader: CaseRecords, target: Path, seen: Seen) -> None:
    """Healthy logs and spans keep their distance to each other: they move together."""
    taken = reader.load(times.begin)
    own = [one.span[0] for one in taken if one.span and one.part == "incident"]
    healthy = [one.span[1] for one in taken if one.span and one.part == "baseline"]
    first = min(own, default=None)
    moved = records_shift(times, first, max(healthy)) if healthy else 0.0
    for one in taken:
        shift = moved if one.part == "baseline" else 0.0
        seen.edges |= reader.write(one, shift, target / one.modality / f"{one.part}.jsonl")
        seen.services |= reader.services(one)
        seen.earliest = min(seen.earliest, one.span[0] + shift if one.span else np.inf)


def _changes(case: RcaCase, target: Path, seen: Seen) -> None:
    shipped = shipped_json(case, "changes.json")
    if shipped is not None:
        rows = changes(shipped)
        seen.services |= {row["service"] for row in rows}
        _lines(target / "changes.jsonl", rows)


def _status(case: RcaCase, target: Path, seen: Seen) -> None:
    file = case.file("status_feed.json")
    if file is not None:
        feed = shipped_json(case, file.name)
        shutil.copyfile(file, target / file.name)
        logs = [] if case.part.hides("logs") else status_logs(feed)
        metrics = [] if case.part.hides("metrics") else status_metrics(feed)
        seen.services |= {row["service"] for row in (*logs, *metrics)}
        _lines(target / "logs" / "status_feed.jsonl", logs)
        _lines(target / "metrics" / "status_feed.jsonl", metrics)


def _documents(case: RcaCase, times: Timing, target: Path, seen: Seen) -> None:
    begin = min(seen.earliest, times.begin)
    edges = topology(case.file("topology.csv")) or seen.edges
    warning = alert(case, times.detected_at, shipped_json(case, "alert.json"))
    services = {*seen.services, warning.get("service", "")}
    header = {"format": "warroom-bundle/1", "name": case.id, "description": ""}
    header |= {"scrape_interval_s": case.interval_s, "recorded_from": begin}
    for name, content in (
        ("bundle", header),
        ("catalogue", catalogue(services, edges, times, times.begin - begin)),
        ("alert", warning),
    ):
        (target / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def shipped_json(case: RcaCase, name: str) -> Any:
    """A JSON file of the case; None where it has none. Raises InputError where it is no JSON."""
    file = case.file(name)
    if file is None:
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON: {error}") from error


def _lines(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
