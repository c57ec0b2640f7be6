"""The classification rules: words that people and alerts use → level, type, category.

Defaults; a caller may hand `classify` its own. The first four are the practice's; the others
cover the faults that every runbook set covers.
"""

from dataclasses import dataclass

from .severity import Category, IncidentType, Severity


@dataclass(frozen=True)
class Rule:
    """One rule. A word may be a phrase; plural forms match too.

    `anchors`: where given, one of them must be there, or the rule does not match at all. They
    keep a word that several rules share ("timeout") from deciding alone.
    """

    name: str
    words: tuple[str, ...]
    severity: Severity
    category: Category
    type: IncidentType
    respond_minutes: int
    anchors: tuple[str, ...] = ()


RULES: tuple[Rule, ...] = (
    Rule(
        "database down",
        ("database", "connection", "timeout", "unavailable", "database down"),
        Severity.P0,
        Category.infrastructure,
        IncidentType.outage,
        15,
        anchors=("database connection", "database unavailable", "database timeout"),
    ),
    Rule(
        "slow response",
        ("slow", "latency", "timeout", "performance", "slow response", "response time"),
        Severity.P2,
        Category.performance,
        IncidentType.performance,
        30,
    ),
    Rule(
        "memory leak",
        ("memory", "leak", "oom", "out of memory", "memory leak"),
        Severity.P1,
        Category.application,
        IncidentType.performance,
        20,
    ),
    Rule(
        "security breach",
        ("unauthorized", "breach", "attack", "malicious", "unauthorised", "credential stuffing"),
        Severity.P0,
        Category.security,
        IncidentType.security,
        5,
    ),
    Rule(
        "service down",
        ("unavailable", "outage", "unreachable", "service down", "service unavailable"),
        Severity.P1,
        Category.infrastructure,
        IncidentType.outage,
        30,
    ),
    Rule(
        "errors",
        ("error rate", "exception", "http 500", "5xx", "failing requests", "crash"),
        Severity.P1,
        Category.application,
        IncidentType.outage,
        30,
    ),
    Rule(
        "data corruption",
        ("corrupted", "corruption", "corrupt", "data loss", "inconsistent data", "data integrity"),
        Severity.P0,
        Category.data,
        IncidentType.data,
        15,
    ),
    Rule(
        "connection pool exhausted",
        ("connection pool", "pool exhausted", "too many connections", "connection pool exhausted"),
        Severity.P1,
        Category.infrastructure,
        IncidentType.infrastructure,
        30,
    ),
    Rule(
        "network failure",
        ("dns", "packet loss", "network", "network unreachable", "name resolution"),
        Severity.P1,
        Category.network,
        IncidentType.infrastructure,
        30,
    ),
    Rule(
        "certificate expiry",
        ("certificate expired", "certificate", "certificate expiry", "tls", "x509"),
        Severity.P1,
        Category.infrastructure,
        IncidentType.infrastructure,
        30,
    ),
    Rule(
        "disk full",
        ("disk full", "no space left", "disk usage", "disk space"),
        Severity.P2,
        Category.infrastructure,
        IncidentType.infrastructure,
        120,
    ),
    Rule(
        "AI provider",
        ("ai provider", "quota exceeded", "quota", "llm", "model latency", "gpu out of memory"),
        Severity.P2,
        Category.ai_service,
        IncidentType.third_party,
        120,
    ),
    Rule(
        "third party down",
        ("third party", "provider outage", "provider unavailable", "upstream provider"),
        Severity.P2,
        Category.third_party,
        IncidentType.third_party,
        120,
    ),
    Rule(
        "traffic surge",
        ("traffic surge", "traffic spike", "request rate", "overload", "too many requests"),
        Severity.P2,
        Category.performance,
        IncidentType.performance,
        120,
    ),
)
