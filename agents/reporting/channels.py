"""Who hears from us at which stage, through which channels (practice: communication)."""

from ...incident.communication import Audience
from ...incident.severity import Severity
from .incident_status import Stage

CHANNELS = {
    Severity.P0: ["email", "sms", "chat", "phone"],
    Severity.P1: ["email", "chat"],
    Severity.P2: ["chat"],
    Severity.P3: ["email digest"],
}
OWN_CHANNELS = {Audience.status_page: ["status page"], Audience.customers: ["email"]}

_INNER = {Audience.engineering: Stage.declared.value, Audience.support: "support_briefing"}
_WIDE = {
    **_INNER,
    Audience.executives: "executive_summary",
    Audience.status_page: "status_page",
}
_ONE = {Audience.engineering: Stage.declared.value}

# P2 is told in the house only; P3 hears of the opening and then of the resolution.
PLAN: dict[Severity, dict[Audience, str]] = {
    Severity.P0: _WIDE,
    Severity.P1: _WIDE,
    Severity.P2: _INNER,
    Severity.P3: _ONE,
}


def channels(severity: Severity, audience: Audience) -> list[str]:
    """The severity's channels inside the house; outside, the audience's own."""
    return OWN_CHANNELS.get(audience) or CHANNELS[severity]


def audiences(severity: Severity, stage: Stage, customers_hurt: bool) -> dict[Audience, str]:
    """Which audience gets which template at this stage.

    Args:
        severity: the level; P0 and P1 are told outside too.
        stage: where the incident stands.
        customers_hurt: requests of customers failed; they get an email once it is over.
    """
    if stage is Stage.noise:
        return {Audience.engineering: Stage.noise.value}
    if stage is Stage.update and severity is Severity.P3:
        return {}
    plan = dict(PLAN[severity])
    plan[Audience.engineering] = stage.value
    told_outside = Audience.status_page in plan
    if stage is Stage.resolved and customers_hurt and told_outside:
        plan[Audience.customers] = "customer_email"
    return plan
