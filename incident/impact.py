"""Impact: who is hurt, how much, what it costs (practice: assessment)."""

from enum import StrEnum

from pydantic import BaseModel, Field

from .evidence import Quote


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
    revenue_per_hour: float | None = Field(default=None, description="revenue at risk per hour")
    revenue_basis: str = Field(default="", description="catalogue, or the default of the level")
    minutes_to_resolve: float = Field(description="estimate, minutes")
    minutes_spread: tuple[float, float] = Field(description="low and high of the estimate")
    roles: list[str] = Field(default_factory=list, description="people needed, by role")
    quotes: list[Quote] = Field(default_factory=list, description="the values it rests on")


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


class Command(BaseModel):
    """Who leads: roles, never names."""

    incident_commander: str = Field(default="on-call commander", description="decides")
    technical_lead: str = Field(default="", description="team of the suspected service")
    communications_lead: str = Field(default="comms", description="owns updates")
    experts: list[str] = Field(default_factory=list, description="subject-matter experts, by team")
