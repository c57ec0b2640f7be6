"""What a limit of ours still holds back once what hurt has ended is brought back: by a plan of its
own, share by share, asked about before the incident is called over."""

from collections.abc import Iterator

from ...actions import catalogue
from ...actions.edge import BringBack, Throttle
from ...errors import ToolRetry
from ...incident.action import ActionPlan, Verdict
from ...tools.traffic import traffic
from ..causes.observations import cite
from ..runtime.case import Case

WHY = "what hurt has ended, and this route is limited still"
NO = (Verdict.rejected, Verdict.edited)


def bringing_back(case: Case, but: str = "") -> Iterator[ActionPlan]:
    """A plan for each route that a limit of ours, but that of the plan `but`, still holds back, and
    that nobody said no to or brought back before."""
    document = case.document
    said_no = {decision.subject for decision in document.decisions if decision.verdict in NO}
    for each in document.executions:
        limit = document.plan(each.plan)
        if limit is None or limit.kind != Throttle.kind or each.undone or each.plan == but:
            continue
        try:
            made = _planned(case, limit)
        except ToolRetry:  # it is not limited any more, or nothing can be done here
            continue
        if made.hash not in said_no and not document.tried(made) and not document.refused(made):
            yield made


def _planned(case: Case, limit: ActionPlan) -> ActionPlan:
    """From the limit as it is now to the route's own rate in healthy time; where that is no more,
    the limit holds nothing back and is lifted at once."""
    route = str(limit.parameters["route"])
    now = case.inventory.limits.get(route, 0.0)
    found = case.tools.call(traffic)
    rows = [row for row in found.rows if row.value.startswith(route)]
    full = round(max(now, sum(row.rate_before for row in rows)), 3)
    stages = list(case.bring_back) if full > now else [100]
    asked = {"route": route, "limit": now, "full": full, "stages": stages}
    quotes = [quote for row in rows[:3] for quote in cite(found, row, "rate_before")]
    told = {"inventory": case.inventory, "quotes": quotes, "attempt": case.attempt}
    return catalogue.plan(BringBack.kind, limit.target, asked, WHY, **told)
