"""The pictures of an incident: its guilty signals and its course."""

from ...agents.reporting.incident_status import onset
from ...agents.runtime.context import ResponseContext
from ...incident.document import Incident
from ...incident.private import file_name
from .signal import Mark, signal_chart
from .timeline import timeline_chart
from .tracks import guilty, tracks, window_of


def charts(context: ResponseContext, incident: Incident) -> dict[str, str]:
    """SVG by file name."""
    ends = [part.end for part in context.telemetry.coverage() if part.end]
    now = min(context.clock().timestamp(), max(ends, default=float("inf")))
    window = window_of(incident, context.catalogue.windows.baseline_s, now)
    found = tracks(context.telemetry, window, guilty(incident, context.store.payload))
    drawn = {
        f"{file_name(f'{track.service}-{track.signal}')}.svg": signal_chart(
            track, _marks(incident), onset(incident).timestamp()
        )
        for track in found
    }
    return {**drawn, "timeline.svg": timeline_chart(incident)}


def _marks(incident: Incident) -> list[Mark]:
    marks = [Mark(onset(incident).timestamp(), "onset")]
    for execution in incident.executions:
        at = (execution.ended_at or execution.started_at).timestamp()
        marks.append(Mark(at, execution.title.partition(" (")[0]))
    return sorted(marks, key=lambda mark: mark.at)
