"""By what a fault shows, read off telemetry: never off what the response says of it."""

import numpy as np

from ..telemetry.model import Window
from ..telemetry.recording import Recording
from ..telemetry.signals import read_signals
from ..yaml_tables import Entry

LOG_LINES = "log_lines"
"""Log lines per second: no signal of the catalogue."""


class Symptom(Entry):
    """A signal of one service by which the fault shows: beyond `level` it is there."""

    service: str
    signal: str  # one of SignalName, or LOG_LINES
    level: float
    below: bool = False

    def left(self, telemetry: Recording, window: Window, steady: bool) -> float | None:
        """What counts of its values in a window: the middle of a steady fault, else the worst."""
        values = self._values(telemetry, window)
        known = values[np.isfinite(values)]
        if not known.size:
            return None
        most = known.min if self.below else known.max
        return float(np.median(known) if steady else most())

    def _values(self, telemetry: Recording, window: Window) -> np.ndarray:
        if self.signal == LOG_LINES:
            lines = telemetry.logs(window, services=[self.service])
            return np.array([len(lines) / window.seconds])
        found = read_signals(telemetry, window, [self.service], [self.signal])
        return np.concatenate([np.empty(0), *(signal.values for signal in found)])

    def shows(self, value: float | None) -> bool:
        """Whether this value shows the fault; unknown shows nothing."""
        if value is None:
            return False
        return value < self.level if self.below else value > self.level

    def __str__(self) -> str:
        return f"{self.service} {self.signal} {'<' if self.below else '>'} {self.level:.3g}"
