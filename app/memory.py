"""What people do with the memory: read old postmortems into it, have it forget, take a text out.

Each is one transaction with its line in the audit log. What is forgotten is gone from the table and
from what later incidents were told of it, with the evidence of that; an incident's record stays.
"""

import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from ..errors import InputError, NotFound
from ..incident.document import Incident
from ..incident.evidence import digest
from ..incident.identity import Identity
from ..incident.memory import ERRORS, Remembered
from ..incident.report import Sentence
from ..record import audit, memories
from ..record.memories import FORGET, MEMORIES, REDACT, SIGNS
from ..record.store import Store, revise
from ..record.tables import EVIDENCE, INCIDENTS, PAYLOADS
from ..text_safety.lines import one_line
from .record import masked_content

OUT, SHORTEST, LONGEST, LARGEST = "[taken out]", 3, 600, 1_000_000
FIELD = re.compile(r"(?m)^[\s|>*_-]*([A-Za-z][\w /-]{2,30}?)[*_ ]*[:|][*_ ]*(\S.*?)[ |*]*$")
HEADING = re.compile(r"(?m)^#{1,6}\s+(.+?)[\s#]*$")
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
WANTED = ("title", "date", "severity", "services", "summary", "cause", "actions")
CALLED = re.compile(
    r"(?i)(?P<date>date|started.*)|(?P<severity>severity|priority)|(?P<services>.*\b(?:service|"
    r"component)s?.*)|(?P<summary>.*summary|what happened)|(?P<cause>.*\bcauses?)|(?P<actions>"
    r"action.*|follow.*)"
)
"""What fields and headings are called, by what is wanted."""


def read_postmortem(text: str, name: str) -> tuple[Remembered, list[str], list[str]]:
    """What a Markdown text says of an incident, its signs, and what of the usual it does not say.
    `name`: of the file. Raises InputError for what is none."""
    if len(text) > LARGEST or "\0" in text or not text.strip():
        raise InputError(f"{name}: no Markdown of 1 to {LARGEST:,} characters")
    parts = HEADING.split(text := masked_content({"text": text})["text"])
    told = {"title": one_line("".join(parts[1:2]))[:LONGEST]}
    for key, value in (*FIELD.findall(text), *zip(parts[1::2], parts[2::2], strict=True)):
        called = CALLED.fullmatch(key.strip())
        if called and called.lastgroup and value.strip():
            told.setdefault(called.lastgroup, one_line(value)[:LONGEST])
    date = DATE.search(told.get("date", f"{told['title']} {name}"))
    told["date"], named = date[0] if date else "", told.get("services", "")
    services = re.findall(r"(?!and\b)\b\w[\w.-]*", named)[:20]
    memory = Remembered(id=f"PM-{digest(text)[:12]}", title=told["title"] or name, imported=True)
    with suppress(ValueError):  # none, or a day that there is not
        memory.at = datetime.fromisoformat(told["date"]).replace(tzinfo=UTC).timestamp()
    told["date"] = told["date"] if memory.at else ""
    memory.cause, memory.service = told.get("cause", ""), "".join(services[:1])
    memory.notes = [f"{k}: {told[k]}" for k in ("severity", "summary", "actions") if k in told]
    signs = [*(f"{s} hurt" for s in services), *(f"error {e}" for e in ERRORS.findall(text))]
    return memory, signs, [part for part in WANTED if not told.get(part)]


def read_in(store: Store, text: str, name: str, by: Identity) -> tuple[Remembered, list[str]]:
    """Remember a postmortem, once however often it is read; and what it does not say."""
    memory, signs, lacks = read_postmortem(text, name)
    with store.durable.begin() as connection:
        memories.drop(connection, memory.id)
        memories.write(connection, memory, signs)
        audit.add(connection, str(by), "import memory", memory.id, {"file": name})
    return memory, lacks


def forget(store: Store, memory_id: str, reason: str, by: Identity) -> str:
    """Have it no more, here and in what later incidents were told; its id. Raises NotFound,
    InputError."""
    with store.durable.begin() as connection:
        detail = _later(connection, memory_id, reason)
        if not memories.drop(connection, memory_id):
            raise NotFound(f"nothing is remembered as {memory_id}: see `warroom memory list`")
        audit.add(connection, str(by), FORGET, memory_id, detail)
    return memory_id


def redact(store: Store, text: str, reason: str, by: Identity) -> int:
    """Take a name or other text out of all that is remembered; of how many. The text itself is not
    put down. Raises InputError."""
    from ..models.redaction import each_text  # its patterns take a moment

    if len(wanted := text.strip().lower()) < SHORTEST:
        raise InputError(f"give a text of {SHORTEST} characters at least")
    clean = partial(re.compile(re.escape(wanted), re.IGNORECASE).sub, OUT)
    with store.durable.begin() as connection:
        detail = _later(connection, wanted, reason)
        connection.execute(delete(SIGNS).where(_holds(SIGNS.c.sign, wanted)))
        query = select(MEMORIES.c.body).where(_holds(MEMORIES.c.body, wanted))
        bodies = connection.execute(query).scalars().all()
        found = [body for body in bodies if wanted in body.lower()]
        for old in map(Remembered.model_validate_json, found):
            texts = old.model_dump(include={"title", "cause", "service", "notes"})
            new = old.model_copy(update=each_text(texts, lambda told, _name: clean(told)))
            this = update(MEMORIES).where(MEMORIES.c.id == old.id)
            connection.execute(this.values(body=new.model_dump_json()))
            audit.add(connection, str(by), REDACT, old.id, detail)
    return len(found)


def _holds(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """As far as SQL can tell: SQLite knows no other capitals than ASCII's."""
    safe = re.sub(r"([%_\\])", r"\\\1", text.lower())
    return func.lower(column).like(f"%{re.sub(r'[^ -~]', '_', safe)}%", escape="\\")


def _later(connection: Connection, text: str, reason: str) -> dict[str, JsonValue]:
    """Take what holds this text out of what later incidents were told, and drop the evidence of
    that; which ones those are, and why. Raises InputError without a reason."""
    if not (why := one_line(reason)):
        raise InputError("say why: --reason 'why'")
    told = INCIDENTS.c.document.contains('"seen_before":[{', autoescape=True)
    query = select(INCIDENTS.c.id).where(_holds(INCIDENTS.c.document, text), told)
    found = sorted(connection.execute(query).scalars())
    for incident in found:
        revise(connection, incident, partial(_untold, text=text.lower()))
        asked = EVIDENCE.c.record.contains('"tool":"seen_before"', autoescape=True)
        held = select(EVIDENCE.c.digest).where(EVIDENCE.c.incident_id == incident, asked)
        gone = update(PAYLOADS).where(PAYLOADS.c.digest.in_(held))
        connection.execute(gone.values(body=b"", dropped_at=time.time()))
    return {"reason": why, "later": list[JsonValue](found)}


def _untold(document: Incident, text: str) -> None:
    evidence = set[str]()
    for report in document.reports:
        known: list[Sentence] = getattr(report, "seen_before", [])
        evidence |= {id_ for past in known if text in past.text.lower() for id_ in past.evidence}
        known[:] = [past for past in known if text not in past.text.lower()]
    for cause in document.hypotheses:
        cause.support = [a for a in cause.support if not evidence & {q.evidence for q in a.quotes}]
