"""What is known of each kind of fault: one Markdown file each, read by code and by people.

The front matter says how it is told, cured, prevented and named; the text below is its runbook. To
add a kind, add a file: code of its own is only needed where words do not tell it.
"""

import re
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from ..errors import TableError
from ..yaml_tables import AnyCase, Entry, Regex, Words, parse_table


class IncidentType(StrEnum):
    """What kind of trouble it is."""

    performance = "performance degradation"
    outage = "service outage"
    security = "security"
    data = "data integrity"
    infrastructure = "infrastructure failure"
    third_party = "third-party outage"
    unknown = "unknown"


class Category(StrEnum):
    """Where it is routed and counted."""

    infrastructure = "infrastructure"
    application = "application"
    security = "security"
    performance = "performance"
    data = "data"
    network = "network"
    third_party = "third-party"
    ai_service = "AI service"
    unknown = "unknown"


SECTIONS = ("Symptoms", "Checks", "First moves", "Verification")
"""What every runbook has, each a list."""


class Remedy(StrEnum):
    """A move that may cure it; agents/causes/moves.py makes a plan of each."""

    restart = "restart"
    roll_back = "roll_back"
    reroute = "reroute"
    scale = "scale"
    throttle = "throttle"
    throttle_logins = "throttle_logins"
    block_source = "block_source"
    flag_off = "flag_off"
    repair_rows = "repair_rows"
    switch_provider = "switch_provider"
    switch_model = "switch_model"
    answer_without_model = "answer_without_model"
    cap_calls = "cap_calls"
    cap_tokens = "cap_tokens"
    revert_configuration = "revert_configuration"
    end_session = "end_session"
    restore_state = "restore_state"
    renew_certificate = "renew_certificate"
    clear_cache = "clear_cache"
    free_space = "free_space"
    open_breaker = "open_breaker"
    raise_limit = "raise_limit"


class OptionalSource(StrEnum):
    """Telemetry that many systems do without: it is missed only where it could have helped."""

    certificates = "certificates"
    firewall = "firewall (WAF) and audit trail"
    caches = "cache effectiveness"
    balancers = "CDN and load balancer"
    browsers = "real users' browsers"


def _listed(value: Any) -> Any:
    words = value.split(",") if isinstance(value, str) else value
    return [word.strip() for word in words if word.strip()]


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Words with commas between them."""


class Item(Entry):
    """One piece of work: what, how urgent, of which kind, whose."""

    title: str
    priority: int = Field(ge=1, le=3, description="1 first, 3 last")
    kind: str = "fix"
    owner: str = Field(default="", description="empty: the team of the guilty service")


class Lesson(Entry):
    """What one kind of fault teaches. Texts may use {service} and {change}; thresholds come from
    the record's own numbers, not from here."""

    question: str = Field(description="why was it possible, for the review to answer")
    prevention: tuple[Item, ...]
    hardening: tuple[Item, ...]
    signals: Listed = Field(description="worth an early warning, best first")
    runbook: str
    chaos: str
    steady: str = Field(description="what must hold while the chaos scenario runs")
    slo: str


class Sign(Entry):
    """Words of the system's own that tell it, and what else would explain them."""

    statement: str = Field(description="the cause in a sentence; {service} is filled in")
    words: Regex
    metrics: Regex | None = Field(default=None, description="names of metrics that tell it too")
    more: Regex | None = Field(default=None, description="what else agrees, where it is seen")
    explained_by: Words = Field(description="mechanisms of a change that would say the same")


class Fault(Entry):
    """One kind of fault: its front matter, and its runbook below that."""

    kind: str = Field(description="as people read it: hung process")
    search: Listed = Field(description="words of alerts and logs that lead to its runbook")
    type: IncidentType = Field(default=IncidentType.unknown, description="of an incident by it")
    category: Category = Field(default=Category.unknown, description="where that is routed")
    named: AnyCase | None = Field(default=None, description="how texts name it, en and zh")
    telltale: str = Field(default="", description="signal that shows it before users feel it")
    remedies: tuple[Remedy, ...] = Field(default=(), description="moves, best first")
    by_hand: str = Field(default="", description="what a person does where no move can be made")
    lasting: str = Field(default="", description="the fix that remains")
    systemic: str = Field(default="the record does not say", description="why it reached users")
    sources: tuple[OptionalSource, ...] = Field(
        default=(), description="telemetry that could have told"
    )
    told_by: tuple[Sign, ...] = Field(default=(), description="where words alone tell it")
    lesson: Lesson | None = Field(default=None, description="None: there is nothing to prevent")
    id: str = Field(default="", description="the file's name")
    title: str = Field(default="", description="of the runbook")
    sections: dict[str, str] = Field(default_factory=dict, description="one line an item")
    body: str = Field(default="", description="the runbook as people read it")

    @model_validator(mode="after")
    def _has_a_way_out(self) -> Self:
        if not self.remedies and not self.by_hand:
            raise ValueError("write remedies, or by_hand where no move of the catalogue fits")
        return self


@cache
def faults() -> dict[str, Fault]:
    """Every known kind by its name."""
    entries = sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
    texts = ((Path(e.name), e.read_text("utf-8")) for e in entries if e.name.endswith(".md"))
    found = (parse_fault(file.stem, text) for file, text in texts)
    return {fault.kind: fault for fault in found}


def fault_of(kind: str) -> Fault:
    """What is known of this kind; of a cause that nobody knows where there is none."""
    return faults().get(kind) or faults()["unknown"]


def parse_fault(name: str, text: str) -> Fault:
    """A fault out of its file. Raises TableError with file, line and key."""
    file = f"faults/{name}.md"
    front, body = divided(text, file)
    found = sections(body)
    if lacks := [section for section in SECTIONS if not found.get(section)]:
        raise TableError(f"{file}: the runbook lacks a list under ## {', '.join(lacks)}")
    runbook = {"id": name, "title": title(body) or name, "sections": found, "body": body}
    return parse_table(front, Fault, file).model_copy(update=runbook)


def divided(text: str, file: str) -> tuple[str, str]:
    """Front matter, with as many lines as stand above it, and the text below. Raises TableError."""
    before, *parts = text.split("---\n", 2)
    if len(parts) != 2 or before.strip():
        raise TableError(f"{file}:1: begin with front matter between two lines of ---")
    return "\n" + parts[0], parts[1]


def title(body: str) -> str:
    """The heading; empty: it has none."""
    found = re.search(r"^# (.+)$", body, re.MULTILINE)
    return found.group(1) if found else ""


def sections(body: str) -> dict[str, str]:
    """Heading -> its list, a line each; an item that goes on stays one line."""
    found = {}
    for part in re.split(r"^## ", body, flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        items = re.split(r"^(?:-|\d+\.) ", rest, flags=re.MULTILINE)[1:]
        found[name.strip()] = "\n".join(" ".join(item.split()) for item in items)
    return found
