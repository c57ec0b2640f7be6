"""A made-up incident of any size: a tree of services, an hour of telemetry, one fault.

Every service calls four others. 50 minutes in, one of them begins to be slow and to fail most of
what reaches it; three in ten requests do. Its callers wait and fail with it, and the alert names
the edge. DuckDB makes and writes the lines: a million of them take seconds.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from .growth_telemetry import (
    ALERTED,
    HOT,
    METRICS,
    ONSET,
    REQUESTS,
    SPANS,
    START,
    STEP,
    Size,
    log_lines,
    name,
    series,
)

FAN_OUT = 4


def path(number: int) -> list[int]:
    """The services from the edge to this one."""
    return [*(path((number - 1) // FAN_OUT) if number else []), number]


def write(root: Path, size: Size) -> Path:
    """Write the bundle into a new or empty folder and return that."""
    for folder in ("metrics", "logs", "traces"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2}) as db:
        _tables(db, size)
        for modality, query in (
            ("metrics", METRICS),
            ("logs", log_lines(size)),
            ("traces", SPANS),
        ):
            file = str(root / modality / "all.jsonl").replace("'", "''")
            db.execute(f"COPY ({query}) TO '{file}' (FORMAT json)")
    documents = {"bundle": HEADER, "catalogue": _catalogue(size), "alert": _alert()}
    for title, content in documents.items():
        (root / f"{title}.json").write_text(json.dumps(content))
    return root


def _tables(db: duckdb.DuckDBPyConnection, size: Size) -> None:
    """Services with how much of their traffic meets the fault, paths, series, requests."""
    paths = [path(number) for number in range(size.services)]
    bad = set(paths[size.services // 2])
    hit = [
        0.0 if n not in bad else 1.0 if name(n) == size.guilty else HOT for n in range(len(paths))
    ]
    rows = [(name(n), hit[n]) for n in range(len(paths))]
    db.execute("CREATE TABLE services (service VARCHAR, hit DOUBLE)")
    db.executemany("INSERT INTO services VALUES (?, ?)", rows)
    db.execute(
        "CREATE TABLE paths (target INT, depth INT, service VARCHAR, callee VARCHAR, len INT, "
        "meets BOOLEAN, above BOOLEAN)"
    )
    db.executemany("INSERT INTO paths VALUES (?, ?, ?, ?, ?, ?, ?)", list(_steps(paths, size)))
    db.execute(
        "CREATE TABLE series (metric VARCHAR, labels VARCHAR, kind VARCHAR, a DOUBLE, b DOUBLE)"
    )
    db.executemany("INSERT INTO series VALUES (?, ?, ?, ?, ?)", series())
    spans = [2 * len(one) - 1 for one in paths]  # served, and called
    mean = HOT * spans[size.services // 2] + (1 - HOT) * sum(spans) / len(spans)
    db.execute(REQUESTS, {"count": max(1, round(size.spans / mean)), "n": size.services})


def _steps(paths: list[list[int]], size: Size) -> Iterator[tuple]:
    """(target, depth, service, callee, length, meets the fault at all, at or above it)."""
    guilty = size.services // 2
    for target, steps in enumerate(paths):
        meets = guilty in steps
        for depth, number in enumerate(steps):
            callee = name(steps[depth + 1]) if depth + 1 < len(steps) else ""
            above = meets and depth <= steps.index(guilty)
            yield target, depth, name(number), callee, len(steps), meets, above


HEADER = {
    **{"format": "warroom-bundle/1", "name": "growth", "scrape_interval_s": STEP},
    **{"recorded_from": START, "description": "made up, for measuring growth"},
}


def _catalogue(size: Size) -> dict[str, Any]:
    callees: dict[int, list[str]] = {}
    for number in range(1, size.services):
        callees.setdefault((number - 1) // FAN_OUT, []).append(name(number))
    services = [
        {"name": name(n), "kind": "service" if n else "edge", "depends_on": callees.get(n, [])}
        for n in range(size.services)
    ]
    return {"services": services, "windows": {"baseline_s": ONSET - START, "detect_s": 300}}


def _alert() -> dict[str, Any]:
    at = datetime.fromtimestamp(ALERTED, UTC).isoformat()
    return {
        "name": "HighErrorRate",
        "service": name(0),
        "starts_at": at,
        "summary": "requests fail",
    }
