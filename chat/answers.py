"""Questions about an incident, answered from its document: every figure with its evidence. No model
is asked, and what is not known is not said."""

import re
from collections.abc import Callable, Iterable, Sequence

from ..agents.reporting.incident_status import likely_cause
from ..agents.reporting.story import nothing
from ..agents.reporting.wording import headline, sentence, shown
from ..incident.document import Incident
from ..incident.evidence import Quote
from ..incident.finding import Hypothesis
from ..incident.memory import precedents
from ..prompts.values import began, clock, hurt, percent
from ..record.ledger import Request

HELP = """\
/warroom why checkout: what is known of it, and what it rests on
/warroom how bad INC-…, since when INC-…, what was done INC-…, what next INC-…
/warroom list: what runs; /warroom ack INC-…: you have it
/warroom severity INC-… P1 why, assign INC-… duty who, note, resolve, reopen, close INC-… why
/warroom merge INC-… INTO why, relate INC-… OTHER why, link INC-… URL, resume INC-…
/warroom alerts INC-…, split INC-… NUMBERS: those alerts get an incident of their own
In an incident's thread, mention me with why, how bad, since when, done or next."""


def answer(doc: Incident, question: str, requests: Sequence[Request]) -> str:
    """In a few lines."""
    wanted = next((tell for words, tell in ASKED if words.search(question)), _status)
    return "\n".join([f"{doc.id}: {headline(doc.title)}", *wanted(doc, requests)])


def _why(doc: Incident, _requests: Sequence[Request]) -> Iterable[str]:
    cause = likely_cause(doc)
    if cause is None:
        yield "No cause is likely enough to be named."
        for each in [h for h in doc.hypotheses if h.standing][:3]:
            yield f"Looked at: {shown(each.statement)} ({percent(each.confidence)})"
    else:
        yield told(cause)
        for argument in cause.support[:4]:
            yield f"For it: {shown(argument.text)}{_cited(argument.quotes)}"
        for argument in cause.contradiction[:2]:
            yield f"Against it: {shown(argument.text)}{_cited(argument.quotes)}"
    for past in precedents(doc)[:2]:
        yield f"Seen before: {past.text} [{past.evidence[0]}]"
    for gap in doc.gaps[:2]:
        yield f"Not seen: {gap.what}, {gap.why}"


def told(cause: Hypothesis) -> str:
    """A cause and how sure, in words and as a figure."""
    how = f"{cause.how_sure}, {percent(cause.confidence)} sure"
    return f"{sentence(shown(cause.statement))} {sentence(how)}"


def _bad(doc: Incident, _requests: Sequence[Request]) -> Iterable[str]:
    quotes = doc.impact.quotes if doc.impact else []
    yield f"{doc.severity or 'Not yet classified'}. {sentence(hurt(doc.impact))}{_cited(quotes)}"
    services = ", ".join(s.name for s in doc.services if s.role in ("alerting", "affected"))
    yield f"Hurt: {services or 'not known yet'}."


def _since(doc: Incident, _requests: Sequence[Request]) -> Iterable[str]:
    yield f"It began {began(doc.began)}; the alert came at {clock(doc.fired)} UTC."


def _done(doc: Incident, _requests: Sequence[Request]) -> Iterable[str]:
    for done in doc.executions:
        ids = ", ".join(done.proof)
        at = clock(done.started_at)
        yield f"{at} {done.title}: {done.outcome.value}" + (f" ({ids})" if ids else "")
    for act in doc.by_hand:
        yield f"{clock(act.at)} {act.by}, {act.told}"
    if not doc.executions and not doc.by_hand:
        yield nothing(doc)


def _next(doc: Incident, requests: Sequence[Request]) -> Iterable[str]:
    for request in requests:
        yield f"Waits for a person: {request.title}"
    if not requests:
        yield "Nothing waits for a person."


def _status(doc: Incident, requests: Sequence[Request]) -> Iterable[str]:
    yield f"{doc.state.value}."
    yield from _bad(doc, requests)
    yield from list(_why(doc, requests))[:2]


Tell = Callable[[Incident, Sequence[Request]], Iterable[str]]
ASKED: Sequence[tuple[re.Pattern[str], Tell]] = (
    (re.compile(r"\bwhy\b|\bcause|\breason|为什么|原因", re.IGNORECASE), _why),
    (re.compile(r"\bsince\b|\bwhen\b|\bbeg[au]n|何时|什么时候", re.IGNORECASE), _since),
    (re.compile(r"\bdone\b|\bdid\b|\btried\b|做了", re.IGNORECASE), _done),
    (re.compile(r"\bnext\b|\bpropos|\bwait|\bplan|下一步", re.IGNORECASE), _next),
    (re.compile(r"\bbad\b|\bimpact|\bhurt|\bwho\b|影响|严重", re.IGNORECASE), _bad),
)
"""The first whose words stand in a question."""


def _cited(quotes: Sequence[Quote]) -> str:
    ids = list(dict.fromkeys(quote.evidence for quote in quotes))
    return f" ({', '.join(ids)})" if ids else ""
