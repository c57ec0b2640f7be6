"""The page of an incident, its charts, and a claim's evidence beside it."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from ...app.recovering import plan_chart, recovery, recovery_rows
from ..auth import IncidentId, Observer
from ..forms import EvidenceId
from ..service import Service, service_of
from .charting import PLOT, drawn
from .evidence_view import evidence_view
from .live import AllParts
from .rendering import page

At = Annotated[Service, Depends(service_of)]
INCIDENT = APIRouter(include_in_schema=False)
Moment = Annotated[float | None, Query(ge=0, le=1e11, description="unix seconds")]
Cited = Annotated[
    list[Annotated[str, Query(max_length=300, pattern=r"^(/[^\x00-\x1f]*)?$")]] | None, Query()
]


@INCIDENT.get("/incidents/{incident}", response_class=HTMLResponse)
def incident_page(request: Request, made: AllParts, who: Observer, incident: IncidentId):
    """What is hurt, what we think, what is proposed; the same without a script, as of now."""
    shown = made.now(incident, since=time.monotonic())  # whoever acted just now sees that
    return page("incident.html", 200, request, who, shown=shown, id=incident)


@INCIDENT.get("/incidents/{incident}/charts", response_class=HTMLResponse)
def charts_page(
    request: Request,
    service: At,
    who: Observer,
    incident: IncidentId,
    start: Moment = None,
    end: Moment = None,
):
    """The signals that tell its story, each with its table; of a part of the time where that is
    asked for."""
    found = drawn(service, incident, start, end)
    return page("charts.html", 200, request, who, id=incident, found=found, plot=PLOT)


@INCIDENT.get("/incidents/{incident}/recovery", response_class=HTMLResponse)
def recovery_page(request: Request, service: At, who: Observer, incident: IncidentId):
    """How the service is brought back, and what is measured of each step."""
    view = recovery(service.record, incident)
    values = {"id": incident, "rows": recovery_rows(view), "chart": Markup(plan_chart(view))}
    return page("recovery.html", 200, request, who, **values)


@INCIDENT.get("/incidents/{incident}/evidence/{evidence}", response_class=HTMLResponse)
def evidence_page(
    request: Request,
    service: At,
    who: Observer,
    incident: IncidentId,
    evidence: EvidenceId,
    cite: Cited = None,
):
    """What was asked, when, and what came back; the cells that a claim quotes are marked."""
    view = evidence_view(service.record, incident, evidence, cite or [])
    return page("evidence.html", 200, request, who, id=incident, view=view)
