"""The same rules for a real Prometheus: a rules file, written as JSON (which is YAML)."""

from typing import Any

from .model import Rule
from .recipes import RECIPES

BY = "by (service)"
PRINTING = {"share": "humanizePercentage", "s": "humanizeDuration", "bytes": "humanize1024"}


def prometheus_rules(rules: list[Rule], interval_s: float = 1.0) -> dict[str, Any]:
    """A rules file for Prometheus; every series must carry the labels service and instance.

    Threshold rules are translated, each severity into one alert. Anomalies, log patterns,
    correlations and burn rates of the catalogue's objectives stay with Warroom's detector.
    """
    alerts = [
        _alert(rule, severity, level)
        for rule in rules
        if rule.kind == "threshold" and rule.signal in EXPRESSIONS
        for severity, level in (("warning", rule.warning), ("critical", rule.critical))
        if level is not None
    ]
    group = {"name": "warroom", "interval": _duration(interval_s), "rules": alerts}
    return {"groups": [group]}


def _alert(rule: Rule, severity: str, level: float) -> dict[str, Any]:
    expression = EXPRESSIONS[rule.signal].replace("$w", _duration(rule.window_s))
    if rule.service:
        chosen = f"up{{service={_quoted(rule.service)}}}"
        expression = f"({expression} and on (service) {chosen})"
    shown = f"{{{{ $value | {_printing(rule.signal)} }}}}"
    summary = rule.summary.replace("{service}", "{{ $labels.service }}").replace("{value}", shown)
    return {
        "alert": rule.name,
        "expr": f"{expression} {rule.op} {level:g}",
        "for": _duration(rule.for_s),
        "labels": {"severity": severity},
        "annotations": {"summary": summary or rule.name},
    }


def _printing(signal: str) -> str:
    """Prometheus's template function that prints a value of this signal for people."""
    unit = next((recipe.unit for recipe in RECIPES if recipe.name == signal), "")
    return PRINTING.get(unit, "humanize")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _duration(seconds: float) -> str:
    return f"{max(0, round(seconds * 1000))}ms"


def _share(metric: str, match: str) -> str:
    """Share of a counter's events that match, from five of them on."""
    bad = f"sum {BY} (rate({metric}{{{match}}}[$w]))"
    every = f"sum {BY} (rate({metric}[$w]))"
    enough = f"sum {BY} (increase({metric}{{{match}}}[$w])) >= 5"
    return f"(({bad} / {every}) and ({enough}))"


def _used(used: str, limit: str) -> str:
    return f"max {BY} ({used} / {limit})"


_BUCKETS = "sum by (service, le) (rate(http_request_duration_seconds_bucket[$w]))"
_BUSY = f"sum {BY} (increase(http_request_duration_seconds_count[$w])) >= 20"

EXPRESSIONS: dict[str, str] = {
    "error_rate": _share("http_requests_total", 'code=~"5..|499"'),
    "throttled_rate": _share("http_requests_total", 'code="429"'),
    "not_found_share": _share("http_requests_total", 'code="404"'),
    "unauthorised_share": _share("http_requests_total", 'code=~"401|403"'),
    "request_rate": f"sum {BY} (rate(http_requests_total[$w]))",
    "latency_p50": f"(histogram_quantile(0.5, {_BUCKETS}) and ({_BUSY}))",
    "latency_p95": f"(histogram_quantile(0.95, {_BUCKETS}) and ({_BUSY}))",
    "in_flight": f"sum {BY} (http_requests_in_flight)",
    "concurrency_share": _used("http_requests_in_flight", "service_concurrency_limit"),
    "memory_bytes": f"max {BY} (process_resident_memory_bytes)",
    "memory_share": _used("process_resident_memory_bytes", "service_memory_limit_bytes"),
    "memory_exhaustion_s": (
        f"min {BY} ((service_memory_limit_bytes - process_resident_memory_bytes)"
        " / (deriv(process_resident_memory_bytes[$w]) > 0)"
        " and (delta(process_resident_memory_bytes[$w]) > 0.1 * process_resident_memory_bytes))"
    ),
    "cpu_share": f"max {BY} (rate(process_cpu_seconds_total[$w]))",
    "open_fds": f"max {BY} (process_open_fds)",
    "db_pool_share": _used("db_pool_in_use", "db_pool_size"),
    "db_pool_waiting": f"sum {BY} (db_pool_waiting)",
    "connections": f"sum {BY} (pg_connections)",
    "connections_share": f"sum {BY} (pg_connections) / max {BY} (pg_max_connections)",
    "locks_waiting": f"sum {BY} (pg_locks_waiting)",
    "database_bytes": f"sum {BY} (pg_database_size_bytes)",
    "restarts": f"sum {BY} (increase(process_restarts_total[$w]))",
    "up": f"avg {BY} (up)",
    "login_rate": f"sum {BY} (rate(login_attempts_total[$w]))",
    "login_failure_share": _share(
        "login_attempts_total", 'outcome!~"ok|success|succeeded|accepted"'
    ),
    "ai_request_rate": f"sum {BY} (rate(ai_requests_total[$w]))",
    "ai_error_share": _share("ai_requests_total", 'outcome!~"ok|success|succeeded|accepted"'),
}
"""PromQL of each signal; $w is the rule's window."""
