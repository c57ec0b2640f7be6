"""The constants of the root-cause engine that were chosen with public cases in view, as knobs.

They stay module constants, each beside the argument for it: handing thirteen of them through every
function would make the engine harder to read for the sake of one measurement. So the measurement
turns them where they stand, in a process of its own in which nothing else runs, and puts them back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from types import ModuleType
from typing import Any

from ...agents.causes import location
from ...analysis.metrics import case, flow, illness, suspects
from ...analysis.requests import delays, pattern_counts

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0)
"""Times the present value."""
PATHS, WAITS, METRICS = "changed_paths", "added_waits", "metric_blame"
"""The tools whose answers depend on knobs."""
Setting = Mapping[str, float]
"""A value for each knob, by name."""


@dataclass(frozen=True)
class Knob:
    """One constant, and where it is read."""

    name: str
    modules: tuple[ModuleType, ...]
    """All that hold it: who imports a constant by name has one of its own."""
    tool: str = ""
    """The tool whose answer depends on it; empty: only what is concluded from all answers."""
    most: float = inf
    of_rest: bool = False
    """A share close to 1, of which the rest to 1 is halved and doubled."""

    @property
    def value(self) -> float:
        """As it stands now."""
        return getattr(self.modules[0], self.name)

    def times(self, factor: float) -> float:
        """The value so many times as large, within its bounds."""
        if self.of_rest:
            return round(1 - (1 - self.value) * factor, 6)
        return round(min(self.most, self.value * factor), 6)

    def grid(self) -> list[float]:
        """What may be chosen, without repetitions."""
        return list(dict.fromkeys(map(self.times, FACTORS)))


KNOBS = (
    Knob("OTHER_WAY", (location,)),
    Knob("WAITING", (location,)),
    Knob("MEASURED", (location,), most=1.0),
    Knob("RARE", (pattern_counts,), PATHS),
    Knob("SHIFTED", (pattern_counts,), PATHS, most=1.0),
    Knob("QUIET", (pattern_counts,), PATHS, most=1.0),
    Knob("NOTICED", (delays,), WAITS),
    Knob("SPARSE", (delays,), WAITS),
    Knob("STEEP", (illness,), METRICS),
    Knob("SMALL_LOSS", (case,), METRICS, most=1.0),
    Knob("USUAL", (illness, flow, suspects), METRICS),
    Knob("MOST_PASSED", (flow,), METRICS, of_rest=True),
    Knob("UNSEEN", (flow,), METRICS, most=1.0),
)


def present() -> dict[str, float]:
    """The knobs as they stand."""
    return {knob.name: knob.value for knob in KNOBS}


def values_for(tool: str) -> tuple[float, ...]:
    """What the knobs that this tool depends on stand at; nothing for a tool that has none."""
    return tuple(knob.value for knob in KNOBS if knob.tool == tool)


@contextmanager
def turned(setting: Setting) -> Iterator[None]:
    """The knobs at these values, inside; those that are not named stay."""
    places = [(module, knob) for knob in KNOBS for module in knob.modules]
    with replaced([(m, k.name, setting[k.name]) for m, k in places if k.name in setting]):
        yield


@contextmanager
def replaced(new: list[tuple[ModuleType, str, Any]]) -> Iterator[None]:
    """Names of modules stand for something else, inside; put back whatever happens."""
    before = [(module, name, getattr(module, name)) for module, name, _value in new]
    try:
        for module, name, value in new:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
