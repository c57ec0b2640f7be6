"""The place for a model on top of a playbook: same case in, same report schema out.

A model layer gets the playbook's report and may hand back a better one. Whatever it hands back is
checked like any other report when it is filed; when it cannot answer, the floor's report stands.
"""

from typing import Protocol

from ...incident.report import AnyReport
from .case import Case


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
