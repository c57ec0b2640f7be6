"""Assessment: levels, scores, priority, estimate, revenue at risk, people (practice: assessment).

Pure functions over defaults; where telemetry has real shares and the catalogue real rates, the
caller passes them and the result says which was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from .evidence import Quote
from .impact import BusinessImpact, Complexity, Impact, UserImpact
from .severity import Category, Severity

BUSINESS = {
    BusinessImpact.none: 20,
    BusinessImpact.low: 40,
    BusinessImpact.medium: 60,
    BusinessImpact.high: 80,
    BusinessImpact.critical: 100,
}
USERS = {
    UserImpact.none: 20,
    UserImpact.few: 40,
    UserImpact.many: 60,
    UserImpact.majority: 80,
    UserImpact.all: 100,
}
COMPLEXITY = {
    Complexity.simple: 20,
    Complexity.moderate: 40,
    Complexity.complex: 60,
    Complexity.very_complex: 80,
}
REVENUE = {
    BusinessImpact.critical: 50_000.0,
    BusinessImpact.high: 25_000.0,
    BusinessImpact.medium: 10_000.0,
    BusinessImpact.low: 1_000.0,
    BusinessImpact.none: 0.0,
}
USER_COUNTS = ((10_000, UserImpact.all), (5_000, UserImpact.majority))
USER_COUNTS += ((1_000, UserImpact.many), (100, UserImpact.few))
USER_SHARES = ((0.75, UserImpact.all), (0.4, UserImpact.majority))
USER_SHARES += ((0.1, UserImpact.many), (0.002, UserImpact.few))
SEVERITY_TIME = {Severity.P0: 1.5, Severity.P1: 1.2, Severity.P2: 1.0, Severity.P3: 0.8}
COMPLEXITY_TIME = {
    Complexity.simple: 0.5,
    Complexity.moderate: 1.0,
    Complexity.complex: 1.5,
    Complexity.very_complex: 2.0,
}
PEOPLE = {
    Category.security: ("security", "legal"),
    Category.infrastructure: ("systems", "network"),
    Category.application: ("developers", "QA"),
    Category.performance: ("developers", "systems"),
    Category.data: ("database administrators", "developers"),
    Category.network: ("network", "systems"),
    Category.third_party: ("service owner", "vendor contact"),
    Category.ai_service: ("machine learning", "vendor contact"),
    Category.unknown: ("primary on-call",),
}
P0_PEOPLE = ("senior engineers", "management")


def business_level(severity: Severity, tier: int | None = None) -> BusinessImpact:
    """P0 critical … P3 low; a tier-3 service counts one level less. Tier None: not known."""
    levels = (
        BusinessImpact.critical,
        BusinessImpact.high,
        BusinessImpact.medium,
        BusinessImpact.low,
    )
    step = 1 if tier == 3 else 0
    return levels[min(severity.rank + step, len(levels) - 1)]


def user_level(share: float | None = None, users: int | None = None) -> UserImpact:
    """How many are hurt; the worse of the two counts.

    By number: from 10,000 all, 5,000 majority, 1,000 many, 100 few. By share of traffic: from 75%
    all, 40% majority, 10% many, 0.2% few.
    """
    order = list(UserImpact)
    by_count = next((level for floor, level in USER_COUNTS if (users or 0) >= floor), order[0])
    by_share = next((level for floor, level in USER_SHARES if (share or 0) >= floor), order[0])
    return max(by_count, by_share, key=order.index)


def complexity_level(category: Category, severity: Severity) -> Complexity:
    """Data and security very complex, infrastructure and network complex, the rest moderate;
    a P0 one step up."""
    steps = list(Complexity)
    if category in (Category.data, Category.security):
        base = Complexity.very_complex
    elif category in (Category.infrastructure, Category.network):
        base = Complexity.complex
    else:
        base = Complexity.moderate
    up = 1 if severity is Severity.P0 else 0
    return steps[min(steps.index(base) + up, len(steps) - 1)]


def priority(business: int, users: int, complexity: int) -> float:
    """0.4 business + 0.3 users + 0.3 complexity, of scores 0 to 100."""
    return round(0.4 * business + 0.3 * users + 0.3 * complexity, 1)


@dataclass(frozen=True)
class Estimate:
    """Minutes until service is restored, with its spread and where it comes from."""

    minutes: float
    low: float
    high: float
    basis: str


def estimate(severity: Severity, complexity: Complexity, history: Sequence[float] = ()) -> Estimate:
    """The median of similar incidents (minutes) where there are three, else 60 min x severity x
    complexity + 20%, good to a factor of two."""
    if len(history) >= 3:
        low, _, high = quantiles(history, n=4, method="inclusive")
        basis = f"median of {len(history)} similar incidents, quartiles as spread"
        return Estimate(round(median(history), 1), round(low, 1), round(high, 1), basis)
    minutes = round(60 * SEVERITY_TIME[severity] * COMPLEXITY_TIME[complexity] * 1.2, 1)
    basis = "60 min x severity x complexity + 20%, a factor of two either way"
    return Estimate(minutes, round(minutes / 2, 1), round(minutes * 2, 1), basis)


def revenue_at_risk(
    business: BusinessImpact, catalogue_rate: float | None = None
) -> tuple[float, str]:
    """Revenue per hour and its basis: the catalogue's rate, else the default of the level."""
    if catalogue_rate is not None:
        return float(catalogue_rate), "service catalogue"
    return REVENUE[business], f"default of business impact {business.value}"


def people(category: Category, severity: Severity) -> list[str]:
    """Roles to call: by category, a P0 with senior engineers and management."""
    return [*PEOPLE[category], *(P0_PEOPLE if severity is Severity.P0 else ())]


def assess(
    severity: Severity,
    category: Category,
    *,
    tier: int | None = None,
    requests: int = 0,
    failed_requests: int = 0,
    users: int | None = None,
    catalogue_rate: float | None = None,
    history: Sequence[float] = (),
    quotes: Sequence[Quote] = (),
) -> Impact:
    """The whole assessment of one incident.

    Args:
        tier: of the most important affected service; 1 most important.
        requests, failed_requests: measured at the edge in the incident window; 0 requests
            means that no traffic was seen.
        users: distinct users hurt, where known.
        catalogue_rate: revenue per hour through the affected services, where the catalogue says.
        history: minutes to resolve of similar incidents.
        quotes: the evidence of the numbers.
    """
    share = failed_requests / requests if requests else None
    business = business_level(severity, tier)
    hurt = user_level(share, users) if requests or users else _assumed_users(severity)
    complexity = complexity_level(category, severity)
    time = estimate(severity, complexity, history)
    revenue, revenue_basis = revenue_at_risk(business, catalogue_rate)
    measured = "traffic at the edge (measured)" if requests else "user count (given)"
    return Impact(
        business=business,
        business_score=BUSINESS[business],
        users=hurt,
        users_score=USERS[hurt],
        complexity=complexity,
        complexity_score=COMPLEXITY[complexity],
        priority=priority(BUSINESS[business], USERS[hurt], COMPLEXITY[complexity]),
        basis=measured if requests or users else "severity and service catalogue (assumed)",
        requests=requests,
        failed_requests=failed_requests,
        failed_share=None if share is None else round(share, 6),
        revenue_per_hour=revenue,
        revenue_basis=revenue_basis,
        minutes_to_resolve=time.minutes,
        minutes_spread=(time.low, time.high),
        roles=people(category, severity),
        quotes=list(quotes),
    )


def _assumed_users(severity: Severity) -> UserImpact:
    """Without traffic seen: what the level means (P0 all, P1 majority, P2 many, P3 few)."""
    return (UserImpact.all, UserImpact.majority, UserImpact.many, UserImpact.few)[severity.rank]
