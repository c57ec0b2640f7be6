"""How each canonical signal is made out of raw metrics. One recipe a signal."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..analysis.quantiles import histogram_quantiles
from .board import Board
from .grid import roll

REQUESTS = "http_requests_total"
BUCKETS = "http_request_duration_seconds_bucket"
LOGINS = "login_attempts_total"
AI = "ai_requests_total"
MEMORY, MEMORY_LIMIT = "process_resident_memory_bytes", "service_memory_limit_bytes"
GOOD_OUTCOMES = ("ok", "success", "succeeded", "accepted")

Made = tuple[np.ndarray, np.ndarray | None]
"""Values per cell, and the number of events they rest on where that matters."""


@dataclass(frozen=True)
class Recipe:
    """One signal: its unit, the metrics it needs, how it is computed."""

    name: str
    unit: str
    needs: tuple[str, ...]
    make: Callable[[Board], Made | None]
    higher_is_worse: bool = True


def failed(code: str) -> bool:
    """Whether an HTTP status is a failure of the service: 5xx, or the caller gave up (499)."""
    return code.startswith("5") or code == "499"


def _codes(match: Callable[[str], bool]) -> Callable[[Board], Made | None]:
    return lambda board: board.share(REQUESTS, lambda labels: match(code_of(labels)))


def code_of(labels: dict[str, str]) -> str:
    """The HTTP status of a series, by the label names in use."""
    return labels.get("code") or labels.get("status") or labels.get("status_code") or ""


def _bad_outcome(name: str) -> Callable[[Board], Made | None]:
    return lambda board: board.share(
        name, lambda labels: labels.get("outcome", "") not in GOOD_OUTCOMES
    )


def _rate(name: str) -> Callable[[Board], Made | None]:
    def make(board: Board) -> Made | None:
        rolled = board.rolled(name)
        return None if rolled is None else (rolled.rate, rolled.total)

    return make


def _quantile(q: float) -> Callable[[Board], Made | None]:
    def make(board: Board) -> Made | None:
        found = board.buckets(BUCKETS)
        if found is None:
            return None
        bounds, counts = found
        return histogram_quantiles(q, bounds, counts), counts[-1]

    return make


def _plain(make: Callable[[Board], np.ndarray | None]) -> Callable[[Board], Made | None]:
    def wrapped(board: Board) -> Made | None:
        values = make(board)
        return None if values is None else (values, None)

    return wrapped


def _memory_share(board: Board) -> np.ndarray | None:
    return board.used(MEMORY, MEMORY_LIMIT, board.service.limits.get("memory_bytes"))


def _connections_share(board: Board) -> np.ndarray | None:
    used, limit = board.total("pg_connections"), board.highest("pg_max_connections")
    most = limit if limit is not None else board.service.limits.get("db_connections")
    return None if used is None or most is None else used / most


def _restarts(board: Board) -> np.ndarray | None:
    """Restarts in the trailing window: as the supervisor counts, or as the start time moves."""
    rolled = board.rolled("process_restarts_total")
    if rolled is not None:
        return rolled.total
    starts = board.gauge("process_start_time_seconds")
    if not starts:
        return None
    moved = [np.diff(cells, prepend=cells[:1]) > 1 for cells in starts.values()]
    return roll([np.vstack(moved).sum(axis=0)], board.width, board.grid.step).total


RECIPES: tuple[Recipe, ...] = (
    Recipe("request_rate", "1/s", (REQUESTS,), _rate(REQUESTS), higher_is_worse=False),
    Recipe("error_rate", "share", (REQUESTS,), _codes(failed)),
    Recipe("throttled_rate", "share", (REQUESTS,), _codes(lambda code: code == "429")),
    Recipe("not_found_share", "share", (REQUESTS,), _codes(lambda code: code == "404")),
    Recipe("unauthorised_share", "share", (REQUESTS,), _codes(lambda code: code in ("401", "403"))),
    Recipe("latency_p50", "s", (BUCKETS,), _quantile(0.5)),
    Recipe("latency_p95", "s", (BUCKETS,), _quantile(0.95)),
    Recipe(
        "in_flight",
        "count",
        ("http_requests_in_flight",),
        _plain(lambda board: board.total("http_requests_in_flight")),
    ),
    Recipe(
        "concurrency_share",
        "share",
        ("http_requests_in_flight", "service_concurrency_limit"),
        _plain(lambda board: board.used("http_requests_in_flight", "service_concurrency_limit")),
    ),
    Recipe("memory_bytes", "bytes", (MEMORY,), _plain(lambda board: board.highest(MEMORY))),
    Recipe("memory_share", "share", (MEMORY, MEMORY_LIMIT), _plain(_memory_share)),
    Recipe(
        "cpu_share",
        "share",
        ("process_cpu_seconds_total",),
        _plain(lambda board: board.busiest("process_cpu_seconds_total")),
    ),
    Recipe(
        "open_fds", "count", ("process_open_fds",), _plain(lambda b: b.highest("process_open_fds"))
    ),
    Recipe(
        "db_pool_share",
        "share",
        ("db_pool_in_use", "db_pool_size"),
        _plain(lambda board: board.used("db_pool_in_use", "db_pool_size")),
    ),
    Recipe(
        "db_pool_waiting",
        "count",
        ("db_pool_waiting",),
        _plain(lambda board: board.total("db_pool_waiting")),
    ),
    Recipe(
        "connections_share",
        "share",
        ("pg_connections", "pg_max_connections"),
        _plain(_connections_share),
    ),
    Recipe(
        "connections",
        "count",
        ("pg_connections",),
        _plain(lambda board: board.total("pg_connections")),
    ),
    Recipe(
        "locks_waiting",
        "count",
        ("pg_locks_waiting",),
        _plain(lambda board: board.total("pg_locks_waiting")),
    ),
    Recipe(
        "database_bytes",
        "bytes",
        ("pg_database_size_bytes",),
        _plain(lambda board: board.total("pg_database_size_bytes")),
    ),
    Recipe(
        "restarts",
        "count",
        ("process_restarts_total", "process_start_time_seconds"),
        _plain(_restarts),
    ),
    Recipe("login_rate", "1/s", (LOGINS,), _rate(LOGINS)),
    Recipe("login_failure_share", "share", (LOGINS,), _bad_outcome(LOGINS)),
    Recipe("ai_request_rate", "1/s", (AI,), _rate(AI), higher_is_worse=False),
    Recipe("ai_error_share", "share", (AI,), _bad_outcome(AI)),
)
