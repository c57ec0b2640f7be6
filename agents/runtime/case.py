"""What a specialist works on: one step of the practice, its view of one incident, and the place
for a model on top of the playbook.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from ...actions.inventory import Inventory
from ...incident.document import Incident
from ...incident.events import ResponseEvent
from ...incident.lifecycle import Phase, Specialist
from ...incident.report import AnyReport, Report
from ...models.allowance import Effort
from ...record.store import Store
from ...settings import Settings
from ...telemetry.model import Catalogue
from ...tools.base import Frame, ToolFunction
from ...tools.toolbox import Toolbox

Tell = Callable[[ResponseEvent], None]
"""Tells people what is going on."""


@dataclass(frozen=True)
class Asked:
    """What a model on top of the playbook may look at, and what it hands back."""

    reply: type[BaseModel]
    tools: tuple[ToolFunction, ...] = ()
    """Where there are any, evidence on record can be read on and searched as well."""
    effort: Effort = Effort.usual
    """How much hangs on it: what it may be told and may use."""
    tokens: int = 1200
    """Longest of one answer."""
    sums_up: bool = False
    """Whether the step's summary may be its words; else it says what code decided."""


@dataclass(frozen=True)
class Step:
    """One of the thirteen steps: all that graph, model and screens know of it."""

    number: int
    phase: Phase
    specialist: Specialist
    title: str
    """What it is for, as people read it."""
    report: type[Report]
    playbook: Callable[["Case"], AnyReport]
    """The deterministic answer."""
    assesses: bool = False
    """Whether severity and impact are assessed again with it."""
    looks: bool = False
    """Whether it measures what hurts; an alert that comes in later is not in that."""
    beside: tuple[type[Report], ...] = ()
    """What is handed in by who works at the same time: no model is told of it in this round, since
    who is done first is chance."""
    asked: Asked | None = None
    """None: the step writes texts, and a model rewrites them."""

    @property
    def prompt(self) -> str:
        """Its wording: one file a specialist."""
        return f"model/{self.specialist}.md"


@dataclass(frozen=True)
class Case:
    """One specialist's view of one incident. The document is a copy: reports change it."""

    step: Step
    document: Incident
    tools: Toolbox
    catalogue: Catalogue
    frame: Frame
    inventory: Inventory
    settings: Settings
    now: datetime
    store: Store
    """Where it is kept what models say; it refuses who has lost the incident."""
    recorded: bool = False
    """Whether telemetry is history, in which nothing new comes."""
    attempt: int = 1
    bring_back: Sequence[int] = (100,)
    """Percent of held back traffic that is let in, stage by stage."""
    tell: Tell = lambda _event: None
    """Nobody listens by default."""


class ModelLayer(Protocol):
    """What improves a playbook's report."""

    @property
    def note(self) -> str:
        """One line for the record: who answers, and why."""
        ...

    def improve(self, case: Case, floor: AnyReport) -> AnyReport:
        """A better report of the same step, or the floor's own."""
        ...


class PlaybookOnly:
    """No model: the playbook's report is the answer, and the record says so."""

    note = "no model is configured: the deterministic playbooks answer"

    def improve(self, case: Case, floor: AnyReport) -> AnyReport:
        """The floor's own report."""
        return floor
