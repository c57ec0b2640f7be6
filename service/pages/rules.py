"""Rules that act without a person, for an administrator: how each stands, what they would have
done, and the buttons that stop them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app.rules import simulate, states, turn
from ...incident.timeline import utc_now
from ..auth import Admin, At
from .forms import Sent, one
from .rendering import page

RULES = APIRouter(include_in_schema=False)
RULES_API = APIRouter(tags=["administration"])


@RULES_API.get("/rules")
def list_rules(service: At, _who: Admin) -> list[dict[str, str]]:
    """What each rule says, what stops it, what came of what it did. Its switch is called "rule
    NAME", that of all "all rules"."""
    return states(service.store, service.configuration.policy.rules)


@RULES.get("/rules", response_class=HTMLResponse)
def rules_page(
    request: Request, service: At, who: Admin, days: Annotated[int, Query(ge=0, le=366)] = 0
):
    """Each rule; and what all would have done in so many days, where that is asked for."""
    rules, since = service.configuration.policy.rules, utc_now() - timedelta(days=days)
    found = simulate(service.settings, service.store, rules, since) if days else ([], {})
    told = {"rules": states(service.store, rules), "days": days}
    told |= {"cases": found[0], "against": sorted(found[1].items(), key=lambda pair: -pair[1])}
    return page("rules.html", 200, request, who, **told)


@RULES.post("/rules")
def turn_form(service: At, who: Admin, sent: Sent) -> Response:
    """Stop one, or all, or let it act again; who and why is in the audit log."""
    off, rule, own = one(sent, "off") == "yes", one(sent, "rule"), service.configuration.policy
    turn(service.store, own.rules, rule, off, who.identity, one(sent, "reason"))
    return RedirectResponse("/rules", 303)
