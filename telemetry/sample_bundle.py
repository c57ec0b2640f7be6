"""A small bundle to look at and to copy from: three services, and a deploy that breaks the last."""

import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from ..errors import BundleError
from .bundle import FORMAT

CALLS = {"gateway": "checkout", "checkout": "payments", "payments": ""}
START, SECONDS, DEPLOYED, ALERTED = 1_763_711_100.0, 480, 300, 345
"""2025-11-21 07:45 UTC; then seconds after it."""
EVERY_S, REQUESTS, FAILING = 5, 4, 0.6
"""Between scrapes; requests a second; share of them that fails."""
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.5)
DIFF = """--- a/payments/charge.py
+++ b/payments/charge.py
@@ -40,3 +40,3 @@
-    rate = rates.get(currency, 1.0)
+    rate = rates.get(currency, 0.0)
     return amount / rate
"""
CATALOGUE = {
    "services": [
        {"name": name, "kind": "service" if callee != "checkout" else "edge"}
        | {"depends_on": [callee] if callee else []}
        for name, callee in CALLS.items()
    ],
    "windows": {"baseline_s": 240, "detect_s": 30, "stabilise_s": 10, "verify_s": 10},
}
ALERT = {
    **{"name": "HighErrorRate", "service": "gateway", "severity": "critical"},
    **{"summary": "gateway answers 500", "starts_at": "2025-11-21T07:50:45Z"},
}


class _Sample:
    """Rows by file, as they come."""

    def __init__(self) -> None:
        self.rng = random.Random(1)
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.totals = Counter[tuple[str, str, str]]()
        self.ids = 0

    def request(self, at: float, failing: bool) -> None:
        """One request through all services: a span each, counted, and what the last one says."""
        self.ids += 1
        trace, failed = f"{self.ids:032x}", failing and self.rng.random() < FAILING
        for depth, (service, callee) in enumerate(reversed(CALLS.items())):
            ms = (depth + 1) * self.rng.uniform(4, 8)
            ids = {"trace_id": trace, "span_id": f"{self.ids:013x}{depth:03x}"}
            parent = f"{self.ids:013x}{depth + 1:03x}" if service != "gateway" else ""
            code = 500 if failed else 200
            row = {**ids, "parent_id": parent, "service": service, "instance": f"{service}-1"}
            row |= {"name": "POST /charge", "kind": "server", "start": at, "duration_ms": ms}
            facts = {"http.route": "/charge", "http.response.status_code": code}
            row |= {"status": "error" if failed else "ok", "attributes": facts}
            row |= {"status_message": "ZeroDivisionError"} if failed and not callee else {}
            self.rows["traces/spans.jsonl"].append(row)
            self.totals["http_requests_total", service, json.dumps({"code": str(code)})] += 1
            for le in (*(f"{bound:g}" for bound in BOUNDS if ms / 1000 <= bound), "+Inf"):
                name = "http_request_duration_seconds_bucket"
                self.totals[name, service, json.dumps({"le": le})] += 1
            if failed and not callee:
                said = f"charge of order {self.ids} failed: division by zero"
                self.log(at, service, "error", said, ids)
        if self.ids % 20 == 0:
            self.log(at, "gateway", "info", f"order {self.ids} taken", {"trace_id": trace})

    def log(self, at: float, service: str, level: str, message: str, ids: dict[str, str]) -> None:
        """A line."""
        row = {"ts": at, "service": service, "instance": f"{service}-1", "level": level}
        self.rows["logs/lines.jsonl"].append(row | {"message": message, **ids})

    def scrape(self, at: float) -> None:
        """What has been counted."""
        known = self.totals | {("up", service, "{}"): 1 for service in CALLS}
        for (name, service, labels), value in known.items():
            row = {"ts": at, "name": name, "service": service, "instance": f"{service}-1"}
            row |= {"labels": json.loads(labels), "value": value}
            self.rows["metrics/scrape.jsonl"].append(row)


def write_sample(root: Path) -> Path:
    """Write it. Raises BundleError where the folder exists."""
    if root.exists():
        raise BundleError(f"{root} exists already; name another folder")
    sample = _Sample()
    for second in range(SECONDS):
        for number in range(REQUESTS):
            sample.request(START + second + number / REQUESTS, failing=second > DEPLOYED)
        if second % EVERY_S == 0:
            sample.scrape(START + second + 1)
    deploy = {"at": START + DEPLOYED, "kind": "deploy", "service": "payments", "id": "deploy-31"}
    deploy |= {"version": "v2.4.0", "previous": "v2.3.1", "author": "ci", "diff": DIFF}
    deploy |= {"summary": "payments v2.4.0: rates of new currencies", "files": ["charge.py"]}
    sample.rows["changes.jsonl"].append(deploy)
    for name, rows in sample.rows.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (root / name).write_text(lines, encoding="utf-8")
    about = {"format": FORMAT, "name": root.name, "description": "a sample: a deploy that breaks"}
    for name, content in (("bundle", about), ("catalogue", CATALOGUE), ("alert", ALERT)):
        (root / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return root
