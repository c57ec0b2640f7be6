"""What can be known about a signal: its record in the catalogue, and the units they come in."""

from dataclasses import dataclass
from enum import StrEnum

from .promql import Scope
from .recipes import Recipe


class Unit(StrEnum):
    """What a signal's values are in."""

    share = "share"
    seconds = "s"
    per_second = "1/s"
    number = "count"
    bytes = "bytes"


class Group(StrEnum):
    """The golden signals (Site Reliability Engineering, ch. 6)."""

    traffic = "traffic"
    errors = "errors"
    latency = "latency"
    saturation = "saturation"


@dataclass(frozen=True)
class Floor:
    """What is too small to matter, in one unit."""

    spread: float
    """Smallest spread of a baseline that a comparison reckons with."""
    alert: float
    """The same for an anomaly that is to wake people up."""
    deviation: float
    """A deviation smaller than this needs no recovery."""


FLOORS: dict[str, Floor] = {
    Unit.share: Floor(0.01, 0.02, 0.02),
    Unit.seconds: Floor(0.005, 0.05, 0.05),
    Unit.per_second: Floor(0.5, 1.0, 0.5),
    Unit.number: Floor(0.5, 1.0, 1.0),
    Unit.bytes: Floor(2e6, 0.0, 5e6),
}


def floor(unit: str) -> Floor:
    """What is too small to matter in a unit; nothing is where the unit is not known."""
    return FLOORS.get(unit) or Floor(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class SignalDefinition:
    """All that is known about one signal."""

    name: str
    unit: str
    recipe: Recipe
    words: str = ""
    """As people call it; empty: by its name."""
    group: Group | None = None
    """Where it stands in the health matrix; None: not there."""
    higher_is_worse: bool = True
    neutral: bool = False
    """Not worse in either direction by itself."""
    drifts: bool = False
    """Follows the machine's own load: where requests fail, the failures say when it began."""
    resource: str = ""
    """What it is a share in use of: full at 1."""
    weight: float = 0.0
    """How much an anomaly of it says about its service's own health, 0..1: by reasoning."""
    harmless: float = 0.0
    """Below this level it is at most to be watched, however unusual it is."""
    warn_by: float | None = None
    """A warning beyond this level comes late, however far an incident went."""
    leak_growth: float | None = None
    """Growth over a window, as a share of its start, below which a trend is noise (files and
    connections come and go with requests); None: it is not looked at for leaks."""

    @property
    def floor(self) -> Floor:
        """What is too small to matter."""
        return floor(self.unit)

    @property
    def called(self) -> str:
        """As people call it."""
        return self.words or self.name

    def promql(self, service: str, window: str = "1m") -> str:
        """The signal of one service as PromQL."""
        return self.recipe.promql(Scope(service, window))
