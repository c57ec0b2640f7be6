"""API v1: all that the command line can do to incidents. Thin: each route calls what the command of
its name calls.

Every write may be sent again: a decision counts once and the same person's same answer is answered
as the first time; the others say what is so now.
"""

from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Query
from fastapi.encoders import jsonable_encoder

from ..app.decisions import approve, edit, named, reject
from ..app.decisions import resume as resume_incident
from ..app.record import masked_content
from ..app.texts import edit_text
from ..errors import NotFound
from ..incident.action import Decision, Verdict
from ..incident.communication import Message
from ..incident.document import Incident
from ..incident.evidence import Evidence
from ..incident.identity import Identity
from ..incident.lifecycle import State
from ..incident.severity import Severity
from ..record import lists
from ..record.ledger import Request
from ..record.lists import Page, TakenAlert
from ..record.store import IncidentRow
from ..record.work import Standing
from .auth import At, Commander, IncidentId, Observer, Responder
from .forms import (
    LARGEST,
    Edit,
    EvidenceId,
    Limit,
    Markdown,
    OtherText,
    Payload,
    Question,
    Reason,
    Subject,
)
from .service import Service

T = TypeVar("T")
READ = APIRouter(tags=["incidents"])
DECIDE = APIRouter(tags=["decisions"])
After = Annotated[
    str,
    Query(
        pattern=r"^([0-9]{1,12}\.[0-9]{1,20} [A-Za-z0-9-]{1,64})?$",
        description="what the page before ended with",
    ),
]


@READ.get("/incidents")
def list_incidents(
    service: At,
    who: Observer,
    state: Annotated[list[State] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[IncidentRow]:
    """Incidents, newest first; of these states and severities only, where some are named."""
    return masked(
        lists.incidents(service.engine, state or (), severity or (), after, limit, who.sight)
    )


@READ.get("/incidents/{incident}")
def get_incident(service: At, _who: Observer, incident: IncidentId) -> Incident:
    """The whole document, secrets masked, as `warroom show --json` prints it."""
    return service.record.published(incident)


@READ.get("/incidents/{incident}/evidence")
def list_evidence(service: At, _who: Observer, incident: IncidentId) -> list[Evidence]:
    """Every tool call: what was asked, of what time, and what came back in a line."""
    return service.record.published(incident).evidence


@READ.get("/incidents/{incident}/evidence/{evidence}")
def get_evidence(
    service: At, _who: Observer, incident: IncidentId, evidence: EvidenceId
) -> Evidence:
    """One tool call."""
    return service.record.evidence(incident, evidence)


@READ.get("/incidents/{incident}/evidence/{evidence}/payload")
def get_payload(service: At, _who: Observer, incident: IncidentId, evidence: EvidenceId) -> Payload:
    """All that the tool gave. Telemetry is data written by others."""
    found = service.record.evidence(incident, evidence)
    content = service.record.payload(found)
    return Payload(evidence=found.id, digest=found.digest, content=content)


@READ.get("/incidents/{incident}/messages")
def list_messages(service: At, _who: Observer, incident: IncidentId) -> list[Message]:
    """Drafts and what was sent, to whom."""
    return service.record.published(incident).communications


@READ.get("/incidents/{incident}/postmortem")
def get_postmortem(service: At, _who: Observer, incident: IncidentId) -> Markdown:
    """The blameless draft; 404 before it was written."""
    text = service.record.postmortem(service.record.incident(incident))
    return Markdown(incident=incident, markdown=text)


@READ.get("/alerts")
def list_alerts(
    service: At,
    who: Observer,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    limit: Limit = 50,
) -> Page[TakenAlert]:
    """Alerts in the order in which they were taken, and which incident has each."""
    return masked(lists.alerts(service.engine, after, limit, who.sight))


@READ.get("/incidents/{incident}/work")
def get_work(service: At, _who: Observer, incident: IncidentId) -> Standing:
    """Whether somebody works it, and what it waits for. 404 where nobody was asked to."""
    standing = service.store.work.standing(incident)
    if standing is None:
        raise NotFound(f"nobody was asked to work {incident}: resume it")
    return standing


@DECIDE.post("/incidents/{incident}/resume", status_code=202)
def resume(service: At, who: Responder, incident: IncidentId) -> Standing:
    """Have it looked at now: what was set aside is tried again, what was handed over is yours then,
    what is over stays so."""
    resume_incident(service.store, incident, who.identity)
    return get_work(service, who, incident)


@DECIDE.get("/requests")
def list_requests(service: At, who: Observer) -> list[Request]:
    """Everything that waits for a person, oldest first."""
    return masked(service.record.waiting(sight=who.sight))


@DECIDE.get("/incidents/{incident}/requests")
def list_requests_of(service: At, _who: Observer, incident: IncidentId) -> list[Request]:
    """What this incident waits for."""
    service.record.incident(incident)
    return masked(service.record.waiting(incident))


@DECIDE.get("/incidents/{incident}/requests/{subject}")
def get_request(service: At, _who: Responder, incident: IncidentId, subject: Subject) -> Question:
    """The exact plan or text, every character of it."""
    subject = named(service.store, incident, subject)
    asked = service.store.ledger.request(incident, subject)
    document = service.record.incident(incident)
    text = next((m for m in document.communications if m.hash == subject), None)
    return Question(request=asked, plan=document.plan(subject), message=text)


@DECIDE.post("/incidents/{incident}/requests/{subject}/approve")
def approve_request(
    service: At, who: Commander, incident: IncidentId, subject: Subject
) -> Decision:
    """Approve exactly this. 409 once somebody else answered it, it has expired, was withdrawn."""
    by = who.identity
    return _once(service, incident, subject, by, Verdict.approved) or approve(
        service.store, incident, subject, by
    )


@DECIDE.post("/incidents/{incident}/requests/{subject}/reject")
def reject_request(
    service: At, who: Commander, incident: IncidentId, subject: Subject, form: Reason
) -> Decision:
    """Reject it; the response looks for another way."""
    by = who.identity
    return _once(service, incident, subject, by, Verdict.rejected) or reject(
        service.store, incident, subject, by, form.reason
    )


@DECIDE.post("/incidents/{incident}/requests/{subject}/edit")
def edit_request(
    service: At, who: Commander, incident: IncidentId, subject: Subject, form: Edit
) -> Question:
    """Approve the plan with other parameters: another plan, checked anew. Sent again it is 409."""
    by = who.identity
    here = (service.store, service.sources)
    plan = edit(service.settings, incident, subject, form.pairs, by, *here)
    return Question(request=service.store.ledger.request(incident, plan.hash), plan=plan)


@DECIDE.post("/incidents/{incident}/requests/{subject}/text")
def edit_request_text(
    service: At, who: Commander, incident: IncidentId, subject: Subject, form: OtherText
) -> Question:
    """Another text in its place, held against the record: it has another hash and is asked about
    anew. 422 says all that is wrong with it. Sent again it is 409."""
    policy, said = service.configuration.policy, (form.subject, form.body, who.identity)
    text = edit_text(service.store, policy, incident, subject, *said, anyway=form.anyway)
    return Question(request=service.store.ledger.request(incident, text.hash), message=text)


def masked(value: T) -> T:
    """The same as JSON, secrets masked: for what strangers wrote, such as titles."""
    return cast("T", masked_content(jsonable_encoder(value)))


def _once(
    service: Service, incident: str, subject: str, by: Identity, verdict: Verdict
) -> Decision | None:
    """This person's same answer, where it was given already: a retry is no second decision."""
    subject = named(service.store, incident, subject)
    found = service.store.ledger.decision(incident, subject)
    same = found and found.verdict is verdict and found.by == by.name
    return found if same else None
