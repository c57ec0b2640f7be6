"""Rules of a team: which actions may begin without a person, against what, where, when, how often.

The list `rules` in the section `policy` of warroom.yaml. Whether one fits an incident is asked by
agents/reasoning/ruling.py, what it did is kept by record/rules.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ..faults import faults
from ..incident.action import ActionKind
from ..incident.evidence import digest
from ..incident.identity import AUTOMATIC, Identity, Vouched
from ..incident.severity import Severity
from ..oncall.schedule import Hours, Zone
from ..oncall.shifts import open_hours
from .base import PROFILES


def kind_of(text: Any) -> ActionKind:
    """ "repair_rows" and "repair rows from backup" alike. Raises ValueError."""
    words = str(text).replace("_", " ").casefold()
    kinds = [kind for kind in PROFILES if kind == words] or [
        kind for kind in PROFILES if kind.startswith(words)
    ]
    if len(kinds) != 1:
        raise ValueError(f"{text!r} is no action: write one of {', '.join(PROFILES)}")
    return ActionKind(kinds[0])


Kind = Annotated[ActionKind, BeforeValidator(kind_of, json_schema_input_type=str)]


class Rule(BaseModel):
    """All of it has to hold; else a person is asked, as ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="in the record for good")
    version: int = Field(default=1, ge=1, le=9999, description="counts up with what it says")
    mode: Literal["off", "simulate", "act"] = Field(
        default="off", description="simulate: it notes what it would have done, and does nothing"
    )
    priority: int = Field(default=100, ge=1, le=1000, description="the lowest is tried first")
    actions: Sequence[Kind] = Field(min_length=1, description="restart, feature flag off, …")
    causes: Sequence[str] = Field(min_length=1, description="kinds of fault: hung process, …")
    confidence: float = Field(ge=0.7, lt=1, description="of the leading cause, at least")
    witnesses: int = Field(default=2, ge=2, le=5, description="kinds of telemetry that show it")
    services: Sequence[str] = Field(default=(), description="guilty ones that it is for")
    teams: Sequence[str] = Field(default=(), description="and those whose service it may be")
    severities: Sequence[Severity] = Field(min_length=1, description="P0, P1, P2, P3")
    hours: Sequence[Hours] = Field(min_length=1, description='"Mon-Fri 09:00-17:00"')
    time_zone: Zone = Field(description="whose hours: Europe/Berlin")
    per_hour: int = Field(default=1, ge=1, le=10, description="acts on one service, of all rules")
    per_incident: int = Field(default=1, ge=1, le=5, description="acts on one incident, the same")

    @field_validator("actions")
    @classmethod
    def _no_wider_than_the_catalogue(cls, value: Sequence[ActionKind]) -> Sequence[ActionKind]:
        for kind in value:
            if why := PROFILES[kind].takes_a_person:
                raise ValueError(f"{kind} takes a person: {why}")
        return value

    @field_validator("causes")
    @classmethod
    def _known_and_curable(cls, value: Sequence[str]) -> Sequence[str]:
        for kind in value:
            if (known := faults().get(kind)) is None:
                raise ValueError(f"no fault is called {kind!r}: write one of {', '.join(faults())}")
            if known.by_hand:
                raise ValueError(f"no action cures {kind}, a person does: {known.by_hand}")
        return value

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not (self.services or self.teams):
            raise ValueError("say where: name `services`, `teams` or both")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 over all that it says but its mode."""
        return digest(self.model_dump(mode="json", exclude={"mode"}))

    @property
    def by(self) -> Identity:
        """Who decides where it does."""
        return Identity(f"rule {self.name}, version {self.version} {AUTOMATIC}", Vouched.rule)

    @property
    def words(self) -> str:
        """What it says, in one line."""
        where = [*self.services, *(f"services of {team}" for team in self.teams)]
        lists = [" or ".join(each) for each in (self.actions, self.causes, where, self.severities)]
        what, causes, places, levels = lists
        return (
            f"{what} against {causes} in {places}, from {self.confidence:.0%} and {self.witnesses} "
            f"kinds of telemetry, at {levels}, {', '.join(self.hours)} {self.time_zone}, at most "
            f"{self.per_hour} an hour on a service and {self.per_incident} on an incident"
        )

    def open_at(self, now: datetime) -> bool:
        """Whether it is one of its hours, by its zone's clock."""
        soon = now + timedelta(minutes=1)
        found = open_hours(self.hours, ZoneInfo(self.time_zone), now, soon)
        return any(begin <= now < finish for begin, finish in found)


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """As they are tried: by priority, then as the file has them."""
    return sorted(rules, key=lambda rule: rule.priority)
