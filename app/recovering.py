"""A service brought back (§9): the plan with its critical path, each step checked against what the
record measured, and the recovery time. Nothing is carried out by it."""

from collections.abc import Sequence

from ..agents.health.verification import HELD
from ..agents.reporting.incident_status import ended
from ..analysis.quantities import span
from ..incident.action import HELPED, WELL
from ..incident.document import Incident
from ..incident.report import VerificationReport
from ..incident.timeline import utc_now
from ..yaml_tables import Entry, read_table
from .figures_table import MARKS

RTO_S = 4 * 3600.0  # recovery time objective (§9), from the onset
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


def recovery_plan(
    doc: Incident, firing: int, steps: Sequence[Step] = STEPS
) -> list[dict[str, str]]:
    """A row a step, in words; firing: alerts of it that are not over."""
    at, by, found = dict[str, float](), {step.name: step for step in steps}, _checks(doc, firing)
    for step in steps:
        at[step.name] = step.minutes + max((at[need] for need in step.needs), default=0.0)
    path = [max(at, key=at.__getitem__)]
    while needs := by[path[0]].needs:
        path.insert(0, max(needs, key=at.__getitem__))
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
    took = (((over := ended(doc)) or utc_now()) - doc.began.at).total_seconds()
    met = took <= RTO_S if over or took > RTO_S else None
    now = f"{span(took)}{'' if over else ' so far'}{MARKS[met]}"
    return [*rows, {**dict.fromkeys(rows[0], ""), "Step": f"RTO {span(RTO_S)}", "Now": now}]


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
