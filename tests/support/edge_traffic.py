"""Traffic at the edge of a small system, request by request, for tests that need exact numbers."""

import itertools
from pathlib import Path
from typing import Any

from warroom.tests.support.bundles import START, BundleWriter

NAMES = itertools.count(1)
EDGE = {
    "services": [{"name": "gateway", "kind": "edge", "depends_on": ["login"]}, {"name": "login"}],
    "windows": {"baseline_s": 60, "detect_s": 5},
}


def edge_bundle(root: Path, catalogue: dict[str, Any] | None = None) -> BundleWriter:
    """An empty bundle of a gateway and a login service."""
    return BundleWriter(root, catalogue or EDGE)


def request(
    bundle: BundleWriter,
    second: float,
    client: str,
    path: str = "/",
    status: int = 200,
    *,
    agent: str = "Mozilla/5.0",
) -> None:
    """One request at the gateway: its root span and its access log line."""
    facts = {
        "http.route": path if path.count("/") == 1 and "." not in path else "unmatched",
        "url.path": path,
        "client.address": client,
        "http.response.status_code": status,
    }
    names = (f"{next(NAMES):032x}", f"{next(NAMES):016x}", "")
    error = f"HTTP {status}" if status >= 500 else ""
    bundle.span(START + second, "gateway", f"GET {path}", names, error=error, **facts)
    line = f"GET {path} {status} in 10 ms"
    bundle.log(START + second, "gateway", line, **facts, **{"user_agent.original": agent})


def customers(bundle: BundleWriter, seconds: range, each: int = 1) -> None:
    """Eight customers, each with so many requests every second."""
    for second, number, turn in itertools.product(seconds, range(8), range(each)):
        request(bundle, second + (number + turn / each) / 8, f"10.0.0.{number}")


def refused_login(bundle: BundleWriter, second: float, client: str, user: str) -> None:
    """One wrong password, as the login service logs it."""
    facts = {"user.name": user, "client.address": client, "http.route": "/login"}
    bundle.log(START + second, "login", f"login failed for {user}", "warning", **facts)
