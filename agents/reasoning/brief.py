"""The brief: the incident, the case file, the playbook's report, evidence as tables, the question.

Nothing in it depends on when or in what process it is written, so that the same incident is the
same brief. What changes least stands first: endpoints keep the beginning of a prompt.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from ...incident.document import Incident
from ...incident.evidence import Evidence, EvidenceStatus, Quote
from ...incident.finding import Finding, Hypothesis
from ...incident.report import AnyReport
from ...models.allowance import Allowance
from ...prompts.render import render
from ...prompts.values import Trusted, began, plain, sampled, utc
from ...tools.change_feed import ChangeRecord, by_weight
from ..runtime.case import Asked
from .case_file import case_file, suspects
from .cells import cell, moment
from .digest import digest_evidence, rows_of
from .measures import columns

Payload = Callable[[str], Any]
SHOWN = 8
"""Findings of the playbook's report that are told; the case file has those of earlier steps."""
THEIRS = "Another specialist, proven by code: "
"""Before what a model found: the playbook did not say it."""
SMALLEST = 400
"""Characters below which a table is named and not shown."""
DECIDING = {"causes", "choice"}
"""Fields of a reply that decide something: who hands them in sees what decides, whoever saw it."""


def brief(
    document: Incident,
    floor: AnyReport,
    asked: Asked,
    payload: Payload,
    allowed: Allowance,
    question: str,
    *,
    reads_on: bool,
) -> str:
    """The user's message of a step.

    Args:
        document: as it stands, with the evidence of the playbook's own calls.
        floor: the playbook's report on the step.
        asked: what the step asks of a model.
        payload: fetches evidence payloads by digest.
        allowed: how large tables and case file may be.
        question: what is asked in the end.
        reads_on: whether there are tools to read on with.
    """
    known = case_file(document, floor, allowed.case_file)
    told = set() if DECIDING & asked.reply.model_fields.keys() else _told(document, known)
    causes = suspects(document, floor)
    quotes = _deciding(floor, causes)
    first = partial(_first, document, quotes, [h for h in causes if h.standing])
    records = _ranked(document, floor, quotes)
    tables, more = _tables(document, records, first, payload, allowed, told, reads_on=reads_on)
    return render(
        "model/brief.md",
        title=plain(document.title, 160),
        alert=_alert(document),
        standing=_standing(document),
        case_file=Trusted(known),
        conclusion=floor.conclusion,
        summary=_trusted(floor.summary),
        findings=[_trusted(line) for line in _reported(document, floor)],
        options=[_trusted(f"{label}: {title}") for label, title in options(floor)],
        tables=Trusted(tables),
        more=_trusted(more),
        question=Trusted(question.strip()),
    )


def options(floor: AnyReport) -> list[tuple[str, str]]:
    """The plans that code made, with the labels by which a model may choose one."""
    return [(f"A{n}", plan.title) for n, plan in enumerate(floor.proposals, 1)]


def cause(h: Hypothesis) -> str:
    """A hypothesis in one line."""
    return f"{h.confidence:.0%} {h.service}, {h.kind.value}: {h.statement}"


def _trusted(text: str) -> Trusted:
    """One visible line; a model reads no Markdown, so nothing is escaped."""
    return Trusted(plain(text, 400))


def _alert(document: Incident) -> Trusted:
    alert = document.alert
    fired = f"fired {utc(document.fired)}"  # the day of every time of day
    words = [alert.name, alert.service, alert.severity, alert.summary, fired]
    return _trusted(" · ".join(word for word in words if word))


def _standing(document: Incident) -> Trusted:
    parts = [f"severity {document.severity.value}"] if document.severity else []
    parts += [f"raised by {one.by}: {one.statement}" for one in document.raised[-1:]]
    hurt = [s.name for s in document.services if s.role != "dependency"]
    parts += [f"affected: {', '.join(hurt[:6])}"] if hurt else []
    return _trusted("; ".join([*parts, f"onset {_onset(document)}"]))


def _onset(document: Incident) -> str:
    """As tables tell times, with how exactly samples tell it."""
    onset = document.began
    if not onset.known:
        return began(onset)
    told = f"{moment(onset.at.timestamp(), document.fired.timestamp())} UTC"
    return f"{told} {sampled(onset.between)}".strip()


def _new(document: Incident, floor: AnyReport) -> list[Finding]:
    """The report's findings that no step has filed yet; what a model has proven of them first."""
    filed = {finding.statement for finding in document.findings}
    fresh = [finding for finding in floor.findings if finding.statement not in filed]
    return sorted(fresh, key=lambda finding: finding.kind != "reasoned")[:SHOWN]


def _reported(document: Incident, floor: AnyReport) -> list[str]:
    """The new findings with the values that prove them; what a model has found is marked, so that
    who doubts a cause tells witness from witness."""
    alerted = document.fired.timestamp()
    found = [(f, _values(f.quotes, alerted)) for f in _new(document, floor)]
    return [f"{THEIRS if f.kind == 'reasoned' else ''}{f.statement} {held}" for f, held in found]


def _values(quotes: Iterable[Quote], alerted: float) -> str:
    """The first values as tables show them: [E7: 0.333; E18: 14:32:05]."""
    shown = [f"{q.evidence}: {cell(_column(q), q.value, 60, alerted)}" for q in list(quotes)[:2]]
    return f"[{'; '.join(shown)}]" if shown else ""


def _column(quote: Quote) -> str:
    return quote.pointer.rpartition("/")[2]


def _told(document: Incident, known: str) -> set[str]:
    """Evidence that an earlier question showed and the case file names."""
    shown = {id for filed in document.reports if filed.source == "model" for id in filed.searched}
    return shown & set(re.findall(r"\bE\d+\b", known))


def _tables(
    document: Incident,
    records: list[Evidence],
    first: Callable[[Evidence, Any], list[int]],
    payload: Payload,
    allowed: Allowance,
    told: Collection[str],
    *,
    reads_on: bool,
) -> tuple[str, str]:
    """Tables of as many of these as there is room for, each with the rows that matter first; and
    the ids of the others."""
    shown, left, more = [], allowed.tables, []
    alerted = document.fired.timestamp()
    for record in records:
        if left < SMALLEST or record.id in told:
            more.append(f"{record.id} {record.tool}")
            continue
        room = min(allowed.table, left)
        held = payload(record.digest)
        rows = first(record, held)
        table = digest_evidence(record, held, room, alerted, reads_on=reads_on, first=rows)
        shown.append(table)
        left -= len(table)
    return "\n\n".join(shown), ", ".join(more)


FEEDS = ("recent_changes", "change_history", "changes_between")
"""Tools whose rows are changes by their time before the onset."""
STATES = ("compare_signals", "instance_load", "state_changes")
"""Tools that tell how the target of an action stands."""


def _deciding(floor: AnyReport, causes: Iterable[Hypothesis]) -> list[Quote]:
    """What decides, the most first: what the report's own causes and findings quote, what the
    causes of earlier steps and the plans rest on."""
    own = [*_argued(floor.hypotheses), *(f.quotes for f in floor.findings)]
    others = [*_argued(causes), *(plan.quotes for plan in floor.proposals)]
    return [quote for quotes in (*own, *others) for quote in quotes]


def _argued(causes: Iterable[Hypothesis]) -> list[list[Quote]]:
    """What the first two causes rest on, and what speaks against them."""
    return [a.quotes for h in list(causes)[:2] for a in (*h.support, *h.contradiction)]


def _first(
    document: Incident, quotes: list[Quote], causes: list[Hypothesis], record: Evidence, held: Any
) -> list[int]:
    """Rows of a table to show first, from 0: the changes that causes name, then what is quoted,
    then changes by what they may matter."""
    blamed = {h.change for h in causes if h.change}
    named = record.tool in columns().changes
    rows = [row if isinstance(row, dict) else {} for row in rows_of(held)]
    guilty = [n for n, row in enumerate(rows) if named and row.get("id") in blamed]
    quoted = [row for quote in quotes if quote.evidence == record.id for row in _row(quote)]
    return [*guilty, *quoted, *_by_weight(document, causes, record, rows)]


def _by_weight(
    document: Incident, causes: list[Hypothesis], record: Evidence, rows: list[dict[str, Any]]
) -> list[int]:
    """All rows of a table of changes, from 0, those that may matter first."""
    if record.tool not in FEEDS:
        return []
    hurt = {s.name for s in document.services if s.role != "dependency"}
    own = (hurt | {h.service for h in causes} | {document.alert.service}) - {""}
    began, between = document.began.at, document.onset_between
    unsure = (between[1] - began).total_seconds() if between else 0.0
    found = {
        n: ChangeRecord.of(r) for n, r in enumerate(rows) if r.get("seconds_before") is not None
    }
    return sorted(found, key=lambda n: by_weight(found[n], own, unsure))


def _row(quote: Quote) -> list[int]:
    """The row that a quote points into, from 0; none where it points elsewhere."""
    found = re.match(r"/rows/(\d+)(?:/|$)", quote.pointer)
    return [int(found[1])] if found else []


def _ranked(document: Incident, floor: AnyReport, quotes: list[Quote]) -> list[Evidence]:
    """What matters most first: what decides; what came of actions; how targets stand; then whatever
    else the playbook looked at."""
    wanted = [quote.evidence for quote in quotes]
    wanted += [id for done in document.executions for id in done.proof]
    wanted += _states(document) if floor.proposals else []
    known = {record.id: record for record in document.evidence}
    held = [known[id] for id in dict.fromkeys([*wanted, *floor.searched]) if id in known]
    return [record for record in held if record.status is EvidenceStatus.ok]


def _states(document: Incident) -> list[str]:
    """The newest look of each kind at how things stand."""
    return [*{e.tool: e.id for e in document.evidence if e.tool in STATES}.values()]
