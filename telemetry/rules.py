"""Default detection rules: the thresholds of the practice, over windows one may shorten; and the
same as a rules file for a real Prometheus (JSON, which is YAML)."""

from functools import cache
from typing import Any

from ..yaml_tables import Entry, Pattern, read_table
from .model import Rule, Seconds, Windows
from .promql import SeriesScope
from .signal_catalogue import CATALOGUE, Unit, definition


class DefaultRule(Rule, Entry):
    """A rule of `rules.yaml`: its times are in `windows.detect_s`."""

    pattern: Pattern = ""
    window_s: Seconds = 1
    ahead: bool = False
    at_least_s: Seconds | None = None

    def over(self, windows: Windows) -> Rule:
        """The rule with its times in seconds."""
        unit = windows.detect_s
        fields = self.model_dump(exclude={"ahead", "at_least_s"})
        fields |= {"window_s": self._window(windows), "for_s": self.for_s * unit}
        if self.ahead:
            fields |= {name: getattr(self, name) * unit for name in ("warning", "critical")}
        return Rule(**fields)

    def _window(self, windows: Windows) -> float:
        seconds = self.window_s * windows.detect_s
        least = self.at_least_s
        return seconds if least is None else max(min(windows.baseline_s, seconds), least)


@cache
def _defaults() -> list[DefaultRule]:
    return read_table("telemetry/rules.yaml", list[DefaultRule])


def default_rules(windows: Windows) -> list[Rule]:
    """Rules for any set of services that expose the usual metrics.

    `windows.detect_s` is the window of a rule (60 s by default, a few seconds in a drill that
    scrapes every second); a condition must hold for 40% of it. Rules that need history look
    back over `windows.baseline_s`.
    """
    return [rule.over(windows) for rule in _defaults()]


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
    known, scope = definition(rule.signal), SeriesScope(rule.service, _duration(rule.window_s))
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
