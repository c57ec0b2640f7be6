"""Severity, type and category: one scale, several vocabularies (practice: incident severity)."""

from enum import StrEnum

from pydantic import BaseModel, Field

from ..faults import Category, IncidentType

__all__ = ["TARGETS", "Category", "IncidentType", "Severity", "Targets"]


class Severity(StrEnum):
    """How bad it is. P0 is the worst; when unsure between two, the higher one."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    @property
    def rank(self) -> int:
        """0 for the worst, 3 for the mildest."""
        return int(self.value[1])


class Targets(BaseModel):
    """What a severity obliges us to."""

    respond_minutes: int = Field(description="first response, minutes")
    resolve_minutes: int = Field(description="service restored, minutes")
    update_minutes: int | None = Field(description="cadence of stakeholder updates, minutes")
    meaning: str = Field(description="the level in words")


TARGETS = {
    Severity.P0: Targets(
        respond_minutes=15,
        resolve_minutes=60,
        update_minutes=15,
        meaning="full outage, security breach or data loss",
    ),
    Severity.P1: Targets(
        respond_minutes=30,
        resolve_minutes=240,
        update_minutes=30,
        meaning="major degradation, most users or a core function badly hurt",
    ),
    Severity.P2: Targets(
        respond_minutes=120,
        resolve_minutes=1440,
        update_minutes=120,
        meaning="minor degradation, some users, non-core function",
    ),
    Severity.P3: Targets(
        respond_minutes=1440,
        resolve_minutes=4320,
        update_minutes=None,
        meaning="cosmetic or edge, few or no users",
    ),
}

VOCABULARY = {
    Severity.P0: ("p0", "sev-0", "sev0", "sev-1", "sev1", "critical", "page"),
    Severity.P1: ("p1", "sev-2", "sev2", "high", "major", "error"),
    Severity.P2: ("p2", "sev-3", "sev3", "medium", "minor", "warning", "warn"),
    Severity.P3: ("p3", "sev-4", "sev4", "low", "info", "informational"),
}


def parse_severity(text: str, scale: dict[str, str] | None = None) -> Severity | None:
    """The level that a source's word means, or None for an unknown word.

    Args:
        text: the source's word, any case: "critical", "SEV-2", "p1".
        scale: the source's own mapping (its word to ours), needed where P1 is the highest;
            without one such scales are read as ours, never guessed at.
    """
    word = text.strip().lower()
    own = {key.lower(): value for key, value in (scale or {}).items()}
    if word in own:
        return Severity(own[word])
    return next((level for level, words in VOCABULARY.items() if word in words), None)


def respond_minutes(severity: Severity, kind: IncidentType) -> int:
    """Minutes to the first response; a security breach at P0 gets five."""
    if severity is Severity.P0 and kind is IncidentType.security:
        return 5
    return TARGETS[severity].respond_minutes
