"""Which drills are due: what `drills` of warroom.yaml asks for, held against what was run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from ..yaml_tables import Entry

Every = Literal["week", "month", "quarter", "year"]
DAYS = {"week": 7, "month": 31, "quarter": 92, "year": 366}
LATE = 0.25
"""Of its time that a drill may be due before it is overdue."""
ANY = "any"
KNOWN: dict[str, tuple[str, str]] = {
    "basic": ("month", ANY),
    "full": ("quarter", "comprehensive"),
    "disaster": ("year", "corrupted-rows"),
}
"""The practice's: how often, and which drill."""


class DrillSchedule(Entry):
    """A drill that comes again; basic, full and disaster need nothing but their name."""

    model_config = ConfigDict(json_schema_extra={"required": ["name"]})

    name: str = Field(pattern=r"^[\w-]{1,40}$", description="basic, full, disaster, or your own")
    every: Every = Field(description="how often")
    drill: str = Field(description="which one, all or comprehensive; any: whichever is run")
    world: str = Field(default="shop", description="where it is brought about")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        every, drill = KNOWN.get(value.get("name", ""), ("", ""))
        whole = {"every": every, "drill": drill} | value
        if not (whole["every"] and whole["drill"]):
            raise ValueError("give it `every` and `drill`; basic, full and disaster have their own")
        return whole

    @property
    def command(self) -> str:
        """By which it is run."""
        world = "" if self.world == "shop" else f" --world {self.world}"
        return f"warroom drill {'bad-deploy' if self.drill == ANY else self.drill}{world} --score"


class Drills(Entry):
    """Which drills come when, and who is reminded."""

    schedules: list[DrillSchedule] = Field(default=[], description="none: nobody is reminded")
    tell: list[str] = Field(
        default=[], description="schedules, roles, teams or people of on-call that are reminded"
    )


@dataclass(frozen=True)
class Due:
    """How it stands with one schedule. `at`: when it is due; None: it was never run."""

    schedule: DrillSchedule
    last: datetime | None
    at: datetime | None
    state: Literal["done", "due", "overdue"]

    @property
    def words(self) -> str:
        """In a sentence."""
        one = self.schedule
        if self.last is None or self.at is None:
            return f"{one.name} was never run: `{one.command}`, each {one.every}"
        if self.state == "done":
            return f"{one.name} was run on {self.last:%Y-%m-%d}, and is due on {self.at:%Y-%m-%d}"
        told = f"{one.name} is {self.state} since {self.at:%Y-%m-%d}"
        return f"{told}, last run on {self.last:%Y-%m-%d}: `{one.command}`"


def standing(told: Drills, last: Mapping[tuple[str, str], datetime], now: datetime) -> list[Due]:
    """Each schedule. `last`: by what was asked for and where, when it was run last."""
    return [_due(one, max(_runs(one, last), default=None), now) for one in told.schedules]


def _runs(one: DrillSchedule, last: Mapping[tuple[str, str], datetime]) -> Iterator[datetime]:
    everywhere = (ANY, "comprehensive")  # the one is not asked where, the other is run in each
    for (asked, world), at in last.items():
        if one.drill in (ANY, asked) and (one.drill in everywhere or one.world == world):
            yield at


def _due(one: DrillSchedule, last: datetime | None, now: datetime) -> Due:
    if last is None:
        return Due(one, None, None, "due")
    every = timedelta(days=DAYS[one.every])
    at = last + every
    late = "overdue" if now > at + LATE * every else "due"
    return Due(one, last, at, "done" if now < at else late)
