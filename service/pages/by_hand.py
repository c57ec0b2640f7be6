"""What people change of an incident by hand: a page of forms, each works without a script."""

import re
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app import lifecycle
from ...app.related import related
from ...errors import InputError, LifecycleError, NotFound
from ...incident.identity import Identity
from ...incident.people import Duty
from ...incident.severity import Severity
from ...intake.regrouping import merge
from ...record.store import Store
from ...record.tokens import Role
from ..auth import At, IncidentId, Responder, Who, seen
from ..forms import INCIDENT
from .forms import Form, Sent, one
from .rendering import page

BY_HAND = APIRouter(include_in_schema=False)
Change = Callable[[Store, str, Form, Identity], object]


def _assign(store: Store, incident: str, sent: Form, by: Identity) -> None:
    whom = one(sent, "whom") or by.name
    lifecycle.assign(store, incident, Duty(one(sent, "duty")), whom, by, one(sent, "note"))


CHANGES: dict[str, tuple[Role, Change]] = {
    "assign": (Role.responder, _assign),
    "note": (Role.responder, lambda s, i, f, by: lifecycle.note(s, i, one(f, "text"), by)),
    "link": (
        Role.responder,
        lambda s, i, f, by: lifecycle.link(s, i, one(f, "url"), one(f, "title"), by),
    ),
    "relate": (
        Role.responder,
        lambda s, i, f, by: lifecycle.relate(s, i, one(f, "other"), one(f, "reason"), by),
    ),
    "merge": (
        Role.responder,
        lambda s, i, f, by: merge(s, i, one(f, "other"), str(by), one(f, "reason")),
    ),
    "severity": (
        Role.commander,
        lambda s, i, f, by: lifecycle.set_severity(
            s, i, Severity(one(f, "severity")), one(f, "reason"), by
        ),
    ),
    "resolve": (
        Role.commander,
        lambda s, i, f, by: lifecycle.resolve(s, i, one(f, "reason"), by),
    ),
    "reopen": (
        Role.responder,
        lambda s, i, f, by: lifecycle.reopen(s, i, one(f, "reason"), by),
    ),
    "close": (Role.commander, lambda s, i, f, by: lifecycle.close(s, i, one(f, "reason"), by)),
}
"""What a form is called: who may send it, and what it does."""


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
    if what not in CHANGES:
        raise NotFound(f"nothing is changed by {what!r}: go back to the incident")
    role, change = CHANGES[what]
    try:
        if not who.role.may(role):
            raise InputError(f"This takes the role {role}; yours here is {who.role}.")
        if (other := one(sent, "other")) and re.match(INCIDENT, other):
            seen(service, who, other, role)
        change(service.store, incident, sent, who.identity)
    except (InputError, LifecycleError, NotFound, ValueError) as error:
        return _page(request, service, who, incident, f"Nothing was changed: {error}", what)
    return RedirectResponse(f"/incidents/{incident}", 303)


def _page(
    request: Request, service: At, who: Who, incident: str, wrong: str = "", what: str = ""
) -> HTMLResponse:
    found = service.record.published(incident)
    values = {"doc": found, "duties": list(Duty), "levels": list(Severity), "what": what}
    near = related(service.store, found, who.sight)
    may = {name for name, (role, _change) in CHANGES.items() if who.role.may(role)}
    status = 422 if wrong else 200
    return page("by_hand.html", status, request, who, wrong=wrong, may=may, near=near, **values)
