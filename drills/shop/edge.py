"""The edge: blocked sources and rate limits, before a request costs anything."""

import time
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .context import Context
from .server import UNWATCHED, peer


class Edge:
    """Answers 403 to blocked sources and 429 above a route's rate (edge.json)."""

    def __init__(self, app: ASGIApp, ctx: Context) -> None:
        self.app = app
        self.ctx = ctx
        self.buckets: dict[str, Bucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope) if self.watches(scope) else None
        await (refusal or self.app)(scope, receive, send)

    def watches(self, scope: Scope) -> bool:
        return scope["type"] == "http" and scope["path"] not in UNWATCHED

    def refusal(self, scope: Scope) -> JSONResponse | None:
        rules = self.ctx.config.edge.read()
        if is_blocked(peer(scope), rules.get("blocked", ())):
            return JSONResponse({"error": "forbidden"}, 403)
        for prefix, rate in rules.get("limits", {}).items():
            if scope["path"].startswith(prefix) and not self.take(prefix, float(rate)):
                return JSONResponse({"error": "too many requests"}, 429)
        return None

    def take(self, prefix: str, rate: float) -> bool:
        bucket = self.buckets.get(prefix)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[prefix] = Bucket(rate)
        return bucket.take(time.monotonic())


class Bucket:
    """Token bucket: `rate` per second, one second's worth of burst (at least one)."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.tokens = self.size = max(rate, 1.0)
        self.filled: float | None = None

    def take(self, now: float) -> bool:
        elapsed = 0.0 if self.filled is None else now - self.filled
        self.filled = now
        self.tokens = min(self.size, self.tokens + elapsed * self.rate)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def is_blocked(address: str, blocked: Iterable[str]) -> bool:
    """Whether the address is in one of the networks (single addresses are /32)."""
    try:
        source = ip_address(address)
    except ValueError:
        return False
    return any(source in ip_network(entry, strict=False) for entry in blocked)
