"""Which stretch of telemetry is healthy and which is the incident."""

import math
from collections.abc import Sequence
from datetime import datetime

from ...incident.action import Outcome
from ...incident.document import Incident
from ...telemetry.model import Coverage, Window, Windows
from ...tools.base import Frame

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
    action that helped: what comes after that is recovery. It never begins before telemetry does,
    however old the alert is.
    """
    starts = [part.start for part in coverage if part.start is not None]
    seen = [
        part.start for part in coverage if part.start is not None and part.modality != "changes"
    ]
    ends = [part.end for part in coverage if part.end is not None]
    helped = [e.started_at for e in document.executions if e.outcome is Outcome.better]
    end = min(at.timestamp() for at in [now, *helped])
    end = min(end, max(ends)) if ends else end
    alerted = _alerted(document).timestamp()
    by_alert = max(min(alerted, end) - windows.detect_s, min(min(seen, default=-math.inf), end))
    first = _windows(by_alert, end, windows.detect_s, windows, starts)
    found = first
    if document.onset:
        guard = windows.detect_s * GUARD
        found = _windows(document.onset.timestamp(), end, guard, windows, starts)
    service, metric = document.alert.service, document.alert.labels.get("metric", "")
    return Frame(*found, service=service, metric=metric, alerted=alerted, first=first)


def since_when(document: Incident, windows: Windows) -> float:
    """From when on sources are asked, unix seconds: the healthy time, and as much before it as
    rates and silences look back."""
    return _alerted(document).timestamp() - windows.baseline_s - 2 * windows.detect_s - LOOK_BACK_S


def _windows(
    begin: float, end: float, guard: float, windows: Windows, starts: Sequence[float]
) -> tuple[Window, Window]:
    """Healthy and incident window around a begin, all unix seconds."""
    healthy_end = begin - guard
    earliest = min(starts, default=healthy_end - windows.baseline_s)
    healthy = max(healthy_end - windows.baseline_s, earliest)
    return Window(min(healthy, healthy_end), healthy_end), Window(begin, max(end, begin))


def _alerted(document: Incident) -> datetime:
    return document.alert.starts_at or document.opened_at
