"""The incident's timeline: append-only, UTC, who and what kind."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field


class EventKind(StrEnum):
    """What an entry on the timeline is."""

    alert = "alert"
    state = "state"
    severity = "severity"
    telemetry = "telemetry"
    change = "change"
    finding = "finding"
    hypothesis = "hypothesis"
    proposal = "proposal"
    decision = "decision"
    action = "action"
    verification = "verification"
    message = "message"
    note = "note"
    person = "person"  # what somebody said or set by hand
    fallback = "fallback"


class Event(BaseModel):
    """One line of the timeline."""

    at: AwareDatetime = Field(description="when it happened, UTC")
    actor: str = Field(description="specialist, tool or a person's role")
    kind: EventKind = Field(description="what it is")
    text: str = Field(description="what happened, one line")
    evidence: list[str] = Field(default_factory=list, description="evidence ids it rests on")

    def same(self, other: "Event") -> bool:
        """Whether both are one line, whatever each rests on."""
        mine, theirs = ((e.at, e.actor, e.kind, e.text) for e in (self, other))
        return mine == theirs


def utc_now() -> datetime:
    """Now, aware, UTC: the only clock the incident is written with."""
    return datetime.now(UTC)


def from_ts(ts: float) -> datetime:
    """Unix seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(ts, UTC)


def last_at(hour: int, now: datetime) -> datetime:
    """When it was this hour, UTC, for the last time."""
    then = now.astimezone(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return then - timedelta(days=then > now)
