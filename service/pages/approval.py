"""Where a person decides: one exact plan or text, all that it means; a yes, another one or a no.

The routes call what the API calls. Whoever was slower is told who decided and when; whoever comes
back with the same answer has given it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app.decisions import approve, edit, named, preview, reject
from ...app.texts import edit_text
from ...errors import ApprovalError, InputError
from ...incident.action import Level, Verdict
from ..auth import Commander, IncidentId, Responder, Who
from ..forms import Subject
from ..problems import STATUS
from ..service import Service, service_of
from .approval_view import ApprovalView, edits_of, view_of
from .forms import LONGEST, Form, Long, whole
from .forms import one as field
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


@dataclass(frozen=True)
class Answer:
    """Somebody's answer to a question, as its form sent it."""

    request: Request
    service: Service
    who: Who
    incident: str
    sent: Form
    view: ApprovalView

    def again(self, wrong: str, status: int = 422) -> Response:
        """The page, with what was wrong; nothing was decided."""
        return self.page(self.view.with_wrong(wrong), status)

    def page(self, view: ApprovalView, status: int = 200) -> Response:
        """The page."""
        return page("approval.html", status, self.request, self.who, view=view)

    def decided(self, verdict: Verdict, decide: Callable[[], object]) -> Response:
        """Back to the incident; whoever was slower reads who was faster, and when, but where that
        was oneself."""
        try:
            decide()
        except ApprovalError as error:
            now = _view(self.service, self.incident, self.view.subject)
            made = now.decision
            if not (made and made.verdict is verdict and made.by == self.who.name):
                return self.page(now.with_wrong(f"Nothing was decided by you: {error}."), 409)
        return RedirectResponse(f"/incidents/{self.incident}", 303)


def _answer(
    request: Request,
    service: At,
    who: Commander,
    incident: IncidentId,
    subject: Subject,
    sent: Long,
) -> Answer:
    return Answer(request, service, who, incident, sent, _view(service, incident, subject))


Answered = Annotated[Answer, Depends(_answer)]


@APPROVAL.post(f"{PLACE}/approve")
def approve_form(one: Answered) -> Response:
    """Approve exactly this; what is risky only with its target's name typed."""
    if wrong := _untyped(one.view, one.sent):
        return one.again(wrong)
    asked = (one.service.store, one.incident, one.view.subject)
    return one.decided(Verdict.approved, lambda: approve(*asked, one.who.identity))


@APPROVAL.post(f"{PLACE}/reject")
def reject_form(one: Answered) -> Response:
    """Reject it with a reason; the response looks for another way."""
    if not (reason := field(one.sent, "reason")[:LONGEST]):
        return one.again("Say why: the response reads it, and so do the people after you.")
    asked = (one.service.store, one.incident, one.view.subject)
    return one.decided(Verdict.rejected, lambda: reject(*asked, one.who.identity, reason))


@APPROVAL.post(f"{PLACE}/edit")
def edit_form(one: Answered) -> Response:
    """First what the edit makes of the plan; then, with the hash that was shown, its approval."""
    service, here = one.service, (one.service.settings, one.incident, one.view.subject)
    read = (service.store, service.sources)
    try:
        edits, shown = edits_of(one.view, one.sent), field(one.sent, "shown")
        wrong = _untyped(one.view, one.sent) if shown else ""
        if not shown or wrong:
            view = one.view.with_edit(preview(*here, edits, *read), edits)
            return one.page(view.with_wrong(wrong), 422 if wrong else 200)
        by = one.who.identity
        return one.decided(Verdict.edited, lambda: edit(*here, edits, by, *read, shown=shown))
    except InputError as error:  # its form is left open
        tried = replace(one.view, edits=edits_of(one.view, one.sent))
        return one.page(tried.with_wrong(str(error)), STATUS[InputError])


@APPROVAL.post(f"{PLACE}/text")
def text_form(one: Answered) -> Response:
    """Another text in its place, which is asked about from now on; on to where it is approved."""
    service, told = one.service, (field(one.sent, "subject"), whole(one.sent, "body"))
    policy, anyway = service.configuration.policy, bool(field(one.sent, "anyway"))
    asked = (service.store, policy, one.incident, one.view.subject)
    try:
        new = edit_text(*asked, *told, one.who.identity, anyway=anyway)
    except (ApprovalError, InputError) as error:
        view = replace(one.view, draft=told, wrong=f"Nothing was changed: {error}.")
        return one.page(view, 409 if isinstance(error, ApprovalError) else 422)
    place = PLACE.format(incident=one.incident, subject=new.hash)
    return RedirectResponse(place, 303)


def _view(service: Service, incident: str, subject: str) -> ApprovalView:
    """Raises NotFound."""
    subject = named(service.store, incident, subject)
    return view_of(service.store, service.configuration.policy, incident, subject)


def _untyped(view: ApprovalView, sent: Form) -> str:
    """What is missing of a risky plan's approval; empty: nothing."""
    plan = view.question.plan
    if plan is None or plan.risk is not Level.high or field(sent, "target") == plan.target:
        return ""
    return f"Its risk is high: type {plan.target} to show that you mean it. Nothing was decided."
