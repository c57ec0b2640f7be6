"""A service brought back (§9): the plan with its critical path, each step checked against what the
record measured, and the objectives. Nothing is carried out by it."""

from collections.abc import Mapping, Sequence

from ..agents.health.verification import HELD
from ..agents.reporting.incident_status import ended
from ..analysis.quantities import span
from ..errors import InputError
from ..incident.action import HELPED, WELL
from ..incident.document import Incident
from ..incident.impact import ServiceState
from ..incident.report import VerificationReport
from ..incident.timeline import utc_now
from ..intake.alerts import episodes
from ..yaml_tables import Entry, read_table, seconds
from .charts.service_map import service_map
from .configuration import declared, recall
from .figures_table import MARKS
from .record import Record

GOALS = {"warroom/rto": "4h", "warroom/rpo": "1h"}  # where the catalogue annotates no other
UNREAD = "not measured: a person looks"


class Step(Entry):
    """One step; recovering.yaml says what each key is."""

    name: str
    does: str
    owner: str
    minutes: float
    needs: tuple[str, ...] = ()
    undo: str


STEPS = read_table("app/recovering.yaml", list[Step])


def timed(steps: Sequence[Step] = STEPS) -> tuple[Mapping[str, float], list[str]]:
    """When each is done at the earliest, minutes from the begin; the critical path, in order."""
    at, by = dict[str, float](), {step.name: step for step in steps}
    for step in steps:
        at[step.name] = step.minutes + max((at[need] for need in step.needs), default=0.0)
    path = [max(at, key=at.__getitem__)]
    while needs := by[path[0]].needs:
        path.insert(0, max(needs, key=at.__getitem__))
    return at, path


def plan_chart(steps: Sequence[Step] = STEPS) -> str:
    """Which step waits for which, from left to right, as SVG; the critical path is thick."""
    after = {one.name: [each.name for each in steps if one.name in each.needs] for one in steps}
    times = {step.name: f"{step.minutes:g} min" for step in steps}
    states = [ServiceState(name=n, role=t, depends_on=after[n]) for n, t in times.items()]
    path = timed(steps)[1]
    return service_map(states, path, f"Critical of the recovery: {' to '.join(path)}")


def recovery(record: Record, incident_id: str | None) -> list[dict[str, str]]:
    """Of this incident, or the newest. Raises NotFound, InputError for a goal that is no time."""
    doc = record.published(incident_id)
    firing = sum(one.ends_at is None for one in episodes(record.store.engine, doc.id, limit=1000))
    said = declared(recall(record.settings, doc.id)).annotations.get(doc.alert.service, {})
    return recovery_plan(doc, firing, GOALS | {key: said[key] for key in GOALS if key in said})


def recovery_plan(
    doc: Incident, firing: int, goals: Mapping[str, str] = GOALS, steps: Sequence[Step] = STEPS
) -> list[dict[str, str]]:
    """A row a step, then the objectives, in words; firing: alerts of it that are not over."""
    (at, path), found = timed(steps), _checks(doc, firing)
    rows = [
        {
            "Step": f"{step.does}{' (critical)' if step.name in path else ''}",
            "Owner": step.owner,
            "After": ", ".join(step.needs),
            "Done by": f"{at[step.name]:.0f} min",
            "Now": found.get(step.name, UNREAD),
            "If it fails": step.undo,
        }
        for step in steps
    ]
    try:
        rto, rpo = map(seconds, goals.values())
    except ValueError as error:
        raise InputError(f"{doc.alert.service}: warroom/rto, warroom/rpo: {error}") from None
    took = (((over := ended(doc)) or utc_now()) - doc.began.at).total_seconds()
    now = f"{span(took)}{MARKS[took <= rto if over or took > rto else None]}"
    goal = {f"RTO {span(rto)}": now, f"RPO {span(rpo)}": UNREAD, "data integrity 100%": UNREAD}
    return rows + [dict.fromkeys(rows[0], "") | {"Step": n, "Now": say} for n, say in goal.items()]


def _checks(doc: Incident, firing: int) -> dict[str, str]:
    """By step, what the record measured; what it cannot know is not there."""
    plans = [(each, doc.plan(each.plan)) for each in doc.executions if not each.undone]
    held = [each.title for each, plan in plans if plan and plan.kind in HELD]
    helped = [f"{each.title}: {each.outcome}" for each, _ in plans if each.outcome in HELPED]
    last = doc.report(VerificationReport)
    if last and last.outcome in WELL:
        helped.append(last.reason)
    measured = [m for m in (last.measures if last else ()) if m.decisive]
    ill = [m.name for m in measured if not m.healthy]
    limits = f"{', '.join(held) or 'nothing'} is in force at the edge{MARKS[not held]}"
    told = f"{len(measured) - len(ill)} of {len(measured)} signals healthy, {firing} alerts fire"
    function = told + MARKS[not ill and not firing] if measured else UNREAD
    cause = helped[-1] + MARKS[True] if helped else UNREAD
    return {"cause": cause, "configuration": limits, "function": function, "traffic": limits}
