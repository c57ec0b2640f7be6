"""Severity, type and category: one scale, several vocabularies (practice: incident severity)."""

from enum import StrEnum

from pydantic import BaseModel, Field

from ..faults import Category, IncidentType
from ..yaml_tables import Entry, read_table
from .evidence import Quote

__all__ = ["TARGETS", "Category", "IncidentType", "Raise", "Severity", "Targets"]


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


class Raise(BaseModel):
    """A worse level than the playbook's, asked for by a model and proven: it is not lowered again
    while the incident runs."""

    severity: Severity = Field(description="the level")
    statement: str = Field(description="what was proven, and which words of the level it meets")
    by: str = Field(description="the specialist whose model asked for it")
    step: int = Field(description="in which step")
    quotes: list[Quote] = Field(min_length=1, description="the proof")


class Targets(Entry):
    """What a severity means and obliges us to."""

    meaning: str = Field(description="the level in words")
    respond_minutes: int = Field(description="somebody has it, minutes")
    resolve_minutes: int = Field(description="service restored, minutes")
    update_minutes: int | None = Field(None, description="cadence of stakeholder updates, minutes")
    also: str = Field(description="what people of other scales call it")
    words: tuple[str, ...] = Field(description="what other scales call it, as sources write it")


TARGETS = read_table("incident/severity.yaml", dict[Severity, Targets])


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
    return next((level for level, targets in TARGETS.items() if word in targets.words), None)
