"""What is really the case, kept under seal until the response is over."""

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from ...errors import DrillError
from ...incident.action import ActionKind
from ...incident.severity import Severity
from ...yaml_tables import Entry

EVERY = "*"
LOG_LINES = "log_lines"
"""Log lines per second: no signal of the catalogue."""


class NamedAction(Entry):
    """An action of the catalogue and its target; `*` is any."""

    kind: ActionKind
    target: str

    @classmethod
    def read(cls, text: str) -> "NamedAction":
        """As it is written in a table: "roll back checkout"."""
        kind, _, target = text.rpartition(" ")
        return cls(kind=ActionKind(kind), target=target)

    def covers(self, kind: str, target: str) -> bool:
        """Whether an action is one of these."""
        return self.kind == kind and self.target in (EVERY, target)


class Levels(Entry):
    """The severities that an honest responder may give, from the worst to the mildest."""

    worst: Severity
    mildest: Severity

    def milder(self, by: int) -> "Levels":
        """Both milder by so many levels, as far as there are any."""
        found = list(Severity)
        worst, mildest = (min(one.rank + by, 3) for one in (self.worst, self.mildest))
        return Levels(worst=found[worst], mildest=found[mildest])

    def __contains__(self, level: Severity) -> bool:
        return self.worst.rank <= level.rank <= self.mildest.rank

    def __str__(self) -> str:
        return self.worst if self.worst == self.mildest else f"{self.worst} to {self.mildest}"


def _pair(value: Any) -> Any:
    return dict(zip(("worst", "mildest"), value, strict=True)) if isinstance(value, list) else value


Severities = Annotated[Levels, BeforeValidator(_pair)]
"""Written as a pair, the worst first."""


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


COSTLY = tuple(
    NamedAction(kind=ActionKind(kind), target=EVERY)
    for kind in ("restart", "roll back", "throttle", "block source", "repair rows from backup")
)
"""Each fails requests, turns customers away or loses rows: harm where it cures nothing."""


class Truth(Entry):
    """Everything that a response is scored against."""

    mechanism: str
    group: str
    place: str  # a service, a third party, CALLER->CALLEE, traffic; empty: nothing is wrong
    cause: str
    accept: list[str]  # whoever is sent to one of these finds it
    level: Severities
    facts: dict[str, str]  # regular expressions, in any case of letters
    cures: list[NamedAction]
    helps: list[NamedAction]
    harmful: list[NamedAction]  # besides what costs something and cures nothing
    hurt: bool
    noise: bool  # may be closed as noise
    symptoms: list[Symptom]
    look_s: float  # seconds in which the worst of it is seen; 0: it stays as it is
    loud: str  # who complains loudest besides; empty: nobody
    complaint: str
    besides: dict[str, str] = Field(default_factory=dict)  # the facts of a second fault
    seed: int = 0
    shape: str = "step"
    share: str = "all"
    decoy: str = "none"

    @property
    def curable(self) -> bool:
        """Whether an action of the catalogue cures it."""
        return bool(self.cures)

    @property
    def title(self) -> str:
        """The fault in a few words."""
        return f"{self.mechanism} at {self.place or 'no place'}, {self.shape}, {self.share}"

    @property
    def accounts(self) -> list[dict[str, str]]:
        """The facts of each fault that there is: one of them, told whole, is a right account."""
        return [self.facts, self.besides] if self.besides else [self.facts]

    def harms(self, kind: str, target: str) -> bool:
        """Whether an action makes it worse, hides it, or hurts customers for nothing."""
        if any(one.covers(kind, target) for one in self.harmful):
            return True
        if any(one.covers(kind, target) for one in (*self.cures, *self.helps)):
            return False
        return any(one.covers(kind, target) for one in COSTLY)

    def beside(self, other: "Truth") -> "Truth":
        """Two faults at once: either may be found first, both have to go."""
        return self.model_copy(
            update={
                "cause": f"{self.cause} Besides: {other.cause}",
                "accept": sorted({*self.accept, *other.accept}),
                "level": Levels(
                    worst=min(self.level.worst, other.level.worst),
                    mildest=min(self.level.mildest, other.level.mildest),
                ),
                "cures": [*self.cures, *other.cures],
                "helps": [*self.helps, *other.helps],
                "besides": other.facts,
                "symptoms": [*self.symptoms, *other.symptoms],
            }
        )

    def to_json(self) -> dict[str, Any]:
        """For a file beside a kept bundle."""
        return {**self.model_dump(mode="json"), "curable": self.curable}


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


def seal(truth: Truth, file: Path) -> str:
    """Write the truth so that nobody reads it by chance; returns its digest, to be told."""
    text = truth.model_dump_json()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(base64.b64encode(zlib.compress(text.encode())))
    return digest(text)


def unseal(file: Path, told: str) -> Truth:
    """The truth again; raises DrillError where it is not what was sealed."""
    text = zlib.decompress(base64.b64decode(file.read_bytes())).decode()
    if digest(text) != told:
        raise DrillError(f"{file} is not what was sealed before the drill: score it by hand")
    return Truth.model_validate(json.loads(text))


def digest(text: str) -> str:
    """The first half of a SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
