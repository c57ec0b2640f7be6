"""A runbook: Markdown that people read, below front matter that says when it fits and what is done,
as in docs/runbooks.md. It is data: no shell, no templates but the values of an incident in NAMES.
What is shipped is made of the files of faults/, which say the same to the playbooks.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, JsonValue, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from .. import faults
from ..errors import TableError
from ..faults import SECTIONS, Category, Fault, Remedy
from ..incident.document import Incident
from ..incident.severity import Severity
from ..oncall.schedule import Hours, Zone
from ..oncall.shifts import open_hours
from ..yaml_tables import Duration, Entry, parse_table

Kind = Literal["assess", "diagnose", "verify", "contain", "remediate", "communicate", "ticket"]
OURS = {"title", "body", "shipped", "file"}
LOOKS, ACTS = ("assess", "diagnose", "verify"), ("contain", "remediate")
NAMES = ("incident", "service", "severity", "change", "cause")
"""Values of an incident that a step may name in braces."""
QUICK = "quick_diagnostic"
"""A tool of runbooks alone: looks as `warroom diagnose` does."""
VALUE = re.compile(r"\{(\w+)\}")


class When(Entry):
    """All that has to be so for a step to be taken; empty: always."""

    severity: tuple[Severity, ...] = Field(default=(), description="at these levels only")
    category: tuple[Category, ...] = Field(default=(), description="of these only")
    hours: Hours | Literal[""] = Field(default="", description='"Mon-Fri 09:00-17:00"')
    time_zone: Zone = Field(default="UTC", description="whose hours")

    def why_not(self, document: Incident, now: datetime) -> str:
        """What is not so; empty: all is."""
        for wanted, found in (
            (self.severity, document.severity),
            (self.category, document.category),
        ):
            if wanted and found not in wanted:
                return f"only at {', '.join(wanted)}; it is {found or 'not known'}"
        hours, soon = (self.hours,) if self.hours else (), now + timedelta(minutes=1)
        found = open_hours(hours, ZoneInfo(self.time_zone), now, soon)
        shut = hours and not any(begin <= now < finish for begin, finish in found)
        return f"only {self.hours} {self.time_zone}" if shut else ""


class Step(Entry):
    """One thing that is done; without tool or action a person does it and says so."""

    kind: Kind = Field(description="looks, acts, tells people or leaves work for later")
    text: str = Field(min_length=1, max_length=500, description="what is done, in a sentence")
    tool: str = Field(default="", description=f"a read tool that looks, or {QUICK}")
    arguments: dict[str, JsonValue] = Field(default={}, description="of the tool")
    expect: Literal["", "some", "none"] = Field(default="", description="rows, else it failed")
    action: str = Field(default="", description="of the catalogue, or how its name begins")
    target: str = Field(default="", description="of the action; empty: as for parameters")
    parameters: dict[str, JsonValue] = Field(
        default={}, description="of the action; none: as the response proposes it from evidence"
    )
    when: When = Field(default=When(), description="only where all of this is so")
    continue_on_error: bool = Field(default=False, description="go on where it failed")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.tool and self.kind not in LOOKS) or (self.action and self.kind not in ACTS):
            raise ValueError(f"tools are of {', '.join(LOOKS)}; actions of {', '.join(ACTS)}")
        if wrong := set(VALUE.findall(self.model_dump_json())) - set(NAMES):
            raise ValueError(f"no value is called {wrong.pop()}: write one of {', '.join(NAMES)}")
        return self

    def filled(self, values: Mapping[str, str]) -> "Step":
        """The same about one incident."""
        text = VALUE.sub(lambda name: json.dumps(values[name[1]])[1:-1], self.model_dump_json())
        return Step.model_validate_json(text)


class Triggers(Entry):
    """Which incidents it is for."""

    words: tuple[str, ...] = Field(default=(), description="in the alert's texts")
    alerts: tuple[str, ...] = Field(default=(), description="their names")
    labels: dict[str, str] = Field(default={}, description="that the alert has, all of them")
    faults: tuple[str, ...] = Field(default=(), description="kinds of cause")

    @field_validator("faults")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := set(value) - set(known := faults.faults()):
            raise ValueError(f"no fault is called {wrong.pop()}: write one of {', '.join(known)}")
        return value


class Runbook(Entry):
    """The whole of it; title and body are what stands below the front matter."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,79}$", description="as it is started by")
    version: int = Field(default=1, ge=1, description="counts up with what it says")
    owner: str = Field(default="", max_length=100, description="the team that keeps it right")
    triggers: Triggers = Field(default=Triggers(), description="which incidents it is for")
    services: tuple[str, ...] = Field(default=(), description="for these only; none: for all")
    around: dict[str, str] = Field(
        default={}, description="scope, who by duty, communication, escalation, resources"
    )
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100, description="in their order")
    title: SkipJsonSchema[str] = ""
    body: SkipJsonSchema[str] = ""
    shipped: SkipJsonSchema[bool] = False
    file: SkipJsonSchema[str] = ""

    @property
    def sections(self) -> dict[str, str]:
        """What `find_runbook` shows, one line an item."""
        told = {kind: "\n".join(s.text for s in self.steps if s.kind in kind) for kind in SHOWN}
        said = ["\n".join((*self.triggers.alerts, *self.triggers.words)), *told.values()]
        lists = faults.sections(self.body)
        return {name: lists.get(name) or line for name, line in zip(SECTIONS, said, strict=True)}


SHOWN = (("assess", "diagnose"), ACTS, ("verify",))


class Repository(Entry):
    """A git repository. Nothing of it is checked out or run: its files are read as data."""

    url: str = Field(pattern=r"^(https|ssh|file)://[^\s]+$", description="https, ssh or file")
    branch: str = Field(default="HEAD", pattern=r"^\w[\w./-]*$", description="its newest commit")
    commit: str = Field(default="", pattern="^([0-9a-f]{40})?$", description="this one alone")
    folder: str = Field(default="", pattern=r"^(\w[\w./-]*)?$", description="in it; empty: all")
    credentials_file: Path | None = Field(default=None, description="holds user:password")


class Kept(Entry):
    """Where a team's own are kept, and how often they are tried."""

    folders: tuple[Path, ...] = Field(default=(), description="of *.md")
    git: tuple[Repository, ...] = Field(default=(), description="repositories with *.md")
    tested_within: Duration = Field(default=90 * 86400.0, description="or changed: try it again")


def parse_runbook(text: str, file: str) -> Runbook:
    """A runbook out of its file. Raises TableError with file, line, key and cure."""
    front, body = faults.divided(text, file)
    found = parse_table(front, Runbook, file)
    if keys := found.model_fields_set & OURS:
        raise TableError(f"{file}:1: {', '.join(keys)}: write that below the front matter")
    told = {"body": body, "title": faults.title(body) or found.name, "file": file}
    return found.model_copy(update=told)


# What is shipped: the kinds of faults, with what the playbooks know of each.

WORDS = {
    Remedy.throttle_logins: "throttle",
    Remedy.flag_off: "feature flag off",
    Remedy.repair_rows: "repair rows from backup",
    Remedy.open_breaker: "open circuit breaker",
    Remedy.restore_state: "restore",
}
"""Actions that are not called as their move is, or how the names of several begin."""
CONTAINS = (Remedy.reroute, Remedy.throttle, Remedy.throttle_logins, Remedy.block_source)
ONE_WORD = "health|saturation|growth|certificates|coverage|origin|symptoms|traffic"
TOOL = re.compile(rf"([a-z]+(?:_[a-z]+)+|{ONE_WORD})\b")
"""How a check begins that a tool makes."""
METRIC = re.compile(r"\w+(?:\.\w+)+")


def shipped() -> tuple[Runbook, ...]:
    """A runbook of each kind of fault."""
    return _shipped(tuple(faults.faults()))


@cache
def _shipped(kinds: tuple[str, ...]) -> tuple[Runbook, ...]:
    return tuple(_of_fault(faults.faults()[kind]) for kind in kinds)


def _of_fault(fault: Fault) -> Runbook:
    lines = {name: fault.sections[name].split("\n") for name in SECTIONS}
    hand = [Step(kind="remediate", text=fault.by_hand)] if fault.by_hand else []
    steps = (
        Step(kind="assess", text="See who is hurt", tool="traffic_impact", continue_on_error=True),
        Step(kind="communicate", text="Tell who has to know", continue_on_error=True),
        *(_looked(fault, "diagnose", line) for line in lines["Checks"]),
        *(*map(_remedy, fault.remedies), *hand),
        *(_looked(fault, "verify", line) for line in lines["Verification"]),
    )
    triggers = Triggers(words=fault.search, faults=(fault.kind,))
    told = {"title": fault.title, "body": fault.body, "shipped": True}
    return Runbook(name=fault.id, owner="Warroom", triggers=triggers, steps=steps, **told)


def _looked(fault: Fault, kind: Kind, line: str) -> Step:
    tool = found[1] if (found := TOOL.match(line)) else ""
    said, arguments = line.removeprefix(tool).lstrip(": "), dict[str, JsonValue]()
    if tool == "search_logs":
        told = (sign.words.pattern for sign in fault.told_by)
        arguments |= {"pattern": "|".join([*map(re.escape, fault.search), *told])}
    elif tool == "signal_series" and (metric := METRIC.search(said)):
        arguments |= {"signal": metric[0]}
    if tool:  # an instruction, also where the line is none
        named = tool.replace("_", " ")
        said = f"{named.capitalize() if '_logs' in tool else f'Look at {named}'}: {said}"
    said = said[:1].upper() + said[1:]
    return Step(kind=kind, text=said, tool=tool, arguments=arguments, continue_on_error=bool(tool))


def _remedy(remedy: Remedy) -> Step:
    action = WORDS.get(remedy, remedy.replace("_", " "))
    text = f"{action.capitalize()}, as the evidence has it"
    kind: Kind = "contain" if remedy in CONTAINS else "remediate"
    return Step(kind=kind, text=text, action=action, continue_on_error=True)
