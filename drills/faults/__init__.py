"""The twelve faults of the drill: truly injected, truly curable, announced by nothing.

One file each: what is brought about (a deploy comes first, a process that hangs last), and the
truth that a response is scored against.
"""

from collections.abc import Mapping
from typing import Any

from ...incident.document import Incident
from ...yaml_tables import read_table
from ..effects import Course, Effect
from ..fault import Fault
from ..score import DrillObservation, Score
from ..surprise.mechanism import HandedAlert
from ..world import world
from .score import FaultTruth, score


class DrillFault(Fault[FaultTruth]):
    """One drill: what brings the fault about, and what is the case then."""

    does: tuple[Effect, ...] = ()
    alert: HandedAlert | None = None

    def courses(self) -> list[Course]:
        """Everything at once, and for good."""
        return [Course(self.does)]

    def webhook(self, now: float) -> dict[str, Any] | None:
        """The alert as posted at that time, unix seconds; None: whoever watches has to see it."""
        return self.alert.posted(now) if self.alert else None

    def score(self, incident: Incident | None, seen: DrillObservation) -> Score:
        """The response held against the truth."""
        return score(self.name, incident, self.truth, seen)


def _read(name: str) -> DrillFault:
    found = read_table(f"drills/faults/{name}.yaml", DrillFault)
    return found.model_copy(update={"name": name})


FAULTS: Mapping[str, DrillFault] = {name: _read(name) for name in world().faults}
