"""Around every request: a span, metrics and a log line; the edge's rules; bounded concurrency."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .context import Context
from .errors import Overloaded

UNWATCHED = ("/metrics", "/healthz")
FACTS = "shop.request"  # where the scope carries what is known about the request
QUEUE_TIMEOUT_S = 1.5
Answer = Callable[[Scope, Exception], Response]


def watched(scope: Scope) -> bool:
    """Whether it is a customer's request."""
    return scope["type"] == "http" and scope["path"] not in UNWATCHED


class Observed:
    """Wraps the application: each request is traced, counted, timed and logged."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], ctx: Context) -> None:
        self.app = app
        self.routes = routes
        self.ctx = ctx
        self.propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not watched(scope):
            await self.app(scope, receive, send)
            return
        headers = {key.decode(): value.decode("latin-1") for key, value in scope["headers"]}
        facts = scope[FACTS] = self.facts(scope, headers)
        started = time.perf_counter()
        with self.ctx.tracer.start_as_current_span(
            f"{scope['method']} {facts['http.route']}",
            context=self.propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes=facts,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            self.ctx.metrics.in_flight.inc()
            try:
                await self.app(scope, receive, watching(facts, send, span))
            finally:
                self.ctx.metrics.in_flight.dec()
                self.finish(facts, time.perf_counter() - started, headers)

    def facts(self, scope: Scope, headers: dict[str, str]) -> dict[str, Any]:
        return {
            "http.request.method": scope["method"],
            "http.route": self.route_of(scope),
            "url.path": scope["path"],
            "client.address": headers.get("x-forwarded-for") or peer(scope),
        }

    def route_of(self, scope: Scope) -> str:
        for route in self.routes:
            if route.matches(scope)[0] is Match.FULL:
                return getattr(route, "path", scope["path"])
        return "unmatched"

    def finish(self, facts: dict[str, Any], seconds: float, headers: dict[str, str]) -> None:
        status = facts.setdefault("http.response.status_code", 499)  # the caller hung up
        route, method = facts["http.route"], facts["http.request.method"]
        self.ctx.metrics.requests.labels(route, method, str(status)).inc()
        self.ctx.metrics.seconds.labels(route).observe(seconds)
        self.ctx.access(facts, seconds, headers.get("user-agent", ""))


def watching(facts: dict[str, Any], send: Send, span: Span) -> Send:
    """`send`, noting the status on its way out."""

    async def watch(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = facts["http.response.status_code"] = message["status"]
            span.set_attribute("http.response.status_code", status)
            if status >= 500 and not described(span):
                span.set_status(StatusCode.ERROR)
        await send(message)

    return watch


def described(span: Span) -> bool:
    """Whether the span already says what went wrong."""
    status = getattr(span, "status", None)
    return status is not None and bool(status.description)


def peer(scope: Scope) -> str:
    """The address at the other end of the connection; headers play no part."""
    return scope["client"][0] if scope.get("client") else ""


class Queue:
    """Admits `limit` requests at once; the others wait, and are turned away after a while."""

    def __init__(self, app: ASGIApp, limit: int, answer: Answer) -> None:
        self.app = app
        self.limit = limit
        self.answer = answer
        self.places = asyncio.Semaphore(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not watched(scope):
            await self.app(scope, receive, send)
            return
        if not await admitted(self.places.acquire()):
            await self.answer(scope, self.shed())(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.places.release()

    def shed(self) -> Overloaded:
        waited = f"request shed after {QUEUE_TIMEOUT_S:g} s in the queue"
        return Overloaded(f"{waited}: all {self.limit} workers are busy")


async def admitted(place: Awaitable[bool]) -> bool:
    try:
        return await asyncio.wait_for(place, QUEUE_TIMEOUT_S)
    except TimeoutError:
        return False


class Edge:
    """Answers 403 to blocked sources and 429 above a route's rate (edge.json)."""

    def __init__(self, app: ASGIApp, ctx: Context) -> None:
        self.app = app
        self.ctx = ctx
        self.buckets: dict[str, Bucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope) if watched(scope) else None
        await (refusal or self.app)(scope, receive, send)

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
