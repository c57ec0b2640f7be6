"""Default detection rules: the thresholds of the practice, over windows one may shorten; and the
same as a rules file for a real Prometheus (JSON, which is YAML)."""

from typing import Any

from .model import Rule, Windows
from .promql import Scope
from .signal_catalogue import CATALOGUE, SignalName, Unit, definition

DATABASE_ERRORS = (
    r"connection refused|connection reset|could not connect|connection timeout|"
    r"too many (?:clients|connections)|remaining connection slots|"
    r"couldn't get a connection|pool ?timeout|server closed the connection"
)


def default_rules(windows: Windows) -> list[Rule]:
    """Rules for any set of services that expose the usual metrics.

    `windows.detect_s` is the window of a rule (60 s by default, a few seconds in a drill that
    scrapes every second); a condition must hold for 40% of it. Rules that need history look
    back over `windows.baseline_s`.
    """
    return [
        *_requests(windows),
        *_resources(windows),
        *_dependencies(windows),
        Rule(
            name="TrafficOverload",
            kind="correlation",
            all_of=["TrafficSurge", "Saturated"],
            window_s=windows.detect_s,
            summary="more traffic than {service} can serve",
        ),
    ]


def _requests(windows: Windows) -> list[Rule]:
    return [
        _threshold(
            windows,
            "HighErrorRate",
            SignalName.error_rate,
            (0.05, 0.20),
            "{service} fails {value} of requests",
        ),
        _threshold(
            windows,
            "HighLatency",
            SignalName.latency_p95,
            (2.0, 5.0),
            "{service} P95 latency is {value}",
        ),
        _threshold(
            windows, "ServiceDown", SignalName.up, (1.0, 0.5), "{service} does not answer", op="<"
        ),
        _anomaly(
            windows,
            "LatencyAnomaly",
            SignalName.latency_p95,
            "{service} P95 latency rose to {value}",
        ),
        _anomaly(
            windows, "TrafficSurge", SignalName.request_rate, "{service} gets {value} requests"
        ),
        Rule(
            name="ErrorBudgetBurn",
            kind="burn_rate",
            warning=6.0,
            critical=14.4,
            window_s=6 * windows.detect_s,
            summary="{service} burns its error budget {value} times too fast",
        ),
        _threshold(
            windows,
            "FailedLogins",
            SignalName.login_failure_share,
            (0.5, 0.8),
            "{value} of logins at {service} fail",
        ),
    ]


def _resources(windows: Windows) -> list[Rule]:
    longer = min(windows.baseline_s, 10 * windows.detect_s)
    return [
        _threshold(
            windows,
            "HighMemory",
            SignalName.memory_share,
            (0.85, 0.95),
            "{service} memory is at {value}",
        ),
        Rule(
            name="MemoryExhaustion",
            kind="threshold",
            signal=SignalName.memory_exhaustion_s,
            op="<",
            warning=24 * windows.detect_s,
            critical=8 * windows.detect_s,
            window_s=4 * windows.detect_s,
            summary="{service} memory grows steadily and is full in {value}",
        ),
        _threshold(
            windows, "HighCpu", SignalName.cpu_share, (0.80, 0.95), "{service} CPU is at {value}"
        ),
        _threshold(
            windows,
            "Saturated",
            SignalName.concurrency_share,
            (0.85, 0.95),
            "{service} holds {value} of the requests it can serve at once",
        ),
        Rule(
            name="Restarts",
            kind="threshold",
            signal=SignalName.restarts,
            op=">=",
            warning=3,
            critical=10,
            window_s=max(longer, 30),
            summary="{service} restarted {value} times",
        ),
    ]


def _dependencies(windows: Windows) -> list[Rule]:
    return [
        _threshold(
            windows,
            "DatabaseConnections",
            SignalName.connections_share,
            (0.80, 0.95),
            "{value} of the connections of {service} are in use",
        ),
        _threshold(
            windows,
            "DatabasePoolWaiting",
            SignalName.db_pool_waiting,
            (2, 8),
            "{value} requests of {service} wait for a database connection",
            op=">=",
        ),
        Rule(
            name="DatabaseErrors",
            kind="pattern",
            pattern=DATABASE_ERRORS,
            warning=5,
            critical=50,
            window_s=windows.detect_s,
            summary="{service} logged {value} database connection errors",
        ),
        _threshold(
            windows,
            "ProviderErrors",
            SignalName.ai_error_share,
            (0.10, 0.50),
            "{value} of the calls of {service} to its provider fail",
        ),
    ]


def _threshold(
    windows: Windows,
    name: str,
    signal: SignalName,
    levels: tuple[float, float],
    summary: str,
    *,
    op: str = ">",
) -> Rule:
    return Rule(
        name=name,
        kind="threshold",
        signal=signal,
        op=op,
        warning=levels[0],
        critical=levels[1],
        window_s=windows.detect_s,
        for_s=0.4 * windows.detect_s,
        summary=summary,
    )


def _anomaly(windows: Windows, name: str, signal: SignalName, summary: str) -> Rule:
    """Levels are robust z-scores against the series' own past."""
    return Rule(
        name=name,
        kind="anomaly",
        signal=signal,
        warning=12.0,
        window_s=windows.detect_s,
        summary=summary,
    )


PRINTING = {
    Unit.share: "humanizePercentage",
    Unit.seconds: "humanizeDuration",
    Unit.bytes: "humanize1024",
}
"""Prometheus's template functions that print a value for people."""


def prometheus_rules(rules: list[Rule], interval_s: float = 1.0) -> dict[str, Any]:
    """A rules file for Prometheus; every series must carry the labels service and instance.

    Threshold rules are translated, each severity into one alert. Anomalies, log patterns,
    correlations and burn rates of the catalogue's objectives stay with Warroom's detector.
    """
    alerts = [
        _alert(rule, severity, level)
        for rule in rules
        if rule.kind == "threshold" and rule.signal in CATALOGUE
        for severity, level in (("warning", rule.warning), ("critical", rule.critical))
        if level is not None
    ]
    group = {"name": "warroom", "interval": _duration(interval_s), "rules": alerts}
    return {"groups": [group]}


def _alert(rule: Rule, severity: str, level: float) -> dict[str, Any]:
    known, scope = definition(rule.signal), Scope(rule.service, _duration(rule.window_s))
    expression, enough = known.recipe.promql(scope), known.recipe.enough(scope)
    condition = f"{expression} {rule.op} {level:g}"
    shown = f"{{{{ $value | {PRINTING.get(Unit(known.unit), 'humanize')} }}}}"
    summary = rule.summary.replace("{service}", "{{ $labels.service }}").replace("{value}", shown)
    return {
        "alert": rule.name,
        "expr": f"{condition} and ({enough})" if enough else condition,
        "for": _duration(rule.for_s),
        "labels": {"severity": severity},
        "annotations": {"summary": summary or rule.name},
    }


def _duration(seconds: float) -> str:
    return f"{max(0, round(seconds * 1000))}ms"
