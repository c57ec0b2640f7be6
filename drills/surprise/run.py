"""A surprise from end to end: drawn, sealed, lived through, opened, scored."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ...errors import DrillError
from ...incident.document import Incident
from ...telemetry.model import Window
from ...telemetry.recorder import Recorder
from ...telemetry.recording import Recording
from ...telemetry.signals import read_signals
from ...yaml_tables import Entry
from ..alarm import Alarm
from ..runner import LOOK_S, Drill
from ..score import DrillObservation, Score
from .draw import LOUD, SHAPES, Drawn, delivered
from .mechanism import HandedAlert
from .score import Seen, score_surprise
from .truth import LOG_LINES, Sealed, Symptom, Truth, tell_beside

PATIENCE_S = 25.0
"""Without an alert within this time a person tells what customers say."""


@dataclass
class SurpriseDrill(Drill):
    """One run of a drawn fault; nobody says what it is before the end."""

    fault: Drawn
    alert_s: float = PATIENCE_S
    by_hand: bool = field(default=False, init=False)
    sealed: Sealed | None = field(default=None, init=False)

    def run(self) -> Score:
        """Seal the truth, run, open it and score. Raises what `Drill.run` raises."""
        name = f"{self.fault.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        file = self.settings.home.resolve() / "sealed" / name
        self.sealed = Sealed.seal(self.fault.truth, file)
        self.host.note(f"the truth is sealed until the end: {self.sealed.told}")
        try:
            return super().run()
        finally:
            file.unlink(missing_ok=True)

    def _alert(self, alarm: Alarm) -> dict[str, Any]:
        """What fires, else what a person says; a loud victim comes before either."""
        body, truth = super()._alert(alarm), self.fault.truth
        self.by_hand = body is None
        if body is None:
            self.host.note(
                f"no alert within {self.alert_s:.0f} s: a person tells what customers say"
            )
            body = by_hand(truth, time.time())
        return with_victim(body, truth, time.time()) if truth.decoy == LOUD else body

    def _seen(self, recorder: Recorder, detect_s: float, early: tuple[str, ...]) -> Seen:
        """Look once more, for as long as it takes to see the worst of it."""
        truth = self.fault.truth
        worst_of_s = max(truth.look_s, SHAPES[truth.shape].period_s)
        time.sleep(worst_of_s or LOOK_S)
        telemetry, now = recorder.advance(), time.time()
        window = Window(now - (worst_of_s or LOOK_S), now)
        left = {
            str(one): one.worst(values(telemetry, one, window), steady=not worst_of_s)
            for one in truth.symptoms
        }
        return Seen(detect_s, None, early, self.by_hand, left)

    def _scored(self, document: Incident | None, seen: DrillObservation) -> Score:
        if document is None or self.sealed is None or not isinstance(seen, Seen):
            raise DrillError(f"{self.fault.name} ended without an incident: run it again")
        truth = self.sealed.open()
        if self.target:
            tell_beside(self.target, truth)
        return score_surprise(self.fault.name, document, truth, seen)

    def _to_keep(self) -> Entry:
        """Beside a bundle that is kept while the response runs: the seal alone."""
        return self.sealed or self.fault.truth


def values(telemetry: Recording, symptom: Symptom, window: Window) -> np.ndarray:
    """What telemetry has of a symptom's signal in a window; empty where it has nothing."""
    if symptom.signal == LOG_LINES:
        lines = telemetry.logs(window, services=[symptom.service])
        return np.array([len(lines) / window.seconds])
    found = read_signals(telemetry, window, [symptom.service], [symptom.signal])
    return np.concatenate([np.empty(0), *(signal.values for signal in found)])


def by_hand(truth: Truth, now: float) -> dict[str, Any]:
    """An alert of a person who has heard customers, or looked; it names no service."""
    who = "Several customers write" if truth.hurt else "Somebody sees"
    summary = f"{who} {truth.complaint}"
    said = HandedAlert(name="Report", service="", severity="warning", summary=summary)
    return delivered(said, now)


def with_victim(body: dict[str, Any], truth: Truth, now: float) -> dict[str, Any]:
    """The delivery with the alert of the loudest victim first."""
    loud = HandedAlert(
        name="ServiceDegraded",
        service=truth.loud,
        severity="critical",
        summary=f"{truth.loud} does not do what it should for its callers",
    )
    return {**body, "alerts": [*delivered(loud, now)["alerts"], *body["alerts"]]}
