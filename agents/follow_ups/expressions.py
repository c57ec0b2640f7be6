"""Canonical signals as PromQL, for the alerts that a postmortem asks for."""

_CODE = 'sum(rate(http_requests_total{{service="{s}",code=~"{code}"}}[{w}]))'
_ALL = 'sum(rate(http_requests_total{{service="{s}"}}[{w}]))'
_QUANTILE = (
    "histogram_quantile({q}, sum by (le) "
    '(rate(http_request_duration_seconds_bucket{{service="{s}"}}[{w}])))'
)
_LOGINS = 'sum(rate(login_attempts_total{{service="{s}"{more}}}[{w}]))'
_AI = 'sum(rate(ai_requests_total{{service="{s}"{more}}}[{w}]))'

EXPRESSIONS = {
    "request_rate": _ALL,
    "error_rate": _CODE.replace("{code}", "5..") + " / " + _ALL,
    "not_found_share": _CODE.replace("{code}", "404") + " / " + _ALL,
    "throttled_rate": _CODE.replace("{code}", "429"),
    "latency_p50": _QUANTILE.replace("{q}", "0.5"),
    "latency_p95": _QUANTILE.replace("{q}", "0.95"),
    "in_flight": 'sum(http_requests_in_flight{{service="{s}"}})',
    "concurrency_share": (
        'max(http_requests_in_flight{{service="{s}"}} / service_concurrency_limit{{service="{s}"}})'
    ),
    "memory_bytes": 'max(process_resident_memory_bytes{{service="{s}"}})',
    "memory_share": (
        'max(process_resident_memory_bytes{{service="{s}"}} '
        '/ service_memory_limit_bytes{{service="{s}"}})'
    ),
    "cpu_share": 'max(rate(process_cpu_seconds_total{{service="{s}"}}[{w}]))',
    "db_pool_share": 'max(db_pool_in_use{{service="{s}"}} / db_pool_size{{service="{s}"}})',
    "db_pool_waiting": 'max(db_pool_waiting{{service="{s}"}})',
    "connections_share": "sum(pg_connections) / max(pg_max_connections)",
    "locks_waiting": "max(pg_locks_waiting)",
    "restarts": 'sum(increase(process_restarts_total{{service="{s}"}}[1h]))',
    "up": 'min(up{{service="{s}"}})',
    "login_rate": _LOGINS.replace("{more}", ""),
    "login_failure_share": (
        _LOGINS.replace("{more}", ',outcome!~"ok|success"') + " / " + _LOGINS.replace("{more}", "")
    ),
    "ai_error_share": _AI.replace("{more}", ',outcome!="ok"') + " / " + _AI.replace("{more}", ""),
}

FORECAST_S = 900
FORECASTS = {
    "memory_share": (
        'predict_linear(process_resident_memory_bytes{{service="{s}"}}[10m], {ahead}) '
        '> on(service, instance) service_memory_limit_bytes{{service="{s}"}}'
    ),
}
FORECASTS["memory_bytes"] = FORECASTS["memory_share"]


def expression(signal: str, service: str, window: str = "1m") -> str:
    """The signal of a service as PromQL; a recorded series' name where no recipe is known."""
    known = EXPRESSIONS.get(signal)
    if known is None:
        return f'{signal}{{service="{service}"}}'
    return known.format(s=service, w=window)


def forecast(signal: str, service: str) -> str:
    """An expression true when the signal will reach its limit in 15 minutes; empty: none."""
    known = FORECASTS.get(signal, "")
    return known.format(s=service, ahead=FORECAST_S)
