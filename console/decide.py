"""`warroom approve` and `warroom reject`: an answer to one exact plan or text, from anywhere."""

from ..app.configuration import settings
from ..app.decisions import approve, edit, reject
from ..app.record import Record
from ..incident.evidence import short
from ..incident.timeline import from_ts, utc_now
from .cards import card
from .desk import print_json
from .exits import Exit
from .screen import say, screen, shown


def approve_command(
    incident_id: str, subject: str, edits: list[str], by: str, as_json: bool
) -> Exit:
    """Approve as asked, or with changed parameters: then another plan, with another hash."""
    record = Record(settings())
    if not edits:
        answer = approve(record.store, incident_id, subject, by)
        return _said(incident_id, answer.subject, "approved", by, as_json)
    plan = edit(record.settings, incident_id, subject, edits, by)
    if not as_json:
        request = record.store.ledger.request(incident_id, plan.hash)
        incident = record.incident(incident_id)
        screen().print(card(plan, incident, from_ts(request.expires_at), utc_now()))
    return _said(incident_id, plan.hash, "approved", by, as_json)


def reject_command(incident_id: str, subject: str, reason: str, by: str, as_json: bool) -> Exit:
    """Reject; the reason goes on the record and the response looks for another way."""
    answer = reject(Record(settings()).store, incident_id, subject, by, reason)
    return _said(incident_id, answer.subject, "rejected", by, as_json)


def _said(incident_id: str, subject: str, verdict: str, by: str, as_json: bool) -> Exit:
    if as_json:
        print_json({"incident": incident_id, "subject": subject, "verdict": verdict, "by": by})
        return Exit.done
    console = screen()
    say(console, ("  ✓ ", "good"), f"{short(subject)} {verdict} by {shown(by)}")
    say(console, ("    carry on with  ", "dim"), f"warroom resume {incident_id}")
    return Exit.done
