"""A service brought back (§9), as pages and terminals show it: steps with the critical path, then
objectives. Nothing is carried out by it."""

from ..agents.reporting.recovery import RecoveryView, recovery_view
from ..incident.impact import ServiceState
from ..intake.alerts import episodes
from .charts.service_map import service_map
from .configuration import declared, recall
from .figures_table import MARKS
from .record import Record


def recovery(record: Record, incident_id: str | None) -> RecoveryView:
    """Of this incident, or the newest. Raises NotFound."""
    doc = record.published(incident_id)
    firing = sum(one.ends_at is None for one in episodes(record.store.engine, doc.id, limit=1000))
    return recovery_view(doc, declared(recall(record.settings, doc.id)).catalogue, firing)


def recovery_rows(view: RecoveryView) -> list[dict[str, str]]:
    """A row a step, then the objectives, in words."""
    at, path = view.done_by, view.path
    rows = [
        {
            "Step": f"{step.does}{' (critical)' if step.name in path else ''}",
            "Owner": step.owner,
            "After": ", ".join(step.needs),
            "Done by": f"{at[step.name]:.0f} min",
            "Now": f"{step.now}{MARKS[step.met]}",
            "If it fails": step.undo,
        }
        for step in view.steps
    ]
    goals = ({"Step": one.name, "Now": f"{one.now}{MARKS[one.met]}"} for one in view.goals)
    return rows + [dict.fromkeys(rows[0], "") | goal for goal in goals]


def plan_chart(view: RecoveryView) -> str:
    """Which step waits for which, from left to right, as SVG; the critical path is thick."""
    after = {s.name: [each.name for each in view.steps if s.name in each.needs] for s in view.steps}
    states = [
        ServiceState(name=s.name, role=f"{s.minutes:g} min", depends_on=after[s.name])
        for s in view.steps
    ]
    says = f"Critical of the recovery: {' to '.join(view.path)}"
    return service_map(states, view.path, says)
