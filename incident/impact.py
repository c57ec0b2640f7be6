"""Impact: who is hurt, how much, what it costs; and how that is assessed: levels, scores, priority,
estimate, revenue at risk, people (practice: assessment).

Pure functions over the defaults of assessment.yaml; where telemetry has real shares and the
catalogue real rates, the caller passes them and the result says which was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from pydantic import AwareDatetime, BaseModel, Field

from ..yaml_tables import Entry, read_table
from .evidence import Quote
from .severity import Category, Severity


class BusinessImpact(StrEnum):
    """How much the business is hurt."""

    none = "none"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


class UserImpact(StrEnum):
    """How many users are hurt."""

    none = "none"
    few = "few"
    many = "many"
    majority = "majority"
    all = "all"


class Complexity(StrEnum):
    """How hard it looks to mend."""

    simple = "simple"
    moderate = "moderate"
    complex = "complex"
    very_complex = "very complex"


class Impact(BaseModel):
    """Business, user and technical impact, each a level and a score, and the priority."""

    business: BusinessImpact = Field(description="level")
    business_score: int = Field(description="0 to 100")
    users: UserImpact = Field(description="level")
    users_score: int = Field(description="0 to 100")
    complexity: Complexity = Field(description="level")
    complexity_score: int = Field(description="0 to 100")
    priority: float = Field(description="0.4 business + 0.3 users + 0.3 complexity")
    basis: str = Field(description="traffic (measured) or catalogue (assumed), in words")
    requests: int = Field(default=0, description="requests at the edge in the incident window")
    failed_requests: int = Field(default=0, description="of those, failed")
    failed_share: float | None = Field(
        default=None, description="failed ÷ requests; None: no traffic seen"
    )
    lost_requests: int = Field(
        default=0, description="refused or not found, beyond what is usual; about"
    )
    since: AwareDatetime | None = Field(default=None, description="begin of what was measured")
    until: AwareDatetime | None = Field(default=None, description="its end")
    revenue_per_hour: float | None = Field(default=None, description="revenue at risk per hour")
    revenue_basis: str = Field(default="", description="catalogue, or the default of the level")
    minutes_to_resolve: float = Field(description="estimate, minutes")
    minutes_spread: tuple[float, float] = Field(description="low and high of the estimate")
    roles: list[str] = Field(default_factory=list, description="people needed, by role")
    quotes: list[Quote] = Field(default_factory=list, description="the values it rests on")

    @property
    def hurt_share(self) -> float | None:
        """Failed and lost requests of all; None: no traffic seen."""
        if not self.requests:
            return None
        return min(1.0, (self.failed_requests + self.lost_requests) / self.requests)


class SloState(BaseModel):
    """One objective, held against the telemetry of the incident."""

    service: str = Field(description="whose objective")
    name: str = Field(description="the objective's name")
    sli: str = Field(description="availability or latency")
    objective: float = Field(description="share of good requests wanted")
    current: float | None = Field(default=None, description="share of good requests now")
    burn_fast: float | None = Field(default=None, description="burn rate over the short window")
    burn_slow: float | None = Field(default=None, description="burn rate over the long window")
    budget_left: float | None = Field(default=None, description="share of the error budget left")
    breached: bool = Field(default=False, description="whether the objective is missed now")
    evidence: str = Field(default="", description="id of the evidence that holds the measurement")


class ServiceState(BaseModel):
    """One service of the incident."""

    name: str = Field(description="as in the catalogue or the telemetry")
    tier: int | None = Field(
        default=None, description="1 most important; None: not in the catalogue"
    )
    role: str = Field(default="affected", description="alerting, affected, suspect, dependency")
    kind: str = Field(default="", description="service, database, external or edge; if known")
    depends_on: list[str] = Field(default_factory=list, description="callees")
    team: str = Field(default="", description="owner, from the catalogue")
    public_name: str = Field(default="", description="what customers know it by")


class Command(BaseModel):
    """Who leads: roles, never names."""

    incident_commander: str = Field(default="on-call commander", description="decides")
    technical_lead: str = Field(default="", description="team of the suspected service")
    communications_lead: str = Field(default="comms", description="owns updates")
    experts: list[str] = Field(default_factory=list, description="subject-matter experts, by team")


class LevelRow(Entry):
    """What a severity means where nothing is measured."""

    business: BusinessImpact = Field(description="of the most important services")
    users: UserImpact = Field(description="how many it means")
    time: float = Field(description="factor on the time to resolve")


class BusinessRow(Entry):
    """Score of a business impact."""

    score: int = Field(description="0 to 100")


class UsersRow(Entry):
    """Score of an impact on users, and from how many or which share of them it is reached."""

    score: int = Field(description="0 to 100")
    count: int = Field(description="from so many users")
    share: float = Field(description="from this share of traffic")


class ComplexityRow(Entry):
    """Score of a complexity, and its factor on the time to resolve."""

    score: int = Field(description="0 to 100")
    time: float = Field(description="factor on the time to resolve")


class CategoryRow(Entry):
    """How hard a category looks to mend, and the roles to call."""

    complexity: Complexity = Field(description="how hard it looks to mend")
    people: tuple[str, ...] = Field(description="roles to call")


class AssessmentTable(Entry):
    """assessment.yaml."""

    levels: dict[Severity, LevelRow] = Field(description="by severity")
    business: dict[BusinessImpact, BusinessRow] = Field(description="by impact on the business")
    users: dict[UserImpact, UsersRow] = Field(description="by impact on users, worst first")
    complexity: dict[Complexity, ComplexityRow] = Field(description="by how hard it looks")
    categories: dict[Category, CategoryRow] = Field(description="by category")
    p0_people: tuple[str, ...] = Field(description="called besides at a P0")


@cache
def table() -> AssessmentTable:
    """The numbers of assessment.yaml."""
    return read_table("incident/assessment.yaml", AssessmentTable)


def business_level(severity: Severity, tier: int | None = None) -> BusinessImpact:
    """The severity's; a tier-3 service counts one level less, if not less than low. Tier None: not
    known."""
    level, order = table().levels[severity].business, list(BusinessImpact)
    return order[max(1, order.index(level) - 1)] if tier == 3 else level


def user_level(share: float | None = None, users: int | None = None) -> UserImpact:
    """How many are hurt, by number and by share of traffic; the worse of the two counts."""
    rows = table().users.items()
    by_count = next(level for level, row in rows if (users or 0) >= row.count)
    by_share = next(level for level, row in rows if (share or 0) >= row.share)
    return max(by_count, by_share, key=list(UserImpact).index)


def complexity_level(category: Category, severity: Severity) -> Complexity:
    """The category's; a P0 one step up."""
    steps = list(Complexity)
    step = steps.index(table().categories[category].complexity) + (severity is Severity.P0)
    return steps[min(step, len(steps) - 1)]


def priority(business: int, users: int, complexity: int) -> float:
    """0.4 business + 0.3 users + 0.3 complexity, of scores 0 to 100."""
    return round(0.4 * business + 0.3 * users + 0.3 * complexity, 1)


def estimate(severity: Severity, complexity: Complexity) -> float:
    """Minutes until service is restored: 60 min x severity x complexity + 20%, good to a factor of
    two either way."""
    factors = table().levels[severity].time * table().complexity[complexity].time
    return round(60 * factors * 1.2, 1)


def people(category: Category, severity: Severity) -> list[str]:
    """Roles to call: by category, a P0 with senior engineers and management."""
    more = table().p0_people if severity is Severity.P0 else ()
    return [*table().categories[category].people, *more]


@dataclass(frozen=True)
class Traffic:
    """What customers asked for at the edge in one window, and what they did not get."""

    requests: int = 0
    """0: none were seen."""
    failed: int = 0
    lost: int = 0
    """Refused or not found, beyond what is usual."""
    users: int | None = None
    """Distinct users hurt, where known."""
    since: datetime | None = None
    until: datetime | None = None

    def share(self, hurt: int) -> float | None:
        """Of all requests; None of none."""
        return round(min(1.0, hurt / self.requests), 6) if self.requests else None


def assess(
    severity: Severity,
    category: Category,
    traffic: Traffic = Traffic(),
    *,
    tier: int | None = None,
    catalogue_rate: float | None = None,
    quotes: Sequence[Quote] = (),
) -> Impact:
    """The whole assessment of one incident.

    Args:
        traffic: as measured.
        tier: of the most important affected service; 1 most important.
        catalogue_rate: revenue per hour through the affected services, where the catalogue says;
            nobody's revenue is made up.
        quotes: the evidence of the numbers.
    """
    business, complexity = business_level(severity, tier), complexity_level(category, severity)
    known = bool(traffic.requests or traffic.users)
    share = traffic.share(traffic.failed + traffic.lost)
    users = user_level(share, traffic.users) if known else table().levels[severity].users
    minutes = estimate(severity, complexity)
    measured = "traffic at the edge (measured)" if traffic.requests else "user count (given)"
    scores = (
        table().business[business].score,
        table().users[users].score,
        table().complexity[complexity].score,
    )
    return Impact(
        business=business,
        business_score=scores[0],
        users=users,
        users_score=scores[1],
        complexity=complexity,
        complexity_score=scores[2],
        priority=priority(*scores),
        basis=measured if known else "severity and service catalogue (assumed)",
        requests=traffic.requests,
        failed_requests=traffic.failed,
        failed_share=traffic.share(traffic.failed),
        lost_requests=traffic.lost,
        since=traffic.since,
        until=traffic.until,
        revenue_per_hour=catalogue_rate,
        revenue_basis="" if catalogue_rate is None else "service catalogue",
        minutes_to_resolve=minutes,
        minutes_spread=(round(minutes / 2, 1), round(minutes * 2, 1)),
        roles=people(category, severity),
        quotes=list(quotes),
    )
