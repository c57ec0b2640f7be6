"""What the graph's nodes may reach: opened once per process, handed to every node.

With it what each step sees of telemetry: which stretch is healthy and which is the incident, and
what there is to act on.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from ...actions.base import Acting
from ...actions.inventory import Inventory, Part
from ...actions.policy import Policy
from ...incident.action import Outcome
from ...incident.communication import Message
from ...incident.document import Incident
from ...incident.events import EvidenceKept
from ...incident.evidence import Evidence
from ...incident.finding import Gap
from ...incident.report import AnyReport
from ...incident.timeline import utc_now
from ...models.redaction import Redaction
from ...notify.channels import Channels
from ...plans.runbook import Runbook, shipped
from ...record.memories import Alike, like
from ...record.store import Store
from ...settings import Settings
from ...targets.survey import Surveying
from ...telemetry.model import EVENTS, Catalogue, Change, Coverage, Service, Window, Windows
from ...telemetry.recorder import Recorder
from ...telemetry.recording import Recording
from ...telemetry.sources.further import Live
from ...telemetry.sources.links import backend_queries
from ...tools.base import Frame
from ...tools.toolbox import Memory, Toolbox
from .case import Case, ModelLayer, PlaybookOnly, Step, Tell

EVER = Window(0.0, 1e12)


def inferred(telemetry: Recording) -> Inventory:
    """Services from catalogue and metrics, versions and flags from recorded changes."""
    catalogue = telemetry.catalogue()
    changes = telemetry.changes(EVER)
    known = {service.name: service for service in catalogue.services if service.listed}
    seen = {service for service, _metric in telemetry.metric_names()}
    names = sorted(known.keys() | seen | {c.service for c in changes if c.service})
    parts = {name: _part(name, known.get(name), changes) for name in names}
    flags = {change.id: True for change in changes if change.kind == "flag"}
    outside = [s.name for s in catalogue.services if s.kind == "external"]
    databases = [s.name for s in catalogue.services if s.kind == "database"]
    return Inventory(services=parts, flags=flags, providers=outside, databases=databases)


def _part(name: str, service: Service | None, changes: list[Change]) -> Part:
    deploys = [c for c in changes if c.kind == "deploy" and c.service == name]
    versions = list(dict.fromkeys(v for c in deploys for v in (c.previous, c.version) if v))
    most = service.instances_max if service else 1
    return Part(
        instances=[f"{name}-1"],
        spares=[f"{name}-{number}" for number in range(2, most + 1)],
        version=deploys[-1].version if deploys else "",
        previous=deploys[-1].previous if deploys else "",
        versions=versions,
        edge=bool(service and service.kind == "edge"),
    )


# Which stretch of telemetry is healthy and which is the incident.

GUARD = 0.6
"""Left out between baseline and incident, in detection windows: signals are rates that look back,
so an onset read off them is late by a part of that window."""

LOOK_BACK_S = 120.0
"""What signals read before their window: a service must have been seen to be silent."""


def frame_of(
    document: Incident, windows: Windows, coverage: Sequence[Coverage], now: datetime
) -> Frame:
    """Baseline and incident window of a document.

    Until step 2 has found the onset, the incident begins `detect_s` before the alert: an alert
    fires after its window has filled. The incident ends now, where telemetry ends, or with the
    action that helped: what comes after that is recovery. Where an action ended a part of it, what
    is looked at is the rest, from when that action had settled. It never begins before telemetry
    does, however old the alert is.
    """
    seen = [  # what was deployed long ago is no healthy time that was measured
        part.start for part in coverage if part.start is not None and part.modality not in EVENTS
    ]
    ends = [part.end for part in coverage if part.end is not None]
    helped = [e.acted_at for e in document.executions if e.outcome is Outcome.better]
    end = min(at.timestamp() for at in [now, *helped])
    end = min(end, max(ends)) if ends else end
    alerted = document.fired.timestamp()
    by_alert = max(min(alerted, end) - windows.detect_s, min(min(seen, default=-math.inf), end))
    first = _windows(by_alert, end, windows.detect_s, windows, seen)
    found = first
    if document.onset:
        guard = windows.detect_s * GUARD
        found = _windows(document.onset.timestamp(), end, guard, windows, seen)
    helped = [e for e in document.executions if e.outcome is Outcome.partly and not e.undone]
    if parts := [e.ended_at or e.started_at for e in helped]:
        begin = max(parts).timestamp() + windows.stabilise_s
        found = found[0], Window(min(max(begin, found[1].start), end), end)
    began = document.began
    between = Window(*(at.timestamp() for at in began.between)) if began.between else None
    return Frame(
        *found,
        service=document.alert.service,
        metric=document.alert.labels.get("metric", ""),
        alerted=alerted,
        onset=began.at.timestamp() if began.known else None,
        between=between,
        first=first,
    )


def since_when(fired: datetime, windows: Windows) -> float:
    """From when on sources are asked about what fired then, unix seconds: the healthy time, and as
    much before it as rates and silences look back."""
    return fired.timestamp() - windows.baseline_s - 2 * windows.detect_s - LOOK_BACK_S


def _windows(
    begin: float, end: float, guard: float, windows: Windows, starts: Sequence[float]
) -> tuple[Window, Window]:
    """Healthy and incident window around a begin, all unix seconds."""
    healthy_end = begin - guard
    earliest = min(starts, default=healthy_end - windows.baseline_s)
    healthy = max(healthy_end - windows.baseline_s, earliest)
    return Window(min(healthy, healthy_end), healthy_end), Window(begin, max(end, begin))


FRESH_S = 1.0
"""Steps that begin within a second of each other see one state: nobody scrapes much more often, and
what one step asked the other need not ask again."""


@dataclass(frozen=True)
class StepBench:
    """A bench: one state of telemetry, seen through one incident's windows."""

    telemetry: Recording
    frame: Frame
    survey: Surveying | None = None
    live: Live | None = None  # the backends themselves, where there are any
    runbooks: Sequence[Runbook] = field(default_factory=shipped)
    memory: Callable[[Sequence[str]], list[Alike]] | None = None  # drills have none


@dataclass
class ResponseContext:
    """Store, telemetry, hands and clock of one running response."""

    settings: Settings
    store: Store
    recorder: Recorder
    operations: Acting | None = None  # None: nothing here can be acted upon
    survey: Surveying | None = None  # None: telemetry is all there is
    model_layer: ModelLayer = field(default_factory=PlaybookOnly)
    policy: Policy = field(default_factory=Policy)  # who approves, and what may be done when
    reread: Callable[[], Policy] | None = None  # the same as its file has it by now
    clock: Callable[[], datetime] = utc_now
    looks: int = 0  # most often that is looked anew where nothing is known to do
    pace: float = 1.0  # seconds waited for each second of a window; 0: of history, none
    commander: str = "on-call commander"
    recorded: bool = False  # what telemetry holds is history: nothing new comes
    drill: bool = False  # its messages go to an outbox of their own and say so
    channels: Channels = field(default_factory=Channels)  # by which messages go out
    runbooks: Sequence[Runbook] = field(default_factory=shipped)  # the team's and ours
    looked: dict[str, float] = field(default_factory=dict)  # others.py: when last, monotonic
    _memories: dict[str, Memory] = field(default_factory=dict)
    _redactions: dict[str, Redaction] = field(default_factory=dict)

    @property
    def telemetry(self) -> Recording:
        """What is recorded, as the last step that began saw it."""
        return self.recorder.recording

    @property
    def catalogue(self) -> Catalogue:
        """The service catalogue, with the calls that were measured where backends are asked."""
        return self.telemetry.catalogue()

    @property
    def inventory(self) -> Inventory:
        """What there is to act on; inferred from telemetry where no system can be asked."""
        if self.survey:
            return self.survey.inventory()
        telemetry = self.telemetry
        return telemetry.remember("inventory", partial(inferred, telemetry))

    def teller(self, watching: Tell) -> Tell:
        """Tells those who watch, and whoever follows what is on record."""
        pending = self.store.pending
        return partial(pending.tell, watching) if pending else watching

    def forget(self, incident_id: str) -> None:
        """What tools answered is asked anew: it was not written."""
        self._memories.pop(incident_id, None)

    def outbox(self, incident_id: str) -> Path:
        """Where messages go out: a gateway reads the real one, and never a drill's."""
        return self.settings.outbox(incident_id, self.drill)

    def frame(self, document: Incident, recording: Recording) -> Frame:
        """The incident's windows as of now."""
        coverage = recording.remember("coverage", recording.coverage)
        return frame_of(document, self.catalogue.windows, coverage, self.now(document))

    def now(self, document: Incident) -> datetime:
        """Now, as the incident lives it: a recording has its own time, which a restart does not
        turn back and an alert that came later moves on."""
        return max([self.clock(), document.opened_at, *(t.at for t in document.transitions)])

    def redaction(self, incident_id: str) -> Redaction:
        """What takes secrets out of what goes on record of this incident."""
        return self._redactions.setdefault(incident_id, Redaction())

    def redacted(self, incident_id: str, message: Message) -> Message:
        """The message without secrets, wherever they came from: it is sent."""
        texts = {"subject": message.subject, "body": message.body}
        return message.model_copy(update=self.redaction(incident_id)(texts))

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

    def observe(self, document: Incident, first: bool = False) -> Recording:
        """Telemetry as of now, of what the incident is about; first: for its level."""
        since = since_when(document.fired, self.catalogue.windows)
        self.recorder.focus(document.alert.service, since, met(document))
        return self.recorder.advance(at_most=FRESH_S, first=first)

    def case(self, incident_id: str, step: Step, attempt: int, tell: Tell) -> Case:
        """A specialist's view of the incident as it stands now: one state of telemetry, whatever
        comes while the step is worked."""
        if step.looks:
            self.store.look(incident_id)
        document = self.store.load(incident_id)
        recording = self.observe(document, first=step.number == 1)
        frame = self.frame(document, recording)
        teams = frozenset(service.team for service in document.services[:1])
        past = None if self.drill else partial(like, self.store.engine, teams, incident_id)

        def record(evidence: Evidence, payload) -> Evidence:
            kept = self.store.add_evidence(incident_id, evidence, payload)
            tell(EvidenceKept(evidence=kept))
            return kept

        return Case(
            step=step,
            document=document,
            tools=Toolbox(
                StepBench(recording, frame, self.survey, self.recorder.live(), self.runbooks, past),
                step.specialist,
                record,
                self._memories.setdefault(incident_id, {}),
                self.redaction(incident_id),
                partial(backend_queries, self.recorder.sources),
            ),
            catalogue=recording.catalogue(),
            frame=frame,
            inventory=self.inventory,
            settings=self.settings,
            now=self.now(document),
            store=self.store,
            recorded=self.recorded,
            attempt=attempt,
            bring_back=self.policy.bring_back,
            tell=tell,
        )


def met(document: Incident) -> set[str]:
    """Services that the response came upon already: what was opened anew begins with them."""
    blamed = {cause.service for cause in document.hypotheses if cause.service}
    return blamed | {service.name for service in document.services}
