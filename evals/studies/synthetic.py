"""A bundle of a drill's size, made up: for measuring speed where no recorded one is at hand.

Seven services in a small shop; two thirds into the recording a release of checkout begins to
fail. It is only as real as a speed test needs; recorded bundles are for judging answers.
"""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

START = 1_760_000_000.0
SECONDS, RATE, ONSET = 75, 18, 55
"""Length of the recording (s), requests a second, and when the release begins to fail (s)."""
CALLS = {
    "gateway": ("catalog", "checkout", "login", "recommendations"),
    "checkout": ("inventory", "payments"),
}
SERVICES = ("gateway", "catalog", "checkout", "login", "recommendations", "inventory", "payments")
BOUNDS = ("0.025", "0.1", "0.25", "0.5", "1", "2", "5", "+Inf")
STACK = (
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/checkout.py", line 40, in checkout\n    total = price(basket)\n'
    '  File "/srv/shop/pricing.py", line 21, in price\n    percent = COUPONS[code]\n'
    "KeyError: 'welcome10'\n"
)


Key = tuple[str, str, tuple[tuple[str, str], ...]]
"""Metric, service, labels."""


@dataclass
class SyntheticRecording:
    """Lines by file, and the counters that are scraped."""

    rng: random.Random
    lines: dict[str, list[str]] = field(default_factory=dict)
    counters: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    ids: count = field(default_factory=lambda: count(1))

    def add(self, file: str, row: dict[str, Any]) -> None:
        """Append one object to a file."""
        self.lines.setdefault(file, []).append(json.dumps(row))

    def serve(self, service: str, at: float, trace: str, parent: str) -> tuple[float, bool]:
        """One request to a service: its span, its database call, its calls; (ms, went well)."""
        me, ok = f"{next(self.ids):016x}", True
        ms = self.rng.lognormvariate(1.5, 0.4)
        if service != "gateway":
            database = {"peer.service": "database", "db.system": "postgresql"}
            facts = {**database, "db.query.text": f"SELECT * FROM {service} WHERE id = %s"}
            self.span(service, "SELECT", at, (trace, me), "client", 1.5, True, facts)
        callees = CALLS.get(service, ())
        for callee in (self.rng.choice(callees),) if service == "gateway" else callees:
            call = f"{next(self.ids):016x}"
            spent, ok = self.serve(callee, at + ms / 1000, trace, call)
            facts = {"peer.service": callee}
            names = (trace, me, call)
            self.span(service, f"GET /{callee}", at, names, "client", spent + 1, ok, facts)
            ms += spent + 1
        if service == "checkout" and at >= START + ONSET and self.rng.random() < 0.6:
            ok = False
            self.failed(at + ms / 1000, trace)
        facts = {"http.route": f"/{service}", "http.response.status_code": 200 if ok else 500}
        facts["client.address"] = f"10.0.0.{self.rng.randrange(40)}"
        self.span(service, f"GET /{service}", at, (trace, parent, me), "server", ms, ok, facts)
        self.count(service, ms / 1000, "200" if ok else "500")
        return ms, ok

    def span(
        self,
        service: str,
        name: str,
        at: float,
        names: tuple[str, ...],
        kind: str,
        ms: float,
        ok: bool,
        facts: dict[str, Any],
    ) -> None:
        """One span; names are trace, parent and, where others hang below it, its own id."""
        row = {"trace_id": names[0], "parent_id": names[1]}
        row["span_id"] = names[2] if len(names) > 2 else f"{next(self.ids):016x}"
        row |= {"service": service, "instance": f"{service}-1", "name": name, "kind": kind}
        row |= {"start": at, "duration_ms": round(ms, 2), "status": "unset" if ok else "error"}
        self.add(f"traces/{service}.jsonl", row | {"status_message": "", "attributes": facts})

    def count(self, service: str, seconds: float, code: str) -> None:
        """What the request adds to the service's counters."""
        route = ("route", f"/{service}")
        self.counters["http_requests_total", service, (route, ("code", code))] += 1
        name = "http_request_duration_seconds"
        self.counters[f"{name}_sum", service, (route,)] += seconds
        self.counters[f"{name}_count", service, (route,)] += 1
        for bound in BOUNDS:
            if bound == "+Inf" or seconds <= float(bound):
                self.counters[f"{name}_bucket", service, (route, ("le", bound))] += 1

    def failed(self, at: float, trace: str) -> None:
        """The exception as checkout logs it."""
        facts = {"exception.type": "KeyError", "exception.message": "'welcome10'"}
        facts["exception.stacktrace"] = STACK
        self.log(at, "checkout", "GET /checkout failed: 'welcome10'", "error", trace, facts)

    def log(
        self, at: float, service: str, text: str, level: str, trace: str, facts: dict[str, Any]
    ) -> None:
        """One log record."""
        row = {"ts": at, "service": service, "instance": f"{service}-1", "level": level}
        row |= {"message": text, "trace_id": trace, "span_id": "", "attributes": facts}
        self.add(f"logs/{service}.jsonl", row)

    def scrape(self, at: float) -> None:
        """Every counter and gauge, once."""
        for (name, service, labels), value in self.counters.items():
            self.sample(at, name, service, value, dict(labels))
        for service in SERVICES:
            for name, value in (
                ("up", 1.0),
                ("process_resident_memory_bytes", 60e6 + 1e6 * self.rng.random()),
                ("service_memory_limit_bytes", 220e6),
                ("http_requests_in_flight", float(self.rng.randrange(2))),
                ("service_concurrency_limit", 16.0),
                ("process_cpu_seconds_total", (at - START) * 0.05),
                ("db_pool_size", 6.0),
                ("db_pool_in_use", float(self.rng.randrange(2))),
            ):
                self.sample(at, name, service, value, {})

    def sample(
        self, at: float, name: str, service: str, value: float, labels: dict[str, str]
    ) -> None:
        """One sample."""
        row = {"ts": at, "name": name, "service": service, "instance": f"{service}-1"}
        self.add("metrics/scrape.jsonl", row | {"labels": labels, "value": value})


def write(root: Path, seed: int = 1, rate: int = RATE) -> Path:
    """Write the bundle, of `rate` requests a second, into an empty or new directory."""
    recording = SyntheticRecording(random.Random(seed))
    for second in range(SECONDS):
        for _ in range(rate):
            at = START + second + recording.rng.random()
            trace = f"{next(recording.ids):032x}"
            ms, ok = recording.serve("gateway", at, trace, "")
            text = f"GET /gateway {200 if ok else 500} in {ms:.0f} ms"
            level = "info" if ok else "error"
            recording.log(at + ms / 1000, "gateway", text, level, trace, {"http.route": "/gateway"})
        recording.scrape(START + second + 1)
    release = {"at": START + ONSET - 4, "kind": "deploy", "service": "checkout", "id": "4f1c2aa"}
    release |= {"version": "v1.4.2", "previous": "v1.4.1", "author": "", "summary": "Simplify"}
    recording.add("changes.jsonl", release | {"files": ["shop/pricing.py"], "diff": ""})
    for file, lines in recording.lines.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("".join(f"{line}\n" for line in lines))
    for name, content in (("bundle", header()), ("catalogue", catalogue()), ("alert", alert())):
        (root / f"{name}.json").write_text(json.dumps(content, indent=1))
    return root


def header() -> dict[str, Any]:
    """bundle.json."""
    made = {"format": "warroom-bundle/1", "name": "synthetic", "scrape_interval_s": 1.0}
    return made | {"recorded_from": START, "description": "made up, for measuring speed"}


def catalogue() -> dict[str, Any]:
    """catalogue.json."""
    slo = {"name": "availability", "sli": "availability", "objective": 0.995}
    services: list[dict[str, Any]] = [
        {
            "name": name,
            "kind": "edge" if name == "gateway" else "service",
            "tier": 1,
            "team": name,
            "depends_on": [*CALLS.get(name, ()), *(["database"] if name != "gateway" else [])],
            "slos": [slo],
        }
        for name in SERVICES
    ]
    services.append({"name": "database", "kind": "database", "tier": 1, "team": "storage"})
    return {"services": services, "windows": {"baseline_s": 45, "detect_s": 5}}


def alert() -> dict[str, Any]:
    """alert.json: the loudest service is not the guilty one."""
    starts = datetime.fromtimestamp(START + ONSET + 8, UTC).isoformat()
    labels = {"alertname": "HighErrorRate", "service": "gateway", "severity": "critical"}
    one = {"status": "firing", "labels": labels, "startsAt": starts, "fingerprint": "synthetic"}
    one["annotations"] = {"summary": "gateway fails 15% of its requests"}
    return {"version": "4", "status": "firing", "alerts": [one]}
