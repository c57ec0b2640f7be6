"""The runbooks: found by words, each with its steps, its last dry run and a button for the next."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ...app.dry_runs import DryRun, dry_run, listed
from ...incident.timeline import utc_now
from ...record.tokens import Role
from ..auth import At, Observer, Responder, Which
from ..forms import WORD, Name
from .forms import Sent
from .rendering import page

RUNBOOKS, RUNBOOKS_API = APIRouter(include_in_schema=False), APIRouter(tags=["by hand"])
Words = Annotated[str, Query(max_length=200, pattern=f"{WORD}|^$")]


@RUNBOOKS_API.post("/runbooks/{name}/dry-run", status_code=201)
def try_runbook(service: At, who: Responder, name: Name, incident: Which = "") -> DryRun:
    """Look at each of its steps, on an incident or on none, and do nothing."""
    return dry_run(service.settings, service.store, name, who.identity, incident)


@RUNBOOKS.get("/runbooks", response_class=HTMLResponse)
def runbooks_page(
    request: Request, service: At, who: Observer, words: Words = "", incident: Which = ""
):
    """A team's own, then what is shipped."""
    found = list(listed(service.store, utc_now(), words))
    values = {"found": found, "words": words, "incident": incident}
    values["may"], runs = who.role.may(Role.responder), [one.last for one in found if one.last]
    on = {run.key: run.body.incident for run in runs}
    seen = {key for key in on if not on[key] or service.teams.sees(who.sight, on[key])}
    values["runs"] = {run.key: run for run in runs if run.key in seen}
    return page("runbooks.html", 200, request, who, **values)


@RUNBOOKS.post("/runbooks/{name}")
def try_form(service: At, who: Responder, name: Name, _sent: Sent, incident: Which = ""):
    """The same, and back to what was seen."""
    try_runbook(service, who, name, incident)
    return RedirectResponse(f"/runbooks?incident={incident}#{name}", 303)
