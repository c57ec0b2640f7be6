"""The terminal while a response runs: a calm flow of lines that reads the same in a log file.

Every event becomes at most a few lines; tables come where the picture of the incident changes.
"""

from collections.abc import Callable
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from ..agents.runtime.context import ResponseContext
from ..agents.runtime.model_layer import PlaybookOnly
from ..app.charts.tracks import guilty, tracks, window_of
from ..app.words import seconds
from ..incident.action import ActionPlan, Execution
from ..incident.document import Incident
from ..incident.evidence import Evidence
from ..incident.model_use import ModelCall
from ..incident.report import AnyReport, DetectionReport, SweepReport, VerificationReport
from ..incident.timeline import utc_now
from .hypotheses import legend, moved, ranking, ranks
from .matrix import matrix
from .measures import measures
from .model_use import call_line
from .screen import folded, heading, line, say, shown
from .sparks import marks_of, sparks
from .steps import BESIDE, PHASES, phase, purpose
from .summary import severity_lines
from .thinking import Thinking

NO_BREAK = "\N{NO-BREAK SPACE}"
MARKS = {"ok": " ", "empty": "∅", "failed": "!"}
CLASSIFIED = ("severity", "type", "services", "impact", "slo")
"""Fields of step 1's report that the document takes over and the screen shows at once."""


class Live:
    """Prints the events of `Response.run` for one incident."""

    def __init__(self, console: Console, context: ResponseContext, incident_id: str) -> None:
        self.console = console
        self.context = context
        self.incident_id = incident_id
        self.opened = context.store.load(incident_id).opened_at
        self.phase = 0
        self.round = 1
        self.places: dict[str, int] = {}  # of the hypotheses, as shown last
        self.answers: set[tuple[str, str]] = set()  # that evidence gave, each shown once
        self.again: dict[str, list[str]] = {}  # evidence that says what was shown, by specialist
        self.thinking = Thinking(console)
        self.model = not isinstance(
            context.model_layer, PlaybookOnly
        )  # whether one is asked at all
        self.told: set[str] = set()  # why a model did not answer, each said once
        self.classified: dict[str, Any] = {}  # what step 1 was shown with

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event; kinds that are not known here are left out."""
        handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "step": self._step,
            "evidence": self._evidence,
            "action": self._action,
            "wait": self._wait,
            "model": self._call,
            "thinking": self._thinks,
        }
        handler = handlers.get(event.get("event", ""))
        if handler != self._thinks:
            self.thinking.clear()
        if handler:
            handler(event)

    def _step(self, event: dict[str, Any]) -> None:
        step, who = event["step"], event["specialist"]
        self.round = event["attempt"]
        self._enter(phase(step))
        if event["status"] == "started":
            self._line(who, ("▸ ", "who"), f"step {step}: {purpose(step)}")
            return
        if event["status"] == "floor":
            self._floor(event["report"])
            return
        self._done(event["report"])

    def _floor(self, report: AnyReport) -> None:
        """The playbook's answer, at once where a model goes on to think: nobody waits for it."""
        if not self.model:
            return
        self._repeated(report.specialist)
        text = f"  playbook: {shown(report.summary)}"
        self._line(report.specialist, (text, "dim"))
        if isinstance(report, DetectionReport):
            self._severity(report)

    def _done(self, report: AnyReport) -> None:
        who = report.specialist
        self._repeated(who)
        if report.fallback and report.fallback not in self.told:
            self.told.add(report.fallback)
            self._line(who, (f"  the playbook answers: {shown(report.fallback)}", "dim"))
        mark = ("✓ ", "good") if report.conclusion == "concluded" else ("? ", "watch")
        by = f", {report.source}" if self.model else ""
        took = (f"  ({seconds(report.seconds).replace(' ', NO_BREAK)}{by})", "dim")
        doubt = "" if report.conclusion == "concluded" else ("inconclusive: ", "watch")
        head = self._head(who).append(*mark)
        self.console.print(folded(head, doubt, (shown(report.summary), "strong"), took))
        self._picture(report)

    def _repeated(self, who: str) -> None:
        if same := self.again.pop(who, []):
            text = f"answered as before: {', '.join(same)}"
            self._line(who, (f"  {text}", "dim"))

    def _thinks(self, event: dict[str, Any]) -> None:
        who = event["specialist"]
        self.thinking.heard(self._head(who), who, event["text"])

    def _call(self, event: dict[str, Any]) -> None:
        call: ModelCall = event["call"]
        self.thinking.over(call.specialist)
        if call.outcome == "answered":
            self._line(call.specialist, (f"  {call_line(call)}", "dim"))
            return
        self.told.add(call.note)
        head = self._head(call.specialist).append("  ")
        self.console.print(folded(head, (call_line(call), "dim")))

    def _enter(self, number: int) -> None:
        """A rule when the work moves to another phase; communication runs beside and has none."""
        if number in (self.phase, BESIDE):
            return
        title = f"Phase {number} · {PHASES[number]}"
        self.console.print()
        again = f" · round {self.round}" if self.round > 1 and number in (2, 3) else ""
        self.console.print(heading(title + again))
        self.phase = number

    def _picture(self, report: AnyReport) -> None:
        document = self.context.store.load(self.incident_id)
        if isinstance(report, DetectionReport):
            self._severity(report)
        if isinstance(report, SweepReport):
            self._show(matrix(report.health) if report.health else None)
            self._sparks(document)
        if isinstance(report, VerificationReport):
            self._show(measures(report.measures) if report.measures else None)
            self._sparks(document)
        if report.step in (3, 4, 7) and moved(document.hypotheses, self.places):
            self._show(ranking(document.hypotheses, self.places))
            legend(self.console, self.places)
            self.places = ranks(document.hypotheses)

    def _severity(self, report: DetectionReport) -> None:
        """Level, services, impact and objectives, before they are filed; once while they stay."""
        facts = {name: getattr(report, name) for name in CLASSIFIED}
        if facts != self.classified:
            document = self.context.store.load(self.incident_id)
            self._show(severity_lines(document.model_copy(update=facts)))
            self.classified = facts

    def _sparks(self, document: Incident) -> None:
        window = window_of(document, self.context.catalogue.windows.baseline_s, self._now())
        pairs = guilty(document, self.context.store.payload)
        found = tracks(self.context.telemetry, window, pairs)
        if found:
            self._show(sparks(found, marks_of(document), self.console.width))

    def _now(self) -> float:
        """Now, or where telemetry ends when it is kept and not live."""
        ends = [part.end for part in self.context.telemetry.coverage() if part.end]
        return min(self.context.clock().timestamp(), max(ends, default=float("inf")))

    def _show(self, picture: RenderableType | None) -> None:
        if picture is not None:
            self.console.print()
            self.console.print(picture)
            self.console.print()

    def _evidence(self, event: dict[str, Any]) -> None:
        record: Evidence = event["evidence"]
        answer = (record.tool, record.summary)
        if answer in self.answers:
            self.again.setdefault(record.collected_by, []).append(record.id)
            return
        self.answers.add(answer)
        mark = MARKS[record.status.value]
        name = f"{mark} {record.id:<5}{record.tool}: "
        self._line(record.collected_by, (name, "dim"), (shown(record.summary), "dim"))

    def _action(self, event: dict[str, Any]) -> None:
        if event["status"] == "started":
            plan: ActionPlan = event["plan"]
            self._enter(3)
            self._line("remediation", ("● ", "strong"), (shown(plan.title), "strong"))
            return
        execution: Execution = event["execution"]
        note = shown(execution.note) or "carried out; telemetry decides what it did"
        self._line("remediation", ("● ", "strong"), note)

    def _wait(self, event: dict[str, Any]) -> None:
        why = shown(event["why"])
        text = f"waiting {seconds(event['seconds'])}: {why}"
        self._line("observability", ("… ", "dim"), text)

    def _line(self, who: str, *parts: tuple[object, str] | str) -> None:
        say(self.console, self._head(who), *parts)

    def _head(self, who: str) -> Text:
        """Minutes and seconds since the alert, and who."""
        elapsed = max(0, int((utc_now() - self.opened).total_seconds()))
        stamp = f" {elapsed // 60}:{elapsed % 60:02d}  " if elapsed < 36000 else "   ·   "
        return line((stamp, "dim"), (f"{shown(who):<14}", "who"))
