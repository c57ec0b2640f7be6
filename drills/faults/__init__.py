"""The twelve faults of the drill: truly injected, truly curable, announced by nothing.

One file each: what is brought about (a deploy comes first, a process that hangs last), and the
truth that a response is scored against.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, Json

from ...incident.document import Incident
from ...yaml_tables import read_table
from ..effects import Course, Effect
from ..fault import Fault
from ..score import DrillObservation, Score
from ..world import world
from .score import FaultTruth, score


class DrillFault(Fault[FaultTruth]):
    """One drill: what brings the fault about, and what is the case then."""

    does: tuple[Effect, ...] = ()
    alert: Json[dict[str, Any]] | None = Field(
        default=None, description="Alertmanager's webhook, delivered as it is, started now"
    )

    def courses(self) -> list[Course]:
        """Everything at once, and for good."""
        return [Course(self.does)]

    def webhook(self, now: float) -> dict[str, Any] | None:
        """The alert as posted at that time, unix seconds; None: whoever watches has to see it."""
        if self.alert is None:
            return None
        started = {"startsAt": datetime.fromtimestamp(now, UTC).isoformat()}
        return {**self.alert, "alerts": [{**one, **started} for one in self.alert["alerts"]]}

    def score(self, incident: Incident | None, seen: DrillObservation) -> Score:
        """The response held against the truth."""
        return score(self.name, incident, self.truth, seen)


def _read(name: str) -> DrillFault:
    found = read_table(f"drills/faults/{name}.yaml", DrillFault)
    return found.model_copy(update={"name": name})


FAULTS: Mapping[str, DrillFault] = {name: _read(name) for name in world().faults}
