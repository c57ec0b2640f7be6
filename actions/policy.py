"""What a team allows: who has to approve, when nothing may change, how much in an hour.

The section `policy` of warroom.yaml. Times of a freeze are of the zone that it names; it lasts as
long as it says, whatever the clocks do meanwhile.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..incident.action import ActionPlan
from ..incident.communication import Message
from ..incident.severity import Severity
from .edge import Share, rising
from .rules import Kind, Rule

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FREEZE = re.compile(
    r"(?:(?P<day>[A-Z][a-z]{2}) |(?P<date>\d{4}-\d\d-\d\d)T)(?P<hour>\d\d):(?P<minute>\d\d)"
    r"/P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)? (?P<zone>\S+)"
)
HOW = (
    'write a weekly "Fri 16:00/PT64H Europe/Berlin" or a single "2026-12-23T18:00/P11D Asia/Tokyo"'
)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Freeze:
    """A time in which nothing is changed, every week or once."""

    begins: datetime  # in its zone; weekly: any one of them
    lasts: timedelta
    weekly: bool

    @classmethod
    def parse(cls, text: Any) -> "Freeze":
        """From its words. Raises ValueError that says how to write it."""
        if isinstance(text, Freeze):
            return text
        found = FREEZE.fullmatch(text) if isinstance(text, str) else None
        if found is None or found["zone"] not in available_timezones():
            raise ValueError(f"{text!r} is no freeze: {HOW}")
        amounts = {name: int(found[name] or 0) for name in ("days", "hours", "minutes")}
        lasts, weekly = timedelta(**amounts), found["day"] is not None
        if not lasts or (weekly and lasts > WEEK) or (weekly and found["day"] not in DAYS):
            raise ValueError(f"{text!r}: of 1 minute to a week, on one of {', '.join(DAYS)}: {HOW}")
        return cls(_begins(found), lasts, weekly)

    def until(self, now: datetime) -> datetime | None:
        """When it ends, UTC, where it is on at `now`; else None."""
        for begins in _around(self.begins, now) if self.weekly else [self.begins]:
            begun = begins.astimezone(UTC)
            if begun <= now < begun + self.lasts:
                return begun + self.lasts
        return None


def _begins(found: re.Match[str]) -> datetime:
    date = found["date"] or f"2024-01-{1 + DAYS.index(found['day']):02}"  # began with a Monday
    zone = ZoneInfo(found["zone"])
    return datetime.fromisoformat(f"{date}T{found['hour']}:{found['minute']}").replace(tzinfo=zone)


def _around(begins: datetime, now: datetime) -> list[datetime]:
    """The same hour on the same day of this week and of the one before, by the zone's own clock."""
    weeks = (
        now.astimezone(begins.tzinfo).replace(tzinfo=None) - begins.replace(tzinfo=None)
    ) // WEEK
    return [begins + (weeks - back) * WEEK for back in (0, 1)]


SECOND_READER = ("security", "legal")
"""How templates of texts begin that one person alone never sends."""


def persons_for(message: Message) -> int:
    """Persons that have to approve a text."""
    return 2 if message.template.startswith(SECOND_READER) else 1


class Limits(BaseModel):
    """How many actions may begin within an hour; null: no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_hour: int | None = Field(default=20, ge=0, description="of the whole installation")
    per_service: int | None = Field(default=5, ge=0, description="on one service or other target")


class Policy(BaseModel):
    """Who approves and what is allowed when. Without one: a person approves each action."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approve: dict[Severity, Annotated[int, Field(ge=1, le=2)]] = Field(
        default_factory=dict, description="persons that approve an action, by severity; default 1"
    )
    two_person: Sequence[Kind] = Field(
        default=(), description="actions that always take two persons: repair_rows, …"
    )
    own_proposals: Literal["allow", "refuse"] = Field(
        default="allow", description="refuse: nobody approves a plan that they edited themselves"
    )
    freeze: Sequence[
        Annotated[Freeze, BeforeValidator(Freeze.parse, json_schema_input_type=str)]
    ] = Field(default=(), description=f"when no action begins: {HOW}")
    limits: Limits = Field(default=Limits(), description="actions within an hour")
    bring_back: Annotated[Sequence[Share], AfterValidator(rising)] = Field(
        default=(10, 50, 100), description="percent of held back traffic let in, stage by stage"
    )
    dry_run: bool = Field(default=False, description="everything but the effect")
    rules: Sequence[Rule] = Field(default=(), description="what may begin without a person")

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are called {twice[0]}: give each a name of its own")
        for rule in self.rules:
            kinds = [kind for kind in rule.actions if kind in self.two_person]
            kinds += [level for level in rule.severities if self.approve.get(level, 1) > 1]
            if kinds:
                raise ValueError(f"rule {rule.name}: two persons decide on {kinds[0]}, no rule")
        return self

    def wanted(self, plan: ActionPlan, severity: Severity | None) -> int:
        """Persons that have to approve this plan."""
        by_level = self.approve.get(severity, 1) if severity else 1
        return max(by_level, 2 if plan.kind in self.two_person else 1)

    def frozen_until(self, now: datetime) -> datetime | None:
        """When the freeze that is on at `now` ends, UTC; None: none is on."""
        return max(filter(None, (freeze.until(now) for freeze in self.freeze)), default=None)
