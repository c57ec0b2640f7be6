"""The signals that Warroom knows, each in one record: unit, recipe, words, and what its level says.

Whoever needs to know something about a signal asks `definition(name)`. To add a signal, add its
name and its record; the recording side and PromQL come from its recipe.
"""

from enum import StrEnum

from .promql import Labelled
from .recipes import (
    Answering,
    Busiest,
    Highest,
    Quantile,
    Rate,
    Restarts,
    Share,
    TimeToFull,
    Total,
    Used,
    UsedTogether,
)
from .signal_definition import Group, SignalDefinition, Unit

REQUESTS, REQUEST_SECONDS = "http_requests_total", "http_request_duration_seconds"
REQUEST_BUCKETS = f"{REQUEST_SECONDS}_bucket"
IN_FLIGHT, CONCURRENCY_LIMIT = "http_requests_in_flight", "service_concurrency_limit"
MEMORY, MEMORY_LIMIT = "process_resident_memory_bytes", "service_memory_limit_bytes"
POOL_IN_USE, POOL_SIZE = "db_pool_in_use", "db_pool_size"
CONNECTIONS, CONNECTIONS_LIMIT = "pg_connections", "pg_max_connections"
LOGINS, AI_REQUESTS = "login_attempts_total", "ai_requests_total"

STATUS = ("code", "status", "status_code")
"""How exporters call the label with the HTTP status."""
FAILED = Labelled(STATUS, "5.*|499")
"""Failures of the service: 5xx, or the caller gave up (499)."""
MEMORY_TO_FULL = TimeToFull(MEMORY, MEMORY_LIMIT)
BAD_OUTCOME = Labelled(("outcome",), "ok|success|succeeded|accepted", negated=True)


class SignalName(StrEnum):
    """Every signal: the same names for every service."""

    request_rate = "request_rate"
    error_rate = "error_rate"
    throttled_rate = "throttled_rate"
    not_found_share = "not_found_share"
    unauthorised_share = "unauthorised_share"
    latency_p50 = "latency_p50"
    latency_p95 = "latency_p95"
    in_flight = "in_flight"
    concurrency_share = "concurrency_share"
    memory_bytes = "memory_bytes"
    memory_share = "memory_share"
    cpu_share = "cpu_share"
    open_fds = "open_fds"
    db_pool_share = "db_pool_share"
    db_pool_waiting = "db_pool_waiting"
    connections_share = "connections_share"
    connections = "connections"
    locks_waiting = "locks_waiting"
    database_bytes = "database_bytes"
    restarts = "restarts"
    login_rate = "login_rate"
    login_failure_share = "login_failure_share"
    ai_request_rate = "ai_request_rate"
    ai_error_share = "ai_error_share"
    up = "up"
    memory_exhaustion_s = "memory_exhaustion_s"


_SIGNALS = (
    SignalDefinition(
        SignalName.request_rate,
        Unit.per_second,
        Rate(REQUESTS),
        "request rate",
        Group.traffic,
        higher_is_worse=False,
        neutral=True,
    ),
    SignalDefinition(
        SignalName.error_rate,
        Unit.share,
        Share(REQUESTS, FAILED),
        "error rate",
        Group.errors,
        weight=1.0,
        harmless=0.02,
        warn_by=0.05,
    ),
    SignalDefinition(
        SignalName.throttled_rate,
        Unit.share,
        Share(REQUESTS, Labelled(STATUS, "429")),
        "share of throttled requests",
        Group.errors,
        weight=0.6,
        harmless=0.02,
    ),
    SignalDefinition(
        SignalName.not_found_share,
        Unit.share,
        Share(REQUESTS, Labelled(STATUS, "404")),
        "share of requests not found",
    ),
    SignalDefinition(
        SignalName.unauthorised_share,
        Unit.share,
        Share(REQUESTS, Labelled(STATUS, "401|403")),
        "share of refused requests",
    ),
    SignalDefinition(
        SignalName.latency_p50,
        Unit.seconds,
        Quantile(REQUEST_SECONDS, 0.5),
        "median latency",
        Group.latency,
        drifts=True,
        weight=0.8,
        harmless=0.05,
    ),
    SignalDefinition(
        SignalName.latency_p95,
        Unit.seconds,
        Quantile(REQUEST_SECONDS, 0.95),
        "p95 latency",
        Group.latency,
        drifts=True,
        weight=0.9,
        harmless=0.1,
    ),
    SignalDefinition(
        SignalName.in_flight, Unit.number, Total(IN_FLIGHT), "requests in flight", drifts=True
    ),
    SignalDefinition(
        SignalName.concurrency_share,
        Unit.share,
        Used(IN_FLIGHT, CONCURRENCY_LIMIT),
        "share of slots in use",
        Group.saturation,
        drifts=True,
        resource="concurrency",
        weight=0.7,
        harmless=0.6,
        warn_by=0.8,
    ),
    SignalDefinition(
        SignalName.memory_bytes, Unit.bytes, Highest(MEMORY), "memory", leak_growth=0.05
    ),
    SignalDefinition(
        SignalName.memory_share,
        Unit.share,
        Used(MEMORY, MEMORY_LIMIT, listed="memory_bytes"),
        "share of memory in use",
        Group.saturation,
        resource="memory",
        weight=0.8,
        harmless=0.7,
        warn_by=0.8,
    ),
    SignalDefinition(
        SignalName.cpu_share,
        Unit.share,
        Busiest("process_cpu_seconds_total"),
        "CPU share",
        Group.saturation,
        drifts=True,
        resource="cpu",
        weight=0.5,
        harmless=0.5,
        warn_by=0.8,
    ),
    SignalDefinition(
        SignalName.open_fds,
        Unit.number,
        Highest("process_open_fds"),
        drifts=True,
        leak_growth=0.25,
    ),
    SignalDefinition(
        SignalName.db_pool_share,
        Unit.share,
        Used(POOL_IN_USE, POOL_SIZE),
        "share of database connections in use",
        Group.saturation,
        resource="db pool",
        weight=0.6,
        harmless=0.7,
        warn_by=0.8,
    ),
    SignalDefinition(
        SignalName.db_pool_waiting,
        Unit.number,
        Total("db_pool_waiting"),
        "requests waiting for a connection",
        Group.saturation,
        weight=0.8,
        harmless=1.0,
    ),
    SignalDefinition(
        SignalName.connections_share,
        Unit.share,
        UsedTogether(CONNECTIONS, CONNECTIONS_LIMIT, listed="db_connections"),
        "share of database connections in use",
        Group.saturation,
        drifts=True,
        resource="db connections",
        weight=0.8,
        harmless=0.7,
        warn_by=0.8,
    ),
    SignalDefinition(
        SignalName.connections, Unit.number, Total(CONNECTIONS), drifts=True, leak_growth=0.25
    ),
    SignalDefinition(
        SignalName.locks_waiting,
        Unit.number,
        Total("pg_locks_waiting"),
        group=Group.saturation,
        weight=0.7,
    ),
    SignalDefinition(
        SignalName.database_bytes, Unit.bytes, Total("pg_database_size_bytes"), leak_growth=0.05
    ),
    SignalDefinition(
        SignalName.restarts,
        Unit.number,
        Restarts("process_restarts_total", "process_start_time_seconds"),
        group=Group.errors,
        weight=0.8,
    ),
    SignalDefinition(SignalName.login_rate, Unit.per_second, Rate(LOGINS), neutral=True),
    SignalDefinition(
        SignalName.login_failure_share,
        Unit.share,
        Share(LOGINS, BAD_OUTCOME),
        "share of failed logins",
        Group.errors,
        weight=0.9,
        harmless=0.3,
    ),
    SignalDefinition(
        SignalName.ai_request_rate,
        Unit.per_second,
        Rate(AI_REQUESTS),
        higher_is_worse=False,
        neutral=True,
    ),
    SignalDefinition(
        SignalName.ai_error_share,
        Unit.share,
        Share(AI_REQUESTS, BAD_OUTCOME),
        "share of failed provider calls",
        Group.errors,
        weight=0.5,
        harmless=0.05,
        warn_by=0.1,
    ),
    SignalDefinition(
        SignalName.up, Unit.share, Answering("up"), group=Group.traffic, higher_is_worse=False
    ),
    SignalDefinition(
        SignalName.memory_exhaustion_s,
        Unit.seconds,
        MEMORY_TO_FULL,
        higher_is_worse=False,
    ),
)

CATALOGUE: dict[str, SignalDefinition] = {signal.name: signal for signal in _SIGNALS}
"""Every signal by name."""
MEASURED = tuple(name for name in SignalName if name is not SignalName.memory_exhaustion_s)
"""What `read_signals` gives; the time until memory is full is a matter of rules alone."""
SYMPTOMS = (SignalName.error_rate, SignalName.latency_p95)
"""What users feel, whatever the cause was."""


def definition(name: str) -> SignalDefinition:
    """What is known about a signal; a name of no signal is a recorded metric, taken as it is."""
    return CATALOGUE.get(name) or SignalDefinition(name, "", Highest(name))
