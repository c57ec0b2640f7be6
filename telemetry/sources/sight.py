"""What each specialist can see with the datasources there are, and what it is blind to."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...yaml_tables import Entry, read_table
from .checkup import Checkup


class Need(Entry):
    """One thing to be seen; what each key means stands in the table."""

    specialist: str
    by: tuple[str, ...]
    sees: str
    do: str


NEEDS = read_table("telemetry/sources/sight.yaml", tuple[Need, ...])


@dataclass(frozen=True)
class Sight:
    """What one specialist can see of one thing."""

    specialist: str
    sees: str
    by: tuple[str, ...]
    """Names of the datasources that show it; none: it is blind to it."""
    do: str


def sights(checkups: Sequence[Checkup]) -> list[Sight]:
    """In the order of the table."""
    return [
        Sight(need.specialist, need.sees, tuple(_showing(need, checkups)), need.do)
        for need in NEEDS
    ]


def _showing(need: Need, checkups: Sequence[Checkup]) -> list[str]:
    return [one.name for one in checkups if not one.fault and one.sees.intersection(need.by)]
