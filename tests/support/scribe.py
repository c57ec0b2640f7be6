"""A specialist more, as somebody would add one: its playbook and its record, in one file."""

from warroom.agents.runtime.case import Case, Step
from warroom.incident.lifecycle import Phase, Specialist
from warroom.incident.report import FollowUp, Report
from warroom.incident.timeline import Event, EventKind


def keep_minutes(case: Case) -> Report:
    """Step 14: count what was said, and have somebody read it."""
    said = len(case.document.timeline)
    return Report(
        step=14,
        specialist="scribe",
        conclusion="concluded",
        summary=f"{said} lines of minutes",
        events=[Event(at=case.now, actor="scribe", kind=EventKind.note, text="minutes are kept")],
        follow_ups=[FollowUp(title="Read the minutes", kind="debt", owner="team", due=case.now)],
    )


KEEP_MINUTES = Step(14, Phase.learn, Specialist("scribe"), "keep the minutes", Report, keep_minutes)
