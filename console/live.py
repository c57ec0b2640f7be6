"""The terminal while a response runs: a calm flow of lines that reads the same in a log file.

What each specialist found stands there, and tables where the picture of the incident changes; what
it looks at is one line that goes again, and stays only where somebody wants all of it.
"""

from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from ..actions.catalogue import in_passing
from ..agents.runtime.case import PlaybookOnly
from ..agents.runtime.context import ResponseContext
from ..agents.steps import step_of
from ..app.charts.tracks import story
from ..app.words import seconds
from ..incident.document import Incident
from ..incident.events import (
    ActionDone,
    ActionStarted,
    EvidenceKept,
    ModelCalled,
    ModelWrites,
    PlaybookAnswered,
    ResponseEvent,
    StepDone,
    StepStarted,
    Waiting,
)
from ..incident.evidence import Evidence
from ..incident.lifecycle import Phase
from ..incident.model_use import ModelCall
from ..incident.report import (
    AnyReport,
    DetectionReport,
    FixReport,
    InvestigationReport,
    MitigationReport,
    SweepReport,
    VerificationReport,
)
from .figures import marks_of, matrix, measures, severity_lines, sparks
from .hypotheses import ranking, ranks
from .model_use import call_line
from .screen import Thinking, folded, heading, line, say, shown

NO_BREAK = "\N{NO-BREAK SPACE}"
MARKS = {"ok": " ", "empty": "∅", "failed": "!"}
REPEATED = (Phase.investigate, Phase.recover)
"""Phases that another round works again."""
RANKING = (MitigationReport, InvestigationReport, FixReport)
"""Reports after which the causes may stand in another order."""
CLASSIFIED = ("severity", "type", "services", "impact", "slo")
"""Fields of step 1's report that the document takes over and the screen shows at once."""


class Live:
    """Prints the events of `Response.run` for one incident."""

    def __init__(
        self, console: Console, context: ResponseContext, incident_id: str, verbose: bool = False
    ) -> None:
        self.console = console
        self.verbose = verbose
        self.context = context
        self.incident_id = incident_id
        self.opened = context.store.load(incident_id).opened_at
        self.phase: Phase | None = None
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

    def __call__(self, event: ResponseEvent) -> None:
        """Show one event."""
        if not isinstance(event, ModelWrites):
            self.thinking.clear()
        match event:
            case StepStarted():
                self._started(event)
            case PlaybookAnswered():
                self._playbook(event.report)
            case StepDone():
                self._done(event.report)
            case EvidenceKept():
                self._evidence(event.evidence)
            case ActionStarted():
                self._enter(Phase.recover)
                begun = shown(in_passing(event.plan))
                self._line("remediation", ("● ", "strong"), (begun, "strong"))
            case ActionDone():
                note = shown(event.execution.note)
                told = note or "carried out; telemetry decides what it did"
                self._line("remediation", ("● ", "strong"), told)
            case Waiting():
                text = f"waiting {seconds(event.seconds)}: {shown(event.why)}"
                self._line("observability", ("… ", "dim"), text)
            case ModelCalled():
                self._call(event.call)
            case ModelWrites():
                who = event.specialist
                self.thinking.heard(self._head(who), who, event.text)

    def _started(self, event: StepStarted) -> None:
        step = step_of(event.step)
        self.round = event.attempt
        self._enter(step.phase)
        if self.verbose:
            self._line(step.specialist, ("▸ ", "who"), f"step {step.number}: {step.title}")
        else:
            self._passing(step.specialist, step.title)

    def _playbook(self, report: AnyReport) -> None:
        """The playbook's answer, at once where a model goes on to think: nobody waits for it."""
        self._enter(step_of(report.step).phase)
        if not self.model:
            return
        self._repeated(report.specialist)
        text = f"  playbook: {shown(report.summary)}"
        self._line(report.specialist, (text, "dim"))
        if isinstance(report, DetectionReport):
            self._severity(report)

    def _done(self, report: AnyReport) -> None:
        who = report.specialist
        self._enter(step_of(report.step).phase)
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
        self.thinking.over(who)
        if (same := self.again.pop(who, [])) and self.verbose:
            text = f"answered as before: {', '.join(same)}"
            self._line(who, (f"  {text}", "dim"))

    def _call(self, call: ModelCall) -> None:
        self.thinking.over(call.specialist)
        if call.outcome == "answered":
            self._line(call.specialist, (f"  {call_line(call)}", "dim"))
            return
        self.told.add(call.note)
        head = self._head(call.specialist).append("  ")
        self.console.print(folded(head, (call_line(call), "dim")))

    def _enter(self, phase: Phase) -> None:
        """A rule when the work moves to another phase; communication runs beside and has none."""
        if phase in (self.phase, Phase.communicate):
            return
        title = f"Phase {phase.value} · {phase.title}"
        self.console.print()
        again = f" · round {self.round}" if self.round > 1 and phase in REPEATED else ""
        self.console.print(heading(title + again))
        self.phase = phase

    def _picture(self, report: AnyReport) -> None:
        document = self.context.store.load(self.incident_id)
        if isinstance(report, DetectionReport):
            self._severity(report)
        if isinstance(report, SweepReport):
            if self.verbose:
                self._show(matrix(report.health) if report.health else None)
            self._sparks(document)
        if isinstance(report, VerificationReport):
            self._show(measures(report.measures) if report.measures else None)
            self._sparks(document)
        if isinstance(report, RANKING) and ranks(document.hypotheses) != self.places:
            self._show(ranking(document.hypotheses, self.places, reasons=2 * self.verbose))
            if self.places:
                say(self.console, ("  ▲ rose  ▼ fell  n new", "dim"))
            self.places = ranks(document.hypotheses)

    def _severity(self, report: DetectionReport) -> None:
        """Level, services, impact and objectives, before they are filed; once while they stay."""
        facts = {name: getattr(report, name) for name in CLASSIFIED}
        if facts != self.classified:
            document = self.context.store.load(self.incident_id)
            self._show(severity_lines(document.model_copy(update=facts)))
            self.classified = facts

    def _sparks(self, document: Incident) -> None:
        if found := story(self.context, document):
            self._show(sparks(found, marks_of(document), self.console.width))

    def _show(self, picture: RenderableType | None) -> None:
        if picture is not None:
            self.console.print()
            self.console.print(picture)
            self.console.print()

    def _evidence(self, record: Evidence) -> None:
        told = shown(record.status.told(record.summary))
        answer = (record.tool, record.summary)
        if answer in self.answers:
            self.again.setdefault(record.collected_by, []).append(record.id)
            return
        self.answers.add(answer)
        if not self.verbose:
            self._passing(record.collected_by, f"{record.tool}: {told}")
            return
        mark = MARKS[record.status.value]
        name = f"{mark} {record.id:<5}{record.tool}: "
        self._line(record.collected_by, (name, "dim"), (told, "dim"))

    def _passing(self, who: str, text: str) -> None:
        """What is looked at now, in the line that goes again."""
        self.thinking.over(who)
        self.thinking.heard(self._head(who), who, text)

    def _line(self, who: str, *parts: tuple[object, str] | str) -> None:
        say(self.console, self._head(who), *parts)

    def _head(self, who: str) -> Text:
        """Minutes and seconds since the alert, and who."""
        elapsed = max(0, int((self.context.clock() - self.opened).total_seconds()))
        stamp = f" {elapsed // 60}:{elapsed % 60:02d}  " if elapsed < 36000 else "   ·   "
        return line((stamp, "dim"), (f"{shown(who):<14}", "who"))
