"""Types and categories of incidents: where one is routed and how it is counted (practice: §1)."""

from enum import StrEnum


class IncidentType(StrEnum):
    """What kind of trouble it is."""

    performance = "performance degradation"
    outage = "service outage"
    security = "security"
    data = "data integrity"
    infrastructure = "infrastructure failure"
    third_party = "third-party outage"
    unknown = "unknown"


class Category(StrEnum):
    """Where it is routed and counted."""

    infrastructure = "infrastructure"
    application = "application"
    security = "security"
    performance = "performance"
    data = "data"
    network = "network"
    third_party = "third-party"
    ai_service = "AI service"
    unknown = "unknown"
