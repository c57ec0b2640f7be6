"""What is really the case, kept under seal until the response is over."""

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from ...errors import DrillError
from ...incident.severity import Severity
from ...yaml_tables import Entry

LOG_LINES = "log_lines"
"""Log lines per second: no signal of the catalogue."""
COSTLY = ("restart", "roll back", "throttle", "block source", "repair rows from backup")
"""Each fails requests, turns customers away or loses rows: harm where it cures nothing."""


class Symptom(Entry):
    """A signal of one service by which the fault shows: beyond `level` it is there."""

    service: str
    signal: str  # one of SignalName, or LOG_LINES
    level: float
    below: bool = False

    def worst(self, values: np.ndarray, steady: bool) -> float | None:
        """What counts of the values seen: the middle of a steady fault, else the worst."""
        known = values[np.isfinite(values)]
        if not known.size:
            return None
        most = known.min if self.below else known.max
        return float(np.median(known) if steady else most())

    def shows(self, value: float | None) -> bool:
        """Whether this value shows the fault; unknown shows nothing."""
        if value is None:
            return False
        return value < self.level if self.below else value > self.level

    def __str__(self) -> str:
        return f"{self.service} {self.signal} {'<' if self.below else '>'} {self.level:.3g}"


class Account(Entry):
    """What a mechanism says of its fault. An action is its kind and target: "restart payments"."""

    group: str
    cause: str
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
    level: tuple[Severity, ...] = Field(description="what an honest responder may say")
    symptoms: tuple[Symptom, ...]
    loud: str = Field(description="who complains loudest besides; empty: nobody")
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
        return self.model_copy(
            update={
                "cause": f"{self.cause} Besides: {other.cause}",
                "accept": (*self.accept, *other.accept),
                "level": min(self.level, other.level),  # whichever is worse
                "cures": (*self.cures, *other.cures),
                "helps": (*self.helps, *other.helps),
                "besides": other.facts,
                "symptoms": (*self.symptoms, *other.symptoms),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, with whether an action of the catalogue cures it."""
        return {**self.model_dump(mode="json"), "curable": bool(self.cures)}


class Sealed(Entry):
    """A truth that nobody has opened yet: where it is, and the digest that was told."""

    file: Path
    told: str

    @classmethod
    def seal(cls, truth: Truth, file: Path) -> "Sealed":
        """Write the truth so that nobody reads it by chance."""
        text = truth.model_dump_json()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(base64.b64encode(zlib.compress(text.encode())))
        return cls(file=file, told=_digest(text))

    def open(self) -> Truth:
        """The truth again; raises DrillError where it is not what was sealed."""
        text = zlib.decompress(base64.b64decode(self.file.read_bytes())).decode()
        if _digest(text) != self.told:
            raise DrillError(f"{self.file} is not what was sealed before: score it by hand")
        return Truth.model_validate_json(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def tell_beside(bundle: Path, truth: Truth) -> None:
    """Write the truth beside a kept bundle, with the times that are there already."""
    file = bundle.with_name(f"{bundle.name}.truth.json")
    times = json.loads(file.read_text(encoding="utf-8"))["times"]
    text = json.dumps({**truth.to_json(), "times": times}, indent=1)
    file.write_text(f"{text}\n", encoding="utf-8")


def read_truth(file: Path) -> Truth:
    """The truth beside a kept bundle."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return Truth(**{name: content[name] for name in Truth.model_fields})
