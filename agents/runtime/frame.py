"""Which stretch of telemetry is healthy and which is the incident."""

from collections.abc import Sequence
from datetime import datetime

from ...incident.action import Outcome
from ...incident.document import Incident
from ...telemetry.model import Coverage, Window, Windows
from ...tools.base import Frame

GUARD = 0.6
"""Left out between baseline and incident, in detection windows: signals are rates that look back,
so an onset read off them is late by a part of that window."""


def frame_of(
    document: Incident, windows: Windows, coverage: Sequence[Coverage], now: datetime
) -> Frame:
    """Baseline and incident window of a document.

    Until step 2 has found the onset, the incident begins `detect_s` before the alert: an alert
    fires after its window has filled. The incident ends now, where telemetry ends, or with the
    action that helped: what comes after that is recovery.
    """
    starts = [part.start for part in coverage if part.start is not None]
    ends = [part.end for part in coverage if part.end is not None]
    helped = [e.started_at for e in document.executions if e.outcome is Outcome.better]
    end = min(at.timestamp() for at in [now, *helped])
    end = min(end, max(ends)) if ends else end
    alerted = _alerted(document).timestamp()
    by_alert = min(alerted, end) - windows.detect_s
    first = _windows(by_alert, end, windows.detect_s, windows, starts)
    found = first
    if document.onset:
        guard = windows.detect_s * GUARD
        found = _windows(document.onset.timestamp(), end, guard, windows, starts)
    service, metric = document.alert.service, document.alert.labels.get("metric", "")
    return Frame(*found, service=service, metric=metric, alerted=alerted, first=first)


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
