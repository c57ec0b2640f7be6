"""One look at one thing: what was found, and what to do about it. Levels are a table."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal

from pydantic import Field

from ..yaml_tables import Entry, read_table


class Health(StrEnum):
    """How it is, the worst first."""

    bad = "bad"
    warning = "warning"
    unseen = "not seen"
    well = "well"


Area = Literal[
    "service",
    "endpoint",
    "name",
    "port",
    "certificate",
    "process",
    "restarts",
    "errors",
    "database",
    "resource",
    "cluster",
]


@dataclass(frozen=True)
class Look:
    """What one look found."""

    area: Area
    subject: str  # what was looked at: a URL, an instance, a disk
    health: Health
    says: str  # what was found, in a sentence
    do: str = ""  # what to do about it; empty: nothing
    what: str = ""  # what was measured; empty: nothing was

    @property
    def about(self) -> tuple[Area, str, str]:
        """What it is about, whatever it found."""
        return self.area, self.subject, self.what


class Level(Entry):
    """From which value on something is a warning, and bad."""

    warning: float
    bad: float
    unit: str = ""
    below: bool = Field(default=False, description="whether less is worse")
    do: str = Field(description="what to do about it")


@cache
def levels() -> dict[str, Level]:
    """By the name of what is measured."""
    return read_table("diagnosis/levels.yaml", dict[str, Level])


def measured(area: Area, subject: str, what: str, value: float) -> Look:
    """A value held against the level of its name."""
    level = levels()[what]
    for health, limit in ((Health.bad, level.bad), (Health.warning, level.warning)):
        if value <= limit if level.below else value >= limit:
            side = "at or below" if level.below else "from"
            says = f"{what} {value:.3g}{level.unit} ({health} {side} {limit:.3g}{level.unit})"
            return Look(area, subject, health, says, level.do, what)
    return Look(area, subject, Health.well, f"{what} {value:.3g}{level.unit}", what=what)


Looking = Callable[[], list[Look]]
"""Some looks that are made together, in bounded time."""
