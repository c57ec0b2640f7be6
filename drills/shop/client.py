"""Calls to other services: load balanced, traced, bounded in time."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .config import Config
from .errors import NoEndpoint, ShopError, UpstreamFailed, UpstreamTimeout

PASSED_ON = {503: 503, 504: 504}  # every other server error becomes 502


@dataclass(frozen=True)
class Reply:
    """An answer below 500: its status and decoded body."""

    status: int
    body: Any


class Client:
    """One per process; `call` picks an instance and keeps the trace going."""

    def __init__(self, config: Config, tracer: Tracer, timeout_s: float, agent: str) -> None:
        self.config = config
        self.tracer = tracer
        self.timeout_s = timeout_s
        self.http = httpx.AsyncClient(
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=200),
            headers={"user-agent": agent},
            trust_env=False,
        )
        self.turn = count()
        self.propagator = TraceContextTextMapPropagator()

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        route: str = "",
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Answer of one active instance; raises UpstreamFailed, UpstreamTimeout, NoEndpoint."""
        urls = self.config.urls(service)
        if not urls:
            raise NoEndpoint(f"no active instance of {service}")
        url = urls[next(self.turn) % len(urls)]
        return await self.request(
            service, method, url + path, route=route or path, json=json, headers=headers
        )

    async def request(
        self,
        peer: str,
        method: str,
        url: str,
        *,
        route: str,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        attributes = {
            "http.request.method": method,
            "peer.service": peer,
            "server.address": url.split("/")[2],
        }
        with self.tracer.start_as_current_span(
            f"{method} {route}", kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            sent = dict(headers or {})
            self.propagator.inject(sent)
            try:
                response = await self.http.request(method, url, json=json, headers=sent)
            except httpx.TimeoutException as error:
                raise UpstreamTimeout(
                    f"{peer} did not answer {method} {route} within {self.timeout_s:g} s"
                ) from error
            except httpx.TransportError as error:
                raise UpstreamFailed(
                    f"{peer} is unreachable for {method} {route}: {type(error).__name__}"
                ) from error
            return read(response, span, f"{peer} answered", f"{method} {route}")


def read(response: httpx.Response, span: Span, said: str, request: str) -> Reply:
    """The reply, or the error that a status of 500 and above stands for."""
    span.set_attribute("http.response.status_code", response.status_code)
    if response.status_code >= 500:
        error = UpstreamFailed(f"{said} {response.status_code} to {request}")
        error.status = PASSED_ON.get(response.status_code, ShopError.status + 2)
        raise error
    if response.status_code >= 400:
        span.set_status(StatusCode.ERROR, f"HTTP {response.status_code}")
    return Reply(response.status_code, response.json())
