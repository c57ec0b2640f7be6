"""When a root-cause case's incident begins, and by how much its healthy recordings move.

Healthy rows may have been recorded later than the incident, or on another day. Each recording
moves as one block, so that distances within it stay, to where it ends before the incident begins.
"""

from dataclasses import dataclass, replace

import numpy as np

from .cases import RcaCase
from .metrics import Measured

GAP_S = 1.0
"""Left between a moved recording and what follows it, seconds."""


@dataclass(frozen=True)
class Timing:
    """Where the incident begins and how far the healthy metrics move."""

    detected_at: float  # unix seconds
    detect_s: float  # the incident window begins so long before that
    metrics_shift: float  # seconds; 0: nothing moves

    @property
    def begin(self) -> float:
        """Begin of the incident window, unix seconds."""
        return self.detected_at - self.detect_s

    def late(self, seconds: float) -> "Timing":
        """As somebody has it who detects so much later; the recordings stay where they are."""
        return replace(self, detected_at=self.detected_at + seconds)


def timing(case: RcaCase, found: Measured) -> Timing:
    """The incident begins with its first row, and at least one interval before the detection."""
    first = np.min(found.ts[found.incident], initial=case.detected_at)
    detect_s = max(case.interval_s, case.detected_at - float(first))
    begin = case.detected_at - detect_s
    return Timing(case.detected_at, detect_s, _onto_rows(case, found, begin))


def records_shift(times: Timing, first: float | None, last: float) -> float:
    """Seconds by which healthy logs and spans move; `last` is their last time.

    They end before the guard that a response leaves in front of the incident window (as long as
    `detect_s`), and before `first`, the earliest log or span of the case itself (None: it has
    none), which may lie earlier.
    """
    guarded = times.begin - times.detect_s
    return min(guarded, guarded if first is None else first) - GAP_S - last


def _onto_rows(case: RcaCase, found: Measured, begin: float) -> float:
    """The last healthy row comes a whole number of intervals before the first row."""
    if found.incident.all():
        return 0.0
    last, rows = float(found.ts[~found.incident].max()), found.ts[found.incident]
    first = float(rows.min()) if rows.size else begin
    steps = max(1.0, np.floor((first - begin) / case.interval_s) + 1)
    return float(first - steps * case.interval_s - last)
