"""A folder with two small root-cause cases, written in the format that evals/rca/cases.py reads.

`shop/a1`: metrics at one a minute, logs and spans of the incident, healthy ones of another day,
commits and a deploy, a status feed. `bare/b1`: metrics with a symptom, recorded baseline later.
"""

import csv
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DETECTED = 1_700_000_000
DAY = 86_400
CULPRIT, DECOY = "abcdef1234567890", "1234567abcdef890"
LOGS = ["ts_ns", "service", "pod", "level", "trace_id", "span_id", "message", "attributes"]
SPANS = [
    *("trace_id", "span_id", "parent_id", "service", "pod", "operation"),
    *("start_ns", "duration_us", "status", "attributes"),
]
CHANGES = {
    "commits": [
        {
            **{"sha": CULPRIT, "author": "ann", "message": "price in one query", "diff": "-a\n+b"},
            **{"files_changed": ["shop/pricing.py"], "at": DETECTED - 900},
        },
        {
            **{"sha": DECOY, "author": "bob", "message": "tidy", "diff": None},
            **{"files_changed": [], "at": DETECTED - 800},
        },
    ],
    "deploys": [
        {"service": "cart", "commit_sha": DECOY, "version": "v1", "at": DETECTED - 700},
        {"service": "cart", "commit_sha": CULPRIT, "version": "v2", "at": DETECTED - 300},
    ],
    "flags": [
        {
            **{"flag": "rail", "service": "web", "change": "off->on", "actor": "eve"},
            "at": DETECTED - 100,
        }
    ],
}
ALERT = {"service": "web", "metric": "errors", "threshold": 0.02, "monitor": "web-errors"}
FEED = {
    "provider": "payco",
    "incidents": [
        {
            **{"id": "i1", "name": "Slow charges", "impact": "major"},
            "updates": [{"timestamp": "2023-11-14T22:13:20Z", "body": "Investigating."}],
        }
    ],
    "error_pct": [{"timestamp": "2023-11-14T22:13:00Z", "endpoint": "charges", "value": 12.5}],
}
TRUTH = [
    {
        **{"set": "shop", "id": "a1", "service": "cart", "fault_type": "code"},
        **{"culprit_commit": CULPRIT, "decoys": [DECOY], "notes": "left alone"},
    },
    {"set": "bare", "id": "b1", "service": "db", "fault_type": "latency"},
]


def write_folder(root: Path) -> Path:
    """Both cases, what they share, and the truth."""
    shop, bare = root / "cases/shop/a1", root / "cases/bare/b1"
    healthy = {f"baseline_{name}": f"baseline/day/{name}.csv.gz" for name in ("logs", "traces")}
    _json(shop / "case.json", _case("shop", "a1") | healthy)
    metrics(shop, ["web|errors", "cart|errors"], _rows(-300, 5, [[0, 1], [1, 2]] * 3, [[5, 50]]))
    logs(shop, [(DETECTED - 90, "cart", "ERROR", 'price "x"\nfailed')])
    logs(
        root / "baseline/day",
        [(DETECTED + DAY, "cart", "", "fine"), (DETECTED + DAY + 30, "web", "INFO", "ok")],
    )
    spans(shop, DETECTED - 20)
    spans(root / "baseline/day", DETECTED + DAY + 10)
    for name, content in (("changes", CHANGES), ("alert", ALERT), ("status_feed", FEED)):
        _json(shop / f"{name}.json", content)
    symptom = {"service": "web", "metric": "ms"}
    _json(bare / "case.json", _case("bare", "b1") | {"symptom": symptom})
    metrics(bare, ["web|ms", "db|ms", "mq|ms", "mq|n"], _later())
    (bare / "topology.csv").write_text("source,target\nweb,db\nweb,mq\n")
    _json(root / "truth.json", TRUTH)
    return root


def metrics(place: Path, columns: list[str], rows: Iterable[list[Any]]) -> None:
    """metrics.csv.gz."""
    _csv(place / "metrics.csv.gz", ["ts", "phase", *columns], rows)


def logs(place: Path, rows: Iterable[tuple[float, str, str, str]]) -> None:
    """logs.csv.gz of (ts, service, level, message)."""
    full = [
        [int(ts * 1e9), service, "", level, "", "", text, ""] for ts, service, level, text in rows
    ]
    _csv(place / "logs.csv.gz", LOGS, full)


def spans(place: Path, at: float) -> None:
    """traces.csv.gz: web calls cart through a span of its own; cart computes and fails."""
    rows = [
        ["t1", "1", "", "web", "web-1", "GET /", 0, 9000, "", ""],
        ["t1", "2", "1", "web", "web-1", "cart.Get", 1, 7000, "OK", '{"attempt": 1}'],
        ["t1", "3", "2", "cart", "", "Get", 2, 6000, "ERROR", '{"error": "no price"}'],
        ["t1", "4", "3", "cart", "", "price", 3, 5000, "", ""],
    ]
    for row in rows:
        row[6] = int((at + row[6]) * 1e9)
    _csv(place / "traces.csv.gz", SPANS, rows)


def _later() -> list[list[Any]]:
    """Ten healthy rows a month after the incident; db moves with web, mq only stands out."""
    healthy = [[10 + k % 2, 5 + k % 2, 7 + k % 2, 1] for k in range(10)]
    ill = [[10, 5, 90, 1], [20, 15, 80, 1], [40, 36, 95, 1], [60, 54, "", 1], [80, 77, 84, 1]]
    return [
        *([DETECTED + 30 * DAY + 60 * k, "baseline", *row] for k, row in enumerate(healthy)),
        *([DETECTED - 110 + 60 * k, "incident", *row] for k, row in enumerate(ill)),
    ]


def _rows(first: float, at: float, healthy: list[Any], ill: list[Any]) -> list[list[Any]]:
    return [
        *([DETECTED + first + 60 * k, "baseline", *row] for k, row in enumerate(healthy)),
        *([DETECTED + at + 60 * k, "incident", *row] for k, row in enumerate(ill)),
    ]


def _case(name: str, id: str) -> dict[str, Any]:
    return {"set": name, "id": id, "detected_at": DETECTED, "symptom": None, "interval_s": 60}


def _json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def _csv(file: Path, heads: list[str], rows: Iterable[list[Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt", newline="") as out:
        csv.writer(out).writerows([heads, *rows])
