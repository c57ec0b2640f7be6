"""What is really the case in a surprise."""

import json
from pathlib import Path

from pydantic import Field

from ...incident.severity import Severity
from .. import fault

COSTLY = ("restart", "roll back", "throttle", "block source", "repair rows from backup")
"""Each fails requests, turns customers away or loses rows: harm where it cures nothing."""


class Account(fault.Truth):
    """What can be said of a fault. An action is its kind and target: "restart payments"."""

    group: str = ""
    cause: str = ""
    level: tuple[Severity, ...] = Field(default=(), description="what an honest responder may say")
    facts: dict[str, str] = Field(
        default_factory=dict, description="what a right account says: regular expressions"
    )
    accept: tuple[str, ...] = Field(
        default=(), description="whoever is sent to one of these finds it"
    )
    cures: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    harmful: tuple[str, ...] = Field(
        default=(), description="besides what costs something and cures nothing"
    )
    hurt: bool = Field(default=True, description="whether customers are")
    noise: bool = Field(default=False, description="may be closed as noise")
    look_s: float = Field(default=0.0, description="its worst is seen in; 0: it stays as it is")
    complaint: str = "that they cannot $journey"


class Truth(Account):
    """Everything that a response is scored against."""

    mechanism: str
    place: str = Field(description="a service, a third party, CALLER->CALLEE, traffic, or nowhere")
    loud: str = Field(default="", description="who complains loudest besides; empty: nobody")
    besides: dict[str, str] = Field(default_factory=dict, description="the facts of a second fault")
    seed: int = 0
    shape: str = "step"
    share: str = "all"
    decoy: str = "none"

    @property
    def title(self) -> str:
        """The fault in a few words."""
        where = self.place or "no place"
        return f"{self.mechanism} at {where}, {self.shape}, {self.share}, {self.decoy}"

    @property
    def accounts(self) -> list[dict[str, str]]:
        """The facts of each fault that there is: one of them, told whole, is a right account."""
        return [self.facts, self.besides] if self.besides else [self.facts]

    def harms(self, action: str) -> bool:
        """Whether an action makes it worse, hides it, or hurts customers for nothing."""
        if action in self.harmful:
            return True
        return action not in (*self.cures, *self.helps) and action.startswith(COSTLY)

    def beside(self, other: "Truth") -> "Truth":
        """Two faults at once: either may be found first, both have to go."""
        both = ("accept", "cures", "helps", "symptoms")
        return self.model_copy(
            update={
                **{name: (*getattr(self, name), *getattr(other, name)) for name in both},
                "cause": f"{self.cause} Besides: {other.cause}",
                "level": min(self.level, other.level),  # whichever is worse
                "besides": other.facts,
            }
        )

    def to_json(self) -> dict[str, object]:
        """As plain JSON, with whether an action of the catalogue cures it."""
        return {**super().to_json(), "curable": bool(self.cures)}


def read_truth(file: Path) -> Truth:
    """The truth beside a kept bundle."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return Truth(**{name: content[name] for name in Truth.model_fields})
