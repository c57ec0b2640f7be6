"""`warroom approve` and `warroom reject`: an answer to one exact plan or text, from anywhere."""

from ..errors import InputError, NotFound, ToolError
from ..incident.action import Verdict
from ..incident.document import Incident
from ..incident.store import Store
from ..incident.timeline import from_ts, utc_now
from ..settings import Settings
from .desk import print_json
from .exits import Exit
from .plan_card import card
from .screen import say, screen, shown
from .settings import settings


def approve_command(
    incident_id: str, subject: str, edits: list[str], by: str, as_json: bool
) -> Exit:
    """Approve as asked, or with changed parameters: then another plan, with another hash."""
    configured = settings()
    store = Store.open(configured.database)
    incident = store.load(incident_id)
    if edits:
        approved = _edited(configured, incident, subject, edits, by, as_json)
    else:
        store.ledger.decide(incident_id, subject, Verdict.approved, by)
        approved = subject
    return _said(incident_id, approved, "approved", by, as_json)


def reject_command(incident_id: str, subject: str, reason: str, by: str, as_json: bool) -> Exit:
    """Reject; the reason goes on the record and the response looks for another way."""
    store = Store.open(settings().database)
    store.load(incident_id)
    if not reason.strip():
        raise InputError("a rejection needs a reason: --reason 'why'")
    store.ledger.decide(incident_id, subject, Verdict.rejected, by, reason.strip())
    return _said(incident_id, subject, "rejected", by, as_json)


def _edited(
    configured: Settings,
    incident: Incident,
    subject: str,
    edits: list[str],
    by: str,
    as_json: bool,
) -> str:
    """Make, show and approve the edited plan; its hash."""
    from .context import open_context, recall
    from .edits import changed, put_edited

    plan = incident.plan(subject)
    if plan is None:
        raise NotFound(f"{incident.id} holds no plan {subject}; only plans can be edited")
    context = open_context(configured, recall(configured, incident.id))
    request = context.store.ledger.request(incident.id, subject)
    try:
        new = changed(plan, edits, context.inventory)
    except ToolError as error:
        raise InputError(f"the edit does not fit: {error}") from error
    if new.hash == plan.hash:
        raise InputError(f"the edit changes nothing; approve {subject} without --edit")
    put_edited(context, incident.id, subject, new, by)
    if not as_json:
        screen().print(card(new, incident, from_ts(request.expires_at), utc_now()))
    return new.hash


def _said(incident_id: str, subject: str, verdict: str, by: str, as_json: bool) -> Exit:
    if as_json:
        print_json({"incident": incident_id, "subject": subject, "verdict": verdict, "by": by})
        return Exit.done
    console = screen()
    say(console, ("  ✓ ", "good"), f"{subject} {verdict} by {shown(by)}")
    say(console, ("    carry on with  ", "dim"), f"warroom resume {incident_id}")
    return Exit.done
