"""Signals as people call them, and the level at which each is full whatever its past was."""

WORDS = {
    "error_rate": "error rate",
    "latency_p50": "median latency",
    "latency_p95": "p95 latency",
    "request_rate": "request rate",
    "in_flight": "requests in flight",
    "concurrency_share": "share of slots in use",
    "memory_share": "share of memory in use",
    "memory_bytes": "memory",
    "cpu_share": "CPU share",
    "db_pool_share": "share of database connections in use",
    "db_pool_waiting": "requests waiting for a connection",
    "connections_share": "share of database connections in use",
    "login_failure_share": "share of failed logins",
    "unauthorised_share": "share of refused requests",
    "ai_error_share": "share of failed provider calls",
    "throttled_rate": "share of throttled requests",
    "not_found_share": "share of requests not found",
}
CEILINGS = {
    "error_rate": 0.05,
    "ai_error_share": 0.1,
    "concurrency_share": 0.8,
    "memory_share": 0.8,
    "cpu_share": 0.8,
    "db_pool_share": 0.8,
    "connections_share": 0.8,
}
"""A warning beyond these comes late, however far the incident went."""


def called(signal: str) -> str:
    """The signal as people call it; its own name where we have no better."""
    return WORDS.get(signal, signal)
