"""The pictures of an incident: its guilty signals and its course."""

from ..agents.room import Room
from ..agents.telling.standing import onset
from ..incident.document import Incident
from .guilty import guilty, tracks
from .signal_chart import Mark, signal_chart
from .sparks import window_of
from .timeline_chart import timeline_chart


def charts(room: Room, incident: Incident) -> dict[str, str]:
    """SVG by file name."""
    ends = [part.end for part in room.telemetry.coverage() if part.end]
    now = min(room.clock().timestamp(), max(ends, default=float("inf")))
    window = window_of(incident, room.catalogue.windows.baseline_s, now)
    found = tracks(room.telemetry, window, guilty(incident, room.store.payload))
    drawn = {
        f"{track.service}-{track.signal}.svg": signal_chart(
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
