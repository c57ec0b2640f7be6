"""Pages over all incidents: the services, the audit log, and Warroom itself."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import func, select

from ...app.configuration import declared
from ...app.record import masked_content
from ...incident.lifecycle import OVER
from ...record import audit
from ...record.counts import counts
from ...record.database import reader
from ...record.tables import AUDIT, INCIDENTS
from ...record.teams import seen
from ...telemetry.catalogue.proposal import proposed_objectives
from ...telemetry.model import Service as Entry
from ..auth import Admin, At, Observer
from ..forms import WORD
from ..health import ready
from .rendering import page

OVERVIEW = APIRouter(include_in_schema=False)
Words = Annotated[str, Query(max_length=100, pattern=f"{WORD}|^$")]
ROWS = 100


@dataclass(frozen=True)
class Known:
    """A service of the catalogue, and its incidents that somebody sees."""

    entry: Entry
    open: int
    all: int
    proposal: str
    """Of a service without objectives: some, to copy."""


@OVERVIEW.get("/services", response_class=HTMLResponse)
def services_page(request: Request, service: At, who: Observer):
    """The catalogue: owner, tier, calls, objectives, incidents."""
    over = INCIDENTS.c.state.in_([state.value for state in OVER])
    query = select(INCIDENTS.c.service, over.label("over"), func.count().label("count"))
    query = query.where(seen(who.sight)).group_by(INCIDENTS.c.service, over)
    with reader(service.engine).begin() as connection:
        number = {(row.service, bool(row.over)): row[2] for row in connection.execute(query)}
    entries = sorted(declared(service.sources).catalogue.services, key=lambda s: (s.tier, s.name))
    rows = list[Known]()
    for e in entries:
        runs, ended = number.get((e.name, False), 0), number.get((e.name, True), 0)
        proposal = "" if e.slos else proposed_objectives(e.name)
        rows.append(Known(e, runs, runs + ended, proposal))
    return page("services.html", 200, request, who, rows=rows)


@OVERVIEW.get("/health", response_class=HTMLResponse)
def health_page(request: Request, service: At, who: Observer):
    """What /readyz and /metrics tell, in words."""
    told, stands = ready(service, Response()), ("is not", "is")
    checks = [
        (told.database, f"The database {stands[told.database]} taking writes."),
        (told.worker, f"The work of incidents {stands[told.worker]} being done."),
        (told.disk, f"There {stands[told.disk]} room on the disk."),
    ]
    values = {"checks": checks, "found": counts(service.engine)}
    return page("health.html", 200, request, who, **values)


@OVERVIEW.get("/audit", response_class=HTMLResponse)
def audit_page(
    request: Request,
    service: At,
    who: Admin,
    actor: Words = "",
    act: Words = "",
    incident_id: Words = "",
    check: bool = False,
):
    """The newest lines of the log, and whether the whole of it is as it was written."""
    query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(ROWS)
    for column, word in ((AUDIT.c.actor, actor), (AUDIT.c.act, act)):
        query = query.where(column.contains(word.strip(), autoescape=True)) if word else query
    query = query.where(AUDIT.c.incident_id == incident_id.strip()) if incident_id else query
    with reader(service.engine).begin() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    asked = {"actor": actor, "act": act, "incident_id": incident_id}
    seal = audit.verify(service.engine) if check else None
    values = {"rows": masked_content(rows), "asked": asked, "seal": seal, "most": ROWS}
    return page("audit.html", 200, request, who, **values)
