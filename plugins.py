"""What other installed packages bring, by entry points (docs/extending.md): loaded when a room
first asks for its own. One that fails is named by `warroom doctor`, and left out."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUPS = ("sources", "targets", "tools", "specialists", "notifiers")
"""By the rooms that ask: `warroom.sources` is the entry point group of the first."""


@dataclass(frozen=True)
class Plugin:
    """One entry point; `fault`: why it could not be loaded."""

    group: str
    name: str
    package: str
    value: Any = None
    fault: str = ""


@cache
def plugins(group: str) -> tuple[Plugin, ...]:
    """Those of one group, by name, each loaded once."""
    points = entry_points(group=f"warroom.{group}")
    return tuple(_loaded(group, point) for point in sorted(points, key=lambda one: one.name))


def brought(group: str) -> dict[str, Any]:
    """What was loaded, by name."""
    return {one.name: one.value for one in plugins(group) if not one.fault}


def _loaded(group: str, point: EntryPoint) -> Plugin:
    by = f"{point.dist.name} {point.dist.version}" if point.dist else ""
    try:
        return Plugin(group, point.name, by, point.load())
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            raise
        fault = f"cannot be loaded: {type(error).__name__}: {error}; mend or remove {by}"
        return Plugin(group, point.name, by, fault=fault)
