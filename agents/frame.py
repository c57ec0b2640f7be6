"""Which stretch of telemetry is healthy and which is the incident."""

from collections.abc import Sequence
from datetime import datetime

from ..incident.action import Outcome
from ..incident.document import Incident
from ..telemetry.model import Coverage, Window, Windows
from ..tools.base import Frame

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
    bounds = [now, *helped]
    end = min(at.timestamp() for at in bounds)
    end = min(end, max(ends)) if ends else end
    begin = _begin(document, windows, end)
    baseline_end = begin - windows.detect_s * (GUARD if document.onset else 1.0)
    earliest = min(starts, default=baseline_end - windows.baseline_s)
    baseline_start = max(baseline_end - windows.baseline_s, earliest)
    baseline = Window(min(baseline_start, baseline_end), baseline_end)
    return Frame(
        baseline=baseline,
        incident=Window(begin, max(end, begin)),
        service=document.alert.service,
        metric=document.alert.labels.get("metric", ""),
        alerted=_alerted(document).timestamp(),
    )


def _begin(document: Incident, windows: Windows, end: float) -> float:
    if document.onset:
        return document.onset.timestamp()
    return min(_alerted(document).timestamp(), end) - windows.detect_s


def _alerted(document: Incident) -> datetime:
    return document.alert.starts_at or document.opened_at
