"""A synthetic shop: a bundle of traffic through nine services, with one known fault in it."""

import atexit
import itertools
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from types import MappingProxyType

from warroom.tests.support.bundles import START, BundleWriter

BOUNDS = (0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
TIMEOUT_MS = 1500.0
STACK = """Traceback (most recent call last):
  File "/srv/shop/server.py", line 40, in answer
    return await handler(request)
  File "/srv/shop/{service}.py", line 77, in settle
    return amount / rate
ZeroDivisionError: division by zero
"""


@dataclass(frozen=True)
class Op:
    """One operation of a service: its statements and the calls it makes."""

    service: str
    name: str
    statements: tuple[str, ...] = ()
    calls: tuple["Op", ...] = ()


FIND = "SELECT * FROM products WHERE sku = %s"
STOCK = Op("inventory", "GET /stock", ("SELECT amount FROM stock WHERE sku = %s",))
RESERVE = Op("inventory", "POST /reserve", ("UPDATE stock SET amount = amount - 1",))
CHARGE = Op("payments", "POST /charge", ("INSERT INTO payments VALUES (%s)",))
ASK = Op("ai-primary", "POST /v1/completions")
LIST = Op("catalog", "GET /products", ("SELECT * FROM products LIMIT 12",))
SUGGEST = Op("recommendations", "GET /recommendations", (FIND,), (ASK,))
ROUTES = {
    "/": Op("gateway", "GET /", calls=(LIST, SUGGEST)),
    "/products/{sku}": Op(
        "gateway", "GET /products/{sku}", calls=(Op("catalog", "GET /products/{sku}", (FIND,)),)
    ),
    "/login": Op(
        "gateway",
        "POST /login",
        calls=(Op("login", "POST /login", ("SELECT password FROM users WHERE name = %s",)),),
    ),
    "/cart": Op("gateway", "POST /cart", calls=(Op("checkout", "POST /cart", calls=(STOCK,)),)),
    "/checkout": Op(
        "gateway",
        "POST /checkout",
        calls=(Op("checkout", "POST /checkout", calls=(RESERVE, CHARGE)),),
    ),
}
WEIGHTS = (6, 6, 2, 3, 3)
SERVING = [
    "gateway",
    "login",
    "catalog",
    "checkout",
    "payments",
    "inventory",
    "recommendations",
]
SERVICES = [*SERVING, "database", "ai-primary"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong from second `at` on, before second `until`.

    kind: none, errors (exceptions in `service`), slow (its statements take 900 ms), fanout
    (every statement is run ten times), hang (`service` stops answering anything), leak (its
    memory grows 3% of the limit a second), stuffing (failed logins from three addresses),
    quota (the AI provider answers 429), surge (four times the traffic, from one network), host
    (all work takes five times as long; the machine says so where its name is given as service).
    """

    kind: str = "none"
    service: str = ""
    at: int = 60
    share: float = 0.6
    until: int = 10**9


NO_FAULT = Fault()


@dataclass
class Shop:
    """Runs requests second by second and writes what they leave behind."""

    bundle: BundleWriter
    fault: Fault
    rng: random.Random
    counts: dict[tuple[str, ...], float] = field(default_factory=lambda: defaultdict(float))
    ids: itertools.count = field(default_factory=lambda: itertools.count(1))
    second: int = 0
    attackers: tuple[str, ...] = ("198.51.100.0", "198.51.100.1", "198.51.100.2")

    def broken(self, kind: str, service: str = "") -> bool:
        active = self.fault.kind == kind and self.fault.at <= self.second < self.fault.until
        return active and service in ("", self.fault.service)

    @property
    def pace(self) -> float:
        return 5.0 if self.broken("host") else 1.0

    def one_second(self, rps: int) -> None:
        """The traffic of the next second, and a scrape at its end."""
        at = self.bundle.start + self.second
        rate = rps * 4 if self.broken("surge") else rps
        count = rate + self.rng.randrange(-2, 3)
        for route in self.rng.choices(list(ROUTES), WEIGHTS, k=count):
            self.request(at + self.rng.random(), route)
        self.logins(at + 0.5)
        self.scrape(at + 1)
        self.second += 1

    def request(self, at: float, route: str) -> None:
        client = f"10.0.{self.rng.randrange(4)}.{self.rng.randrange(200)}"
        if self.broken("surge") and self.rng.random() < 0.75:
            client = f"203.0.113.{self.rng.randrange(20)}"
        trace, code = f"{next(self.ids):032x}", 200
        ms, ok = self.serve(ROUTES[route], at, trace, "", {"client.address": client})
        code = 200 if ok else 502
        self.bundle.log(
            at + ms / 1000,
            "gateway",
            f"{ROUTES[route].name} {code} in {ms:.0f} ms",
            "info" if ok else "warning",
            trace_id=trace,
            **{"http.route": route, "client.address": client, "http.response.status_code": code},
        )

    def serve(
        self, op: Op, at: float, trace: str, parent: str, facts: dict[str, str]
    ) -> tuple[float, bool]:
        """Serve one operation: (milliseconds, whether it went well)."""
        me, ms = f"{next(self.ids):016x}", self.rng.lognormvariate(1.2, 0.4) * self.pace
        ok, error = self.rng.random() > 0.001, "InternalError: rare"
        for statement in op.statements * (10 if self.broken("fanout", op.service) else 1):
            ms += self.query(op.service, statement, at + ms / 1000, trace, me)
        for call in op.calls:
            spent, answered = self.call(op.service, call, at + ms / 1000, trace, me)
            ms, ok = ms + spent, ok and answered
            error = error if answered else f"UpstreamFailed: {call.service} failed"
        if self.broken("errors", op.service) and self.rng.random() < self.fault.share:
            ok, error = False, "ZeroDivisionError: division by zero"
            self.exception(op, at + ms / 1000, trace)
        self.count(op, ms, ok)
        self.bundle.span(
            at,
            op.service,
            op.name,
            (trace, me, parent),
            ms=ms,
            error="" if ok else error,
            **facts,
            **{"http.route": op.name.split()[1], "http.response.status_code": 200 if ok else 500},
        )
        return ms, ok

    def call(self, caller: str, op: Op, at: float, trace: str, parent: str) -> tuple[float, bool]:
        """A client span, and the callee's server span where it answers."""
        me, error = f"{next(self.ids):016x}", ""
        if self.broken("hang", op.service):
            ms, ok, error = TIMEOUT_MS, False, "ReadTimeout"
        elif op.service == "ai-primary":
            ok = not self.broken("quota")
            ms, error = 80 + 20 * self.rng.random(), "" if ok else "HTTP 429"
            outcome = "ok" if ok else "rate_limited"
            self.counts["ai_requests_total", "recommendations", "outcome", outcome] += 1
        else:
            ms, ok = self.serve(op, at + 0.001, trace, me, {})
            ms, error = ms + 2, "" if ok else "HTTP 500"
        names = (trace, me, parent)
        self.bundle.span(
            at,
            caller,
            op.name,
            names,
            ms=ms,
            kind="client",
            error=error,
            **{"peer.service": op.service},
        )
        return ms, ok

    def query(self, service: str, text: str, at: float, trace: str, parent: str) -> float:
        ms = (
            900.0 if self.broken("slow", service) else self.rng.lognormvariate(0.7, 0.4) * self.pace
        )
        self.bundle.span(
            at,
            service,
            text.split(maxsplit=1)[0],
            (trace, f"{next(self.ids):016x}", parent),
            ms=ms,
            kind="client",
            **{"peer.service": "database", "db.system": "postgresql", "db.query.text": text},
        )
        return ms

    def exception(self, op: Op, at: float, trace: str) -> None:
        facts = {
            "exception.type": "ZeroDivisionError",
            "exception.message": "division by zero",
            "exception.stacktrace": STACK.format(service=op.service),
        }
        message = f"{op.name} failed: division by zero for order {next(self.ids)}"
        self.bundle.log(at, op.service, message, "error", trace_id=trace, **facts)

    def count(self, op: Op, ms: float, ok: bool) -> None:
        route = op.name.split()[1]
        code = "200" if ok else "500"
        self.counts["http_requests_total", op.service, "route", route, "code", code] += 1
        for bound in (*BOUNDS, float("inf")):
            if ms / 1000 <= bound:
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                key = ("http_request_duration_seconds_bucket", op.service, "route", route, "le", le)
                self.counts[key] += 1

    def logins(self, at: float) -> None:
        """Failed logins: one in a while, or a flood."""
        flood = self.broken("stuffing")
        for _ in range(12 if flood else int(self.rng.random() < 0.2)):
            client = self.rng.choice(self.attackers) if flood else "10.0.1.7"
            user = f"user{self.rng.randrange(900)}"
            facts = {"user.name": user, "client.address": client, "http.route": "/login"}
            facts["user_agent.original"] = "curl/8" if flood else "Mozilla/5.0"
            self.bundle.log(at, "login", f"login failed for {user}", "warning", **facts)
            self.counts["login_attempts_total", "login", "outcome", "wrong_password"] += 1

    def scrape(self, ts: float) -> None:
        """One scrape of everything that answers."""
        self.counts["login_attempts_total", "login", "outcome", "success"] += 2
        for service in SERVICES:
            alive = not self.broken("hang", service)
            self.bundle.metric(ts, "up", service, float(alive))
            if alive and service in SERVING:
                self.gauges(ts, service)
        if self.fault.kind == "host" and self.fault.service:
            waited = 0.9 if self.broken("host") else 0.05
            self.counts["node_pressure_cpu_waiting_seconds_total", self.fault.service] += waited
        for (name, service, *labels), value in self.counts.items():
            if not self.broken("hang", service):
                pairs = dict(zip(labels[::2], labels[1::2], strict=True))
                self.bundle.metric(ts, name, service, value, **pairs)

    def gauges(self, ts: float, service: str) -> None:
        limit, noise = 256e6, self.rng.random()
        leak = max(0, self.second - self.fault.at) * 0.03 * limit
        leaked = min(leak, 0.65 * limit) if self.broken("leak", service) else 0.0
        self.bundle.metric(
            ts, "process_resident_memory_bytes", service, 80e6 + noise * 1e6 + leaked
        )
        self.bundle.metric(ts, "service_memory_limit_bytes", service, limit)
        self.bundle.metric(ts, "http_requests_in_flight", service, float(round(noise * 2)))
        self.bundle.metric(ts, "service_concurrency_limit", service, 32.0)
        self.counts["process_cpu_seconds_total", service] += 0.05 + 0.02 * noise
        self.bundle.metric(ts, "db_pool_size", service, 8.0)
        self.bundle.metric(ts, "db_pool_in_use", service, float(round(noise * 2)))
        self.bundle.metric(ts, "db_pool_waiting", service, 0.0)


def catalogue() -> dict:
    """The synthetic shop's service catalogue."""
    calls: dict[str, set[str]] = {name: set() for name in SERVICES}
    queue = list(ROUTES.values())
    for op in queue:
        calls[op.service] |= {call.service for call in op.calls} | (
            {"database"} if op.statements else set()
        )
        queue.extend(op.calls)
    kinds = {"gateway": "edge", "database": "database", "ai-primary": "external"}
    slo = {"name": "availability", "sli": "availability", "objective": 0.99, "window_s": 3600}
    fast = {"name": "fast", "sli": "latency", "objective": 0.95, "threshold_ms": 500}
    services = [
        {
            "name": name,
            "kind": kinds.get(name, "service"),
            "depends_on": sorted(calls[name]),
            "slos": [slo, fast] if name in SERVING else [],
        }
        for name in SERVICES
    ]
    return {"services": services, "windows": {"baseline_s": 45, "detect_s": 5}}


def write_shop(
    root: Path, fault: Fault = NO_FAULT, seconds: int = 90, rps: int = 8, seed: int = 7
) -> Path:
    """Write `seconds` of traffic from START on; returns the bundle's directory."""
    return Path(copytree(_written(fault, seconds, rps, seed), root, dirs_exist_ok=True))


@cache  # the same traffic each time, and much of it
def _written(fault: Fault, seconds: int, rps: int, seed: int) -> Path:
    folder = Path(mkdtemp(prefix="shop-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    return run_shop(folder / "bundle", fault, seconds, rps, seed).bundle.root


def run_shop(
    root: Path,
    fault: Fault = NO_FAULT,
    seconds: int = 90,
    rps: int = 8,
    seed: int = 7,
    start: float = START,
    windows: Mapping[str, float] = MappingProxyType({}),
) -> Shop:
    """The same from `start` on, with these windows in the catalogue; the shop, which may go on."""
    content = catalogue()
    content["windows"] |= windows
    with BundleWriter(root, content, start) as bundle:
        shop = Shop(bundle, fault, random.Random(seed))
        for _ in range(seconds):
            shop.one_second(rps)
    return shop
