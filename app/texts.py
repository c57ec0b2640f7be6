"""A text for outside in a person's own words, before it is approved: another text, another hash,
held against the record like a model's. What names a service or a person of ours never leaves; what
the record does not bear out leaves only where that person says so, under their name.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..actions.policy import Policy
from ..agents.reasoning.facts import public_facts
from ..agents.reasoning.figures import Figure, Held, figures
from ..agents.reasoning.sentences import leak, overstated
from ..agents.reasoning.sentences import named as says
from ..agents.reasoning.style import by_rule
from ..agents.reasoning.writing import inner_names
from ..agents.reporting.briefing import Briefing, brief
from ..agents.reporting.narrator import Narrator
from ..agents.runtime.gate import add_decision
from ..errors import ApprovalError, InputError, NotFound
from ..incident.action import Decision, Verdict
from ..incident.communication import Message, MessageState
from ..incident.document import HIDDEN, Incident
from ..incident.identity import Identity
from ..incident.timeline import utc_now
from ..record import audit
from ..record.ledger import LAPSED, Asks, Request
from ..record.store import Store, revise
from ..text_safety.blame_language import blame_marks, sentences
from ..text_safety.lines import one_line
from .decisions import named
from .record import masked_content

MOST = 8000
"""Characters of a text."""
ONE_IN = re.compile(r"\bone\b[^.]{0,30}\bin $", re.IGNORECASE)
NEAR = 0.3
"""So far from the measured share "one in ten" may be."""


@dataclass(frozen=True)
class Objection:
    """A sentence, what is wrong with it, and whether it never leaves."""

    sentence: str
    why: str
    firm: bool

    def __str__(self) -> str:
        return f"“{self.sentence[:200]}”: {self.why}"


def objections(document: Incident, old: Message, subject: str, body: str) -> list[Objection]:
    """What the record does not bear out of a text that takes the place of another, in order."""
    briefing, say = brief(document, old.created_at), Narrator(document)
    facts = [fact.text for fact in public_facts(briefing)]
    lines = [old.subject, *old.body.splitlines(), *facts]
    people = {p.name for p in document.participants}
    inner = {*say.systems, *inner_names(document)}
    words = {name for name in inner if name.isalpha() and name.islower()}
    found = list[Objection]()
    for sentence in [subject, *sentences(body)]:
        if sentence in lines:
            continue
        broken = by_rule(sentence, old.language, old.external, inner)
        found += [Objection(sentence, rule.why, False) for rule in broken]
        marks = blame_marks(sentence, say.systems, people)
        found += [Objection(sentence, f"{m.word}: {m.suggestion}", True) for m in marks]
        stray = [f for f in figures(sentence) if not _held(f, sentence, Held(lines), briefing)]
        if stray:
            told = ", ".join(figure.text for figure in stray)
            found.append(Objection(sentence, f"the record does not say {told}", False))
        public = "\n".join(lines)
        for name in sorted(w for w in words if says(w, sentence) and not says(w, public)):
            found.append(Objection(sentence, f"{name} is what a part of ours is called", False))
        if why := leak(_without_figures(sentence), briefing, public, [*people, *(inner - words)]):
            found.append(Objection(sentence, why, why.endswith("outside") and "causes" not in why))
        elif why := overstated(sentence, public, document):
            found.append(Objection(sentence, why, False))
    return found


def _held(figure: Figure, sentence: str, held: Held, briefing: Briefing) -> bool:
    """As the draft or the record told it, no more exactly; "one in ten" where it was about that."""
    share = briefing.impact.hurt_share if briefing.impact else None
    if share and figure.value > 1 and ONE_IN.search(sentence[: figure.start]):
        return abs(1 / figure.value - share) <= NEAR * share
    return held.has(figure)


def _without_figures(sentence: str) -> str:
    text = unicodedata.normalize("NFKC", sentence)
    for figure in reversed(list(figures(text))):
        if figure.kind != "name":
            text = text[: figure.start] + text[figure.end :]
    return text


def checked_text(
    store: Store, incident_id: str, asked: str, subject: str, body: str
) -> list[Objection]:
    """What is to be said of an edit; nothing is written. Raises as `edit_text`."""
    old = asked_text(store, incident_id, asked)
    new = _new(old, subject, body)
    return objections(store.load(incident_id), old, new.subject, new.body)


def asked_text(store: Store, incident_id: str, asked: str) -> Message:
    """The text that is asked about under this hash, or its beginning. Raises NotFound."""
    subject = named(store, incident_id, asked)
    request, texts = store.ledger.request(incident_id, subject), store.load(incident_id)
    found = next((m for m in texts.communications if m.hash == subject), None)
    if found is None or request.kind != Asks.text:
        raise NotFound(f"{incident_id} asks about no text {asked}")
    return found


def edit_text(
    store: Store,
    policy: Policy,
    incident_id: str,
    asked: str,
    subject: str,
    body: str,
    by: Identity,
    anyway: bool = False,
    clock: Callable[[Incident], datetime] = lambda _document: utc_now(),
) -> Message:
    """Put another text in the place of the one that is asked about; the new one, which is asked
    about now. Whatever was said to the old one does not count for it, and where nobody approves
    their own, who edits it does not either.

    anyway: leave in what the record does not bear out; that is put down under their name.
    clock: tells an incident's time, where that is another one: a recording's.

    Raises NotFound where no such text is asked about, InputError for what may not leave, with all
    that is wrong, ApprovalError where it was answered meanwhile.
    """
    old = asked_text(store, incident_id, asked)
    old_hash, new = old.hash, _new(old, subject, body)
    request = store.ledger.request(incident_id, old_hash)
    found = objections(store.load(incident_id), old, new.subject, new.body)
    if bad := [str(one) for one in found if one.firm or not anyway]:
        hint = "" if any(one.firm for one in found) else "; correct it, or say it anyway"
        raise InputError(f"{'; '.join(bad)}{hint}")
    _put(store, incident_id, old_hash, new, [str(one) for one in found], by)
    now, kind = store.ledger.clock(), Asks.text.value
    until = now + request.expires_at - request.requested_at
    barred = by.person if policy.own_proposals == "refuse" else ""
    fresh = Request(incident_id, new.hash, kind, new.subject, now, until, 1, request.wanted, barred)
    store.ledger.ask(fresh, afresh=(*LAPSED, Verdict.edited, Verdict.rejected))
    try:
        edited = store.ledger.decide(incident_id, old_hash, Verdict.edited, by, reason=new.hash)
    except ApprovalError:
        reason = "its original was answered"
        store.ledger.decide(incident_id, new.hash, Verdict.rejected, by, reason)
        raise
    store.update(incident_id, lambda doc: _replaced(doc, old_hash, edited, clock(doc)))
    return new


def _new(old: Message, subject: str, body: str) -> Message:
    """Raises InputError where it is empty, too long, or as it was."""
    rows = (HIDDEN.sub("", row) for row in body.strip().splitlines())
    shown = "\n".join("".join(c for c in row if c >= " ") for row in rows)
    head, text = masked_content([one_line(subject), shown])
    if not head or not text or len(head) > 200 or len(text) > MOST:
        raise InputError(f"a subject of up to 200 characters, and a text of up to {MOST}")
    if (head, text) == (old.subject, old.body.strip()):
        raise InputError("nothing was changed: approve it as it is")
    waits = MessageState.awaiting_approval
    return old.model_copy(update={"subject": head, "body": text, "state": waits})


def _put(
    store: Store, incident_id: str, old: str, new: Message, despite: Sequence[str], by: Identity
) -> None:
    """On the record and in the audit log, with all that was left in, before anybody is asked."""

    def add(document: Incident) -> None:
        others = [m for m in document.communications if m.hash != new.hash]
        number = len(document.communications) + 1
        document.communications = [*others, new.model_copy(update={"id": f"M{number}"})]

    detail = {"was": old, "subject": new.hash, "despite": list(despite)}
    with store.durable.begin() as connection:
        revise(connection, incident_id, add)
        audit.add(connection, str(by), "edit text", incident_id, detail)


def _replaced(document: Incident, old: str, edited: Decision, now: datetime) -> None:
    for message in document.communications:
        if message.hash == old and message.state is MessageState.awaiting_approval:
            message.state = MessageState.rejected
    add_decision(document, edited, min(now, edited.at))
