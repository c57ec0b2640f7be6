"""Where a person decides: one exact plan or text, all that it means; a yes, another one or a no.

The routes call what the API calls. Whoever was slower is told who decided and when; whoever comes
back with the same answer has given it.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app.decisions import approve, edit, named, preview, reject
from ...errors import ApprovalError, InputError
from ...incident.action import Level, Verdict
from ..auth import Commander, IncidentId, Responder, Who
from ..forms import Subject
from ..problems import STATUS
from ..service import Service, service_of
from .approval_view import ApprovalView, edits_of, view_of
from .forms import Form, Sent, one
from .rendering import page

At = Annotated[Service, Depends(service_of)]
APPROVAL = APIRouter(include_in_schema=False)
PLACE = "/incidents/{incident}/requests/{subject}"


@APPROVAL.get(PLACE, response_class=HTMLResponse)
def approval_page(
    request: Request, service: At, who: Responder, incident: IncidentId, subject: Subject
) -> HTMLResponse:
    """Everything that is decided on; nothing of it is masked, as nobody approves what is not
    shown."""
    return page("approval.html", 200, request, who, view=_view(service, incident, subject))


@APPROVAL.post(f"{PLACE}/approve")
def approve_form(
    request: Request,
    service: At,
    who: Commander,
    incident: IncidentId,
    subject: Subject,
    sent: Sent,
) -> Response:
    """Approve exactly this; what is risky only with its target's name typed."""
    view = _view(service, incident, subject)
    if wrong := _untyped(view, sent):
        return page("approval.html", 422, request, who, view=view.with_wrong(wrong))
    try:
        approve(service.store, incident, subject, who.identity)
    except ApprovalError as error:
        return _slower(request, service, who, view, Verdict.approved, error)
    return _back(incident)


@APPROVAL.post(f"{PLACE}/reject")
def reject_form(
    request: Request,
    service: At,
    who: Commander,
    incident: IncidentId,
    subject: Subject,
    sent: Sent,
) -> Response:
    """Reject it with a reason; the response looks for another way."""
    view = _view(service, incident, subject)
    reason = one(sent, "reason")
    if not reason:
        wrong = "Say why: the response reads it, and so do the people after you."
        return page("approval.html", 422, request, who, view=view.with_wrong(wrong))
    try:
        reject(service.store, incident, subject, who.identity, reason)
    except ApprovalError as error:
        return _slower(request, service, who, view, Verdict.rejected, error)
    return _back(incident)


@APPROVAL.post(f"{PLACE}/edit")
def edit_form(
    request: Request,
    service: At,
    who: Commander,
    incident: IncidentId,
    subject: Subject,
    sent: Sent,
) -> Response:
    """First what the edit makes of the plan; then, with the hash that was shown, its approval."""
    view = _view(service, incident, subject)
    here = (service.settings, incident, view.subject)
    try:
        edits, shown = edits_of(view, sent), one(sent, "shown")
        if not shown:
            plan = preview(*here, edits, service.store, service.sources)
            return page("approval.html", 200, request, who, view=view.with_edit(plan, edits))
        if wrong := _untyped(view, sent):
            plan = preview(*here, edits, service.store, service.sources)
            view = view.with_edit(plan, edits).with_wrong(wrong)
            return page("approval.html", 422, request, who, view=view)
        by = who.identity
        edit(*here, edits, by, service.store, service.sources, shown=shown)
    except InputError as error:
        status = STATUS[InputError]
        return page("approval.html", status, request, who, view=view.with_wrong(str(error)))
    except ApprovalError as error:
        return _slower(request, service, who, view, Verdict.edited, error)
    return _back(incident)


def _view(service: Service, incident: str, subject: str) -> ApprovalView:
    """Raises NotFound."""
    subject = named(service.store, incident, subject)
    return view_of(service.store, service.configuration.policy, incident, subject)


def _untyped(view: ApprovalView, sent: Form) -> str:
    """What is missing of a risky plan's approval; empty: nothing."""
    plan = view.question.plan
    if plan is None or plan.risk is not Level.high or one(sent, "target") == plan.target:
        return ""
    return f"Its risk is high: type {plan.target} to show that you mean it. Nothing was decided."


def _slower(
    request: Request,
    service: Service,
    who: Who,
    view: ApprovalView,
    verdict: Verdict,
    error: ApprovalError,
) -> Response:
    """Who was faster, and when; nothing but the incident where that was oneself."""
    now = _view(service, view.question.request.incident_id, view.subject)
    if now.decision and now.decision.verdict is verdict and now.decision.by == who.name:
        return _back(now.question.request.incident_id)
    wrong = f"Nothing was decided by you: {error}."
    return page("approval.html", 409, request, who, view=now.with_wrong(wrong))


def _back(incident: str) -> Response:
    return RedirectResponse(f"/incidents/{incident}", 303)
