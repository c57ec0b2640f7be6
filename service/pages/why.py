"""Why an incident happened: as pictures and as text, with forms by which people correct it; the
same over API v1."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from pydantic import ValidationError

from ...agents.reporting.cause_charts import believed
from ...app.charts.cause_drawing import cause_drawings
from ...app.why import Why, edit_why, why
from ...errors import InputError, Overwritten
from ...incident.cause_chart import CauseEdit, Drawing, placed
from ...record.tokens import Role
from ..auth import At, IncidentId, Observer, Responder, Who
from ..service import Service
from .forms import Sent, one
from .rendering import page

WHY, WHY_API = APIRouter(include_in_schema=False), APIRouter(tags=["postmortem"])
PLACE = "/incidents/{incident}/why"
Number = Annotated[int | None, Query(ge=0, le=10**6, description="0: as code drew it")]


@WHY_API.get(PLACE)
def get_why(service: At, _who: Observer, incident: IncidentId, version: Number = None) -> Why:
    """Fault tree, fishbone and five whys: the newest version, or this one."""
    return why(service.store, service.record.published(incident), version)


@WHY_API.post(PLACE, status_code=201)
def change_why(service: At, who: Responder, incident: IncidentId, form: CauseEdit) -> Why:
    """Add, change or remove a node. 409 where somebody changed one meanwhile: read that first."""
    return edit_why(service.store, service.record.published(incident), form, who.identity)


@WHY.get(PLACE, response_class=HTMLResponse)
def why_page(
    request: Request, service: At, who: Observer, incident: IncidentId, version: Number = None
):
    """The newest version, or this one; on the incident's page without forms."""
    return _page(request, service, who, incident, get_why(service, who, incident, version))


@WHY.post(PLACE)
def edit_form(request: Request, service: At, who: Responder, incident: IncidentId, sent: Sent):
    """Keep the edit as a version and come back to the box."""
    try:
        edit = CauseEdit.model_validate({name: one(sent, name) for name in sent if name != "csrf"})
        change_why(service, who, incident, edit)
    except (InputError, Overwritten, ValidationError) as error:
        large = "write at most 300 characters, or load the page again"
        wrong = large if isinstance(error, ValidationError) else str(error)
        return _page(request, service, who, incident, get_why(service, who, incident), wrong)
    return RedirectResponse(f"{PLACE.format(incident=incident)}#{edit.node}", 303)


def _page(
    request: Request, service: Service, who: Who, incident: str, found: Why, wrong: str = ""
) -> HTMLResponse:
    newest = found.version >= len(found.history) - 1
    drawings = {drawing.value: placed(found.nodes, drawing) for drawing in Drawing}
    pictures = {name: Markup(svg) for name, svg in cause_drawings(found.nodes).items()}
    values = {"id": incident, "found": found, "drawings": drawings, "pictures": pictures}
    evidence = service.record.published(incident).evidence
    values["believed"] = believed(found.nodes, evidence)
    values |= {"can_edit": newest and who.role.may(Role.responder), "wrong": wrong}
    return page("why.html", 422 if wrong else 200, request, who, **values)
