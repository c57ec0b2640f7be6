"""What the graph's nodes may reach. Opened once per process, handed to every node."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ...actions.base import Acting
from ...actions.inventory import Inventory
from ...incident.document import Incident
from ...incident.events import EvidenceKept
from ...incident.evidence import Evidence
from ...incident.finding import Gap
from ...incident.report import AnyReport
from ...incident.store import Store
from ...incident.timeline import utc_now
from ...settings import Settings
from ...targets.survey import Surveying
from ...telemetry.model import Catalogue
from ...telemetry.recorder import Recorder
from ...telemetry.recording import Recording
from ...tools.base import Frame
from ...tools.toolbox import Memory, Toolbox
from .case import Case, Step, Tell
from .frame import frame_of, since_when
from .inferred import inferred
from .model_layer import ModelLayer, PlaybookOnly

FRESH_S = 1.0
"""Steps that begin within a second of each other see one state: nobody scrapes much more often, and
what one step asked the other need not ask again."""


@dataclass(frozen=True)
class View:
    """A bench: one state of telemetry, seen through one incident's windows."""

    telemetry: Recording
    frame: Frame
    survey: Surveying | None = None


@dataclass
class ResponseContext:
    """Store, telemetry, hands and clock of one running response."""

    settings: Settings
    store: Store
    recorder: Recorder
    operations: Acting | None = None  # None: nothing here can be acted upon
    survey: Surveying | None = None  # None: telemetry is all there is
    model_layer: ModelLayer = field(default_factory=PlaybookOnly)
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    commander: str = "on-call commander"
    drill: bool = False  # its messages go to an outbox of their own and say so
    _memories: dict[str, Memory] = field(default_factory=dict)

    @property
    def telemetry(self) -> Recording:
        """What is recorded, as the last step that began saw it."""
        return self.recorder.recording

    @cached_property
    def catalogue(self) -> Catalogue:
        """The service catalogue, read once."""
        return self.telemetry.catalogue()

    @property
    def inventory(self) -> Inventory:
        """What there is to act on; inferred from telemetry where no system can be asked."""
        if self.survey:
            return self.survey.inventory()
        return inferred(self.telemetry)

    def outbox(self, incident_id: str) -> Path:
        """Where messages go out: a gateway reads the real one, and never a drill's."""
        return self.settings.outbox(incident_id, self.drill)

    def frame(self, document: Incident, recording: Recording) -> Frame:
        """The incident's windows as of now."""
        coverage = recording.coverage()
        return frame_of(document, self.catalogue.windows, coverage, self.clock())

    def name_gaps(self, case: Case, report: AnyReport) -> AnyReport:
        """The report, with the sources that were down when its step began and that nobody has
        named yet."""
        named = [*case.document.gaps, *report.gaps]
        new = [
            Gap(what=modality, why=why)
            for modality, why in self.recorder.recording.gaps
            if not any(gap.what == modality and why in gap.why for gap in named)
        ]
        return report.model_copy(update={"gaps": [*report.gaps, *new]}) if new else report

    def case(self, incident_id: str, step: Step, attempt: int, tell: Tell) -> Case:
        """A specialist's view of the incident as it stands now: one state of telemetry, whatever
        comes while the step is worked."""
        document = self.store.load(incident_id)
        self.recorder.focus(document.alert.service, since_when(document, self.catalogue.windows))
        recording = self.recorder.advance(at_most=FRESH_S)
        frame = self.frame(document, recording)

        def record(evidence: Evidence, payload) -> Evidence:
            kept = self.store.add_evidence(incident_id, evidence, payload)
            tell(EvidenceKept(evidence=kept))
            return kept

        return Case(
            step=step,
            document=document,
            tools=Toolbox(
                View(recording, frame, self.survey),
                step.specialist,
                record,
                self._memories.setdefault(incident_id, {}),
            ),
            catalogue=self.catalogue,
            frame=frame,
            inventory=self.inventory,
            settings=self.settings,
            now=self.clock(),
            attempt=attempt,
            tell=tell,
        )
