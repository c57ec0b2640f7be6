"""A response held against the truth: one check per question, each with its answer and why.

A check that does not apply has no value; that is not the same as failed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..incident.action import Execution, Outcome
from ..incident.document import Incident

NAMES = ("severity", "service", "kind", "action", "recovery", "control")
"""What is asked in a named drill once there was an alert."""


@dataclass(frozen=True)
class Check:
    """One question: met or not (None: does not apply), what was answered, what was wanted."""

    name: str
    met: bool | None
    answer: str
    wanted: str


@dataclass(frozen=True)
class DrillObservation:
    """What the drill itself saw, besides the record; times in seconds."""

    detect_s: float | None = None  # from the fault to the alert; None: no alert came
    left: Mapping[str, float | None] = field(default_factory=dict)  # by symptom, at the end
    false_alarms: tuple[str, ...] = ()  # rules that fired before there was a fault
    by_hand: bool = False  # no alert came, a person told


@dataclass(frozen=True)
class Score:
    """One drill's result."""

    drill: str
    incident: str
    checks: list[Check]
    seconds: dict[str, float | None] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check that applies is met."""
        return all(check.met is not False for check in self.checks)

    def check(self, name: str) -> Check:
        """The check of this name."""
        return next(check for check in self.checks if check.name == name)

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "drill": self.drill,
            "incident": self.incident,
            "passed": self.passed,
            "checks": [vars(check) for check in self.checks],
            "seconds": self.seconds,
        }


def not_run(drill: str, why: str) -> Score:
    """A drill that did not come to an end counts as failed, and says why."""
    failed = [Check(name, False, "did not run", "") for name in NAMES]
    return Score(drill, "", [Check("detected", False, why, "a drill that runs"), *failed])


HISTORY = Path("drills", "scores.jsonl")
"""In the home: one drill a line, as `to_json` has it, with the time."""


def keep(home: Path, scores: Sequence[Score], at: datetime) -> None:
    """Put them behind those that are there. Raises OSError."""
    (home / HISTORY).parent.mkdir(parents=True, exist_ok=True)
    with (home / HISTORY).open("a", encoding="utf-8") as file:
        for score in scores:
            told = {"at": at.isoformat(timespec="seconds"), **score.to_json()}
            file.write(f"{json.dumps(told)}\n")


def history(home: Path, most: int = 200) -> list[dict[str, Any]]:
    """The newest first; none where no drill was scored. What cannot be read is left out."""
    try:
        lines = (home / HISTORY).read_text(encoding="utf-8").splitlines()[-most:]
        return [json.loads(line) for line in reversed(lines)]
    except (OSError, ValueError):
        return []


def regressions(runs: Sequence[dict[str, Any]]) -> list[str]:
    """What a drill's newest run misses, or is late with by half and 5 s, and the run before it was
    not; `runs` as `history` gives them."""
    found = list[str]()
    for name in dict.fromkeys(run["drill"] for run in runs):
        now, *before = [run for run in runs if run["drill"] == name][:2]
        for old in before:
            met = {check["name"] for check in old["checks"] if check["met"]}
            lost = [c["name"] for c in now["checks"] if c["met"] is False and c["name"] in met]
            found += [f"{name}: {one} is missed" for one in lost]
            for step, at in now["seconds"].items():
                was = old["seconds"].get(step)
                if at and was and at > max(1.5 * was, was + 5):
                    found.append(f"{name}: {step} after {at:.0f} s, {was:.0f} s before")
    return found


def said_better(incident: Incident) -> list[Execution]:
    """Actions of which the record says that they helped, and that were left in force."""
    return [e for e in incident.executions if e.outcome is Outcome.better and not e.undone]
