"""What people change of an incident by hand, as a page of forms; each works without a script, and
does what the API does."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app.by_hand import ACTS, BY_PATH, Act
from ...app.plan_turns import steps_of
from ...app.plans import whats_next
from ...app.related import related
from ...app.runbooks import fitting, library
from ...errors import InputError, LifecycleError, NotFound
from ...incident.people import Duty
from ...incident.severity import Severity
from ...record import lists
from ..auth import At, IncidentId, Responder, Who
from ..by_hand import do
from .forms import Form, Sent, one
from .rendering import page

BY_HAND = APIRouter(include_in_schema=False)


@BY_HAND.get("/incidents/{incident}/change", response_class=HTMLResponse)
def change_page(
    request: Request, service: At, who: Responder, incident: IncidentId
) -> HTMLResponse:
    """All that may be changed, as it stands."""
    return _page(request, service, who, incident)


@BY_HAND.post("/incidents/{incident}/change/{what}")
def change_form(
    request: Request, service: At, who: Responder, incident: IncidentId, what: str, sent: Sent
) -> Response:
    """Change it and go back to the incident; what does not fit is said beside the forms."""
    if (act := BY_PATH.get(what)) is None:
        raise NotFound(f"nothing is changed by {what!r}: go back to the incident")
    try:
        if not who.role.may(act.needs):
            raise InputError(f"This takes the role {act.needs}; yours here is {who.role}.")
        following = do(act, service, who, incident, _said(act, sent, who))
    except (InputError, LifecycleError, NotFound) as error:
        return _page(request, service, who, incident, f"Nothing was changed: {error}", what)
    return RedirectResponse(f"/incidents/{following}", 303)


def _said(act: Act, sent: Form, who: Who) -> Any:
    """What the API takes, from the form's fields; who names nobody means themselves. Raises
    InputError."""
    fields = ((name, one(sent, name)) for name in act.form.model_fields)
    told: dict[str, object] = {name: text for name, text in fields if text}
    if "alerts" in act.form.model_fields:
        told["alerts"] = sent.get("alerts", [])
    if "whom" in act.form.model_fields:
        told.setdefault("whom", who.name)
    return act.read(told)


def _page(
    request: Request, service: At, who: Who, incident: str, wrong: str = "", what: str = ""
) -> HTMLResponse:
    found = service.record.published(incident)
    values = {"doc": found, "duties": list(Duty), "levels": list(Severity), "what": what}
    values["near"] = related(service.store, found, who.sight)
    values["alerts"] = lists.alerts(service.engine, 0, 200, who.sight, incident).items
    run = found.plans[-1] if found.plans else None
    values |= {
        "run": run,
        "steps": steps_of(found) if run else (),
        "fit": fitting(service.store, found),
        "next": whats_next(service.store, found),
    }
    values["books"] = library(service.store)
    may = {act.path for act in ACTS if who.role.may(act.needs)}
    status = 422 if wrong else 200
    return page("by_hand.html", status, request, who, wrong=wrong, may=may, **values)
