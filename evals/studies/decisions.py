"""The commander of a measured run: approves a rehearsed action, declines what would leave."""

import time

from ...agents.runtime.context import ResponseContext
from ...incident.action import Verdict
from ...incident.events import ResponseEvent, StepDone
from ...incident.identity import automatic
from ...incident.report import DetectionReport
from ...record.ledger import Request

BY = automatic("benchmark")


class Decisions:
    """Answers through the ledger, as a person does, and notes when the severity was known."""

    def __init__(self, context: ResponseContext) -> None:
        self.context = context
        self.severity_at = float("nan")

    def listen(self, event: ResponseEvent) -> None:
        """Step 1 done: the severity is in the document."""
        if isinstance(event, StepDone) and isinstance(event.report, DetectionReport):
            self.severity_at = time.perf_counter()

    def answer(self, request: Request) -> bool:
        """An action here touches nothing; a text would go to customers, so it stays."""
        verdict = Verdict.approved if request.kind == "action" else Verdict.rejected
        reason = "a measurement: nothing is sent" if request.kind != "action" else "rehearsal"
        ledger = self.context.store.ledger
        ledger.decide(request.incident_id, request.subject, verdict, BY, reason)
        return True
