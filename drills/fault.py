"""What a drill needs of a fault, be it one of the twelve or drawn by seed."""

import hashlib
from abc import abstractmethod
from typing import Any, Generic, TypeVar

from pydantic import Field

from ..incident.document import Incident
from ..yaml_tables import Entry
from .effects import Course
from .score import DrillObservation, Score
from .symptom import Symptom
from .world import SHOP

LOOK_S = 6.0
"""Of telemetry are looked at in the end, where a fault stays as it is."""


class Truth(Entry):
    """What is really the case; of no concern to a responder until the response is over."""

    symptoms: tuple[Symptom, ...] = Field(default=(), description="by which it shows")

    @property
    def seal(self) -> str:
        """By it anybody sees later that this is the truth which was drawn before."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return self.model_dump(mode="json")


T = TypeVar("T", bound=Truth)


class Fault(Entry, Generic[T]):
    """How a fault is brought about and noticed, and what is the case then."""

    name: str = Field(default="", description="of the kept bundle; the twelve have their file's")
    title: str
    world: str = Field(default=SHOP, description="where it is brought about")
    truth: T
    links: tuple[str, ...] = Field(default=(), description="network to lay (`Layout.create`)")
    patience_s: float = Field(default=90.0, description="no alert within: nobody noticed")
    wait_s: float = Field(default=0.0, description="from the end of the response to the last look")
    worst_s: float = Field(
        default=0.0, description="its worst is seen within; 0: it stays as it is"
    )

    @abstractmethod
    def courses(self) -> list[Course]:
        """What is done to the shop, one after the other."""

    def webhook(self, _now: float) -> dict[str, Any] | None:
        """An alert handed over as it is, at that time (unix seconds); None: somebody has to see."""
        return None

    def told(self, body: dict[str, Any] | None, _now: float) -> dict[str, Any] | None:
        """What the responder hears, given what fired; None: nothing."""
        return body

    @abstractmethod
    def score(self, incident: Incident | None, seen: DrillObservation) -> Score:
        """The response (None: nobody noticed) held against the truth."""
