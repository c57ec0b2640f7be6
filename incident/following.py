"""Runbooks that are followed on an incident, and how each of their steps stands."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field


class Worked(BaseModel):
    """A step as it stands. Asked: of a person, to do it or to approve its action."""

    state: Literal["waits", "asked", "done", "failed", "skipped"] = Field(
        default="waits", description="the last three are its end"
    )
    at: AwareDatetime | None = Field(default=None, description="since when, UTC")
    by: str = Field(default="", description="who brought it there")
    note: str = Field(default="", description="what came of it")
    evidence: list[str] = Field(default_factory=list, description="ids of what it saw")
    plan: str = Field(default="", description="hash of the action that it asks for")


class Followed(BaseModel):
    """One runbook, followed once."""

    name: str = Field(description="the runbook's")
    book: str = Field(description="the runbook as it was when this began, JSON")
    at: AwareDatetime = Field(description="when it was begun, UTC")
    by: str = Field(description="who began it")
    person: str = Field(description="the same for the same person, whatever role they name")
    state: Literal["running", "stopped", "failed", "done"] = Field(
        default="running", description="where it stands"
    )
    steps: list[Worked] = Field(description="in the runbook's order")

    @property
    def next(self) -> int | None:
        """Place of the first step that has not ended; None: all have, or nothing is to be done."""
        open_ = (place for place, s in enumerate(self.steps) if s.state in ("waits", "asked"))
        return next(open_, None) if self.state == "running" else None
