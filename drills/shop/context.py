"""What every handler of a service needs, made once per process."""

import random
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from opentelemetry.trace import StatusCode, get_current_span

from .client import Client
from .config import Config, Settings
from .database import Database
from .observability import Log, Metrics, make_tracer

ACCESS_LOG_SHARE = 0.25  # of the requests that went well; the others are always logged


class Context:
    """Logging, tracing, metrics, configuration, and the ways out of the process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Log(settings)
        self.tracer = make_tracer(settings)
        self.metrics = Metrics(settings)
        self.config = Config(settings.config)
        self.client = Client(
            self.config, self.tracer, settings.upstream_timeout_s, f"shop-{settings.service}"
        )

    @cached_property
    def database(self) -> Database:
        return Database(self.settings, self.tracer, self.metrics)

    @property
    def has_database(self) -> bool:
        return bool(self.settings.database_dsn)

    def access(self, request: Mapping[str, Any], seconds: float, agent: str) -> None:
        """The access log: a sample of the good requests, every other one."""
        status = request["http.response.status_code"]
        if status < 400 and random.random() > ACCESS_LOG_SHARE:
            return
        line = f"{request['http.request.method']} {request['url.path']} {status}"
        attributes = {"duration_ms": round(seconds * 1000, 1), "user_agent.original": agent}
        write = self.log.warning if status in (429, 499, 503, 504) else self.log.info
        write(f"{line} in {seconds * 1000:.0f} ms", **request, **attributes)

    def failed(self, request: Mapping[str, Any], status: int, error: Exception) -> None:
        """A request that ends with a server error: on the span and in the log."""
        span = get_current_span()
        span.record_exception(error)
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(StatusCode.ERROR, f"{type(error).__qualname__}: {error}")
        self.log.error(
            f"{request['http.request.method']} {request['http.route']} failed: {error}",
            error,
            **{**request, "http.response.status_code": status},
        )
