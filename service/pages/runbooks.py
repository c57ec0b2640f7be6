"""The runbooks: found by words, each with its steps, its last dry run and a button for the next."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ...app.dry_runs import dry_run, listed
from ...incident.timeline import utc_now
from ...record.tokens import Role
from ..auth import At, Observer, Responder, Which
from ..forms import WORD, Name
from .forms import Sent
from .rendering import page

RUNBOOKS = APIRouter(include_in_schema=False)
Words = Annotated[str, Query(max_length=200, pattern=f"{WORD}|^$")]


@RUNBOOKS.get("/runbooks", response_class=HTMLResponse)
def runbooks_page(
    request: Request, service: At, who: Observer, words: Words = "", incident: Which = ""
):
    """A team's own, then what is shipped."""
    found = list(listed(service.store, utc_now(), words))
    on = {last.body.incident for _, _, last, _ in found if last and last.body.incident}
    hidden = {each for each in on if not service.teams.sees(who.sight, each)}
    values = {"found": found, "words": words, "incident": incident, "hidden": hidden}
    values["may"] = who.role.may(Role.responder)
    return page("runbooks.html", 200, request, who, **values)


@RUNBOOKS.post("/runbooks/{name}")
def try_form(service: At, who: Responder, name: Name, _sent: Sent, incident: Which = ""):
    """Look at each of its steps, do nothing, and come back to what was seen."""
    dry_run(service.settings, service.store, name, who.identity, incident)
    return RedirectResponse(f"/runbooks?incident={incident}#{name}", 303)
