"""What a limit of ours still holds back once what hurt has ended is brought back: by a plan of its
own, share by share, asked about before the incident is called over."""

from collections.abc import Iterator
from contextlib import suppress

from ...actions import catalogue
from ...actions.edge import BringBack, Throttle
from ...actions.inventory import Inventory
from ...errors import ToolRetry
from ...incident.action import ActionPlan, Verdict
from ...incident.document import Incident
from ...tools.traffic import traffic
from ..causes.observations import cite
from ..runtime.case import Case

WHY = "what hurt has ended, and this route is limited still"
NO = (Verdict.rejected, Verdict.edited)


def limits(document: Incident, inventory: Inventory, but: str = "") -> Iterator[ActionPlan]:
    """The limits of ours that are in force, but that of the plan `but`."""
    for each in document.executions:
        plan = document.plan(each.plan)
        if plan is None or plan.kind != Throttle.kind or each.undone or each.plan == but:
            continue
        if plan.parameters["route"] in inventory.limits:
            yield plan


def bringing_back(case: Case, but: str = "") -> Iterator[ActionPlan]:
    """A plan for each route that such a limit still holds back, and that nobody said no to or
    brought back before."""
    document = case.document
    said_no = {decision.subject for decision in document.decisions if decision.verdict in NO}
    for limit in limits(document, case.inventory, but):
        with suppress(ToolRetry):  # nothing can be done here
            made = _planned(case, limit)
            no = made.hash in said_no or document.refused(made)
            if not no and document.tried(made) is None:
                yield made


def _planned(case: Case, limit: ActionPlan) -> ActionPlan:
    """From the limit as it is now to the route's own rate in healthy time; where that is no more,
    the limit holds nothing back and is lifted at once."""
    route = str(limit.parameters["route"])
    now = case.inventory.limits[route]
    found = case.tools.call(traffic)
    rows = [row for row in found.rows if row.value.startswith(route)]
    full = round(max(now, sum(row.rate_before for row in rows)), 3)
    stages = list(case.bring_back) if full > now else [100]
    asked = {"route": route, "limit": now, "full": full, "stages": stages}
    quotes = [quote for row in rows[:3] for quote in cite(found, row, "rate_before")]
    told = {"inventory": case.inventory, "quotes": quotes, "attempt": case.attempt}
    return catalogue.plan(BringBack.kind, limit.target, asked, WHY, **told)
