"""Around every request: a span, metrics and a log line."""

import time
from collections.abc import Sequence
from typing import Any

from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .context import Context

UNWATCHED = ("/metrics", "/healthz")
FACTS = "shop.request"  # where the scope carries what is known about the request


class Observed:
    """Wraps the application: each request is traced, counted, timed and logged."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], ctx: Context) -> None:
        self.app = app
        self.routes = routes
        self.ctx = ctx
        self.propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNWATCHED:
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
