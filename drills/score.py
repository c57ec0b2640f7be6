"""A response held against the truth: one check per question, each with its answer and why.

A check that does not apply has no value; that is not the same as failed.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from ..incident.action import Execution, Outcome
from ..incident.document import Incident
from ..incident.lifecycle import State
from ..incident.timeline import EventKind
from ..record.drills import Run
from ..yaml_tables import HERE

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


def regressions(runs: Sequence[Run]) -> list[str]:
    """What a drill's newest run misses, or is late with by half and 5 s, and the run before it was
    not; `runs`: newest first."""
    found = list[str]()
    for key in dict.fromkeys(run.key for run in runs):
        now, *before = [run for run in runs if run.key == key][:2]
        for old in before:
            met = {check["name"] for check in old.score["checks"] if check["met"]}
            checks = [check for check in now.score["checks"] if check["met"] is False]
            found += [f"{key[0]}: {c['name']} is missed" for c in checks if c["name"] in met]
            for step, at in now.score["seconds"].items():
                was = old.score["seconds"].get(step)
                if at and was and at > max(1.5 * was, was + 5):
                    found.append(f"{key[0]}: {step} after {at:.0f} s, {was:.0f} s before")
    return found


def code_version() -> str:
    """Of what responds: the package's, and where it is a checkout the commit."""
    asked = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude", "*"]
    here = (HERE / ".git").exists()
    found = here and subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return f"{version('warroom')} {found or ''}".strip()


def milestones(incident: Incident, detect_s: float | None) -> dict[str, float | None]:
    """From the fault to the alert, and from the alert to severity, first proposal, recovery."""
    classified = [e.at for e in incident.timeline if e.text.startswith("step 1:")]
    proposed = [e.at for e in incident.timeline if e.kind is EventKind.proposal]
    recovered = [t.at for t in incident.transitions if t.state is State.resolved]
    times = {"severity": classified, "proposal": proposed, "recovery": recovered}
    since = {
        name: round((min(found) - incident.opened_at).total_seconds(), 2) if found else None
        for name, found in times.items()
    }
    return {"detect": detect_s, **since}


def said_better(incident: Incident) -> list[Execution]:
    """Actions of which the record says that they helped, and that were left in force."""
    return [e for e in incident.executions if e.outcome is Outcome.better and not e.undone]
