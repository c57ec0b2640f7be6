"""How often each witness was right where the answer was known, by the evidence at hand.

Counts, not shares: [right, answered]; a share is read from them as (right + 1) / (answered + 2), so
that few cases make nobody sure. They are measured by `warroom eval` and lie in witnesses.yaml; an
installation's own, of its model on its incidents, lie in the home under the same name and win.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field

from ...analysis.witnesses import Trust
from ...incident.finding import CauseKey
from ...yaml_tables import Entry, parse_table, read_table
from ..causes.calibration import Basis

FILE = "witnesses.yaml"
Count = tuple[int, int]
"""Right, answered."""


class ByClaim(Entry):
    """Of one kind of evidence: where a change was blamed, and where something else was."""

    change: Count = (0, 0)
    other: Count = (0, 0)


class WitnessTable(Entry):
    """witnesses.yaml."""

    playbook: dict[Basis, ByClaim] = Field(default_factory=dict)
    models: dict[str, dict[Basis, Count]] = Field(default_factory=dict)
    unmeasured: float = Field(default=0.8, ge=0, le=1)
    refuting: float = Field(default=0.6, ge=0, le=1)


@cache
def table() -> WitnessTable:
    """What is known of playbooks and models without an installation's own measurements."""
    return read_table(f"agents/reasoning/{FILE}", WitnessTable)


def share(count: Count) -> float:
    """How often, as few cases allow to say it."""
    right, answered = count
    return (right + 1) / (answered + 2)


@dataclass(frozen=True)
class Reliability:
    """Of both witnesses in one case."""

    basis: Basis
    model: str
    own: WitnessTable | None = None
    """An installation's own measurements."""

    def trust(self, causes: Iterable[CauseKey]) -> Trust:
        """How far each witness's word goes."""
        by_claim = table().playbook.get(self.basis, ByClaim())
        of = {True: share(by_claim.change), False: share(by_claim.other)}
        return Trust(
            playbook={cause: of[bool(cause[2])] for cause in causes},
            model=self.of_model,
            refuting=table().refuting,
        )

    @property
    def of_model(self) -> float:
        """Of the model's first cause: measured with this kind of evidence, else stated."""
        for known in (self.own, table()):
            count = known and _measured(known.models, self.model, self.basis)
            if count:
                return share(count)
        return table().unmeasured


def _measured(models: dict[str, dict[Basis, Count]], name: str, basis: Basis) -> Count | None:
    """Of the longest name that begins this one: endpoints add a date to a model's name."""
    known = [entry for entry in models if name.startswith(entry)]
    return models[max(known, key=len)].get(basis) if known else None


def own_table(home: Path) -> WitnessTable | None:
    """What an installation measured itself; None: nothing yet. Raises TableError."""
    file = home / FILE
    return parse_table(file.read_text(), WitnessTable, str(file)) if file.exists() else None
