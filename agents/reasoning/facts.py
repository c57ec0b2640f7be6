"""The record as a model reads it: one numbered fact a line, the dispensable ones cut first;
and what each reference to it says."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from ...analysis.quantities import FEW
from ...incident.document import Incident
from ...incident.evidence import Evidence, EvidenceStatus, Quote, leaves
from ...incident.timeline import from_ts
from ...models.protocol import ChatMessage
from ...models.usage import tokens_of
from ...prompts.spoken import harmed, opening
from ...prompts.values import clock, duration, percent, plain, utc
from ..reporting import retrospective, story
from ..reporting.account import Account
from ..reporting.briefing import Briefing
from ..reporting.impact import impact
from ..reporting.incident_status import is_noise
from ..reporting.narrator import Narrator, Statement
from .citations import COMPOSED
from .figures import Held

LINE = 170
"""Characters of one fact: more of it rarely says more."""


@dataclass(frozen=True)
class Fact:
    """One line: its id, its words, what in the record it rests on (E…, T…, G…, D…)."""

    id: str
    text: str
    rests: tuple[str, ...] = ()
    rank: int = 0  # lower ones stay when room is short

    @property
    def line(self) -> str:
        """As the model reads it, quoted as data."""
        return f"{self.id} ««{plain(self.text, LINE).replace('««', '').replace('»»', '')}»»"


def postmortem_facts(say: Narrator) -> list[Fact]:
    """What the floor tells, claim by claim, then the timeline, evidence and gaps it rests on."""
    return [*told(say), *_lessons(say), *_rows(say), *_evidence(say), *_gaps(say.document)]


def told(say: Narrator) -> list[Fact]:
    """Cause (C), impact (I), actions (A) and how it was noticed (N), as the floor words them."""
    if is_noise(say.document):
        return [*_numbered("N", [*Account(say).summary(), *story.detection(say)], 1)]
    return [
        *_numbered("C", [*story.causes(say), story.trigger(say)], 0),
        *_numbered("I", impact(say), 0),
        *_numbered("A", story.resolution(say), 1),
        *_numbered("N", story.detection(say), 2),
    ]


def public_facts(briefing: Briefing) -> list[Fact]:
    """What customers may be told (P): what the floor's public templates tell, and no more."""
    where = ", ".join(briefing.components) or "our service"
    lines = [f"Customers using {where} may meet {briefing.symptom}, {_span(briefing)}."]
    if (hurt := briefing.impact) and hurt.hurt_share:
        share = f" ({percent(hurt.hurt_share)})" if hurt.requests >= FEW else ""
        lines.append(f"{opening(harmed(hurt, outside=True))} were affected{share}.")
    if briefing.solution:
        lines.append("A corrective measure took effect; the recovery is measured.")
    elif briefing.cause and briefing.cause.likely and not briefing.ended:
        lines.append("The likely cause is found; a correction is being worked on.")
    elif not briefing.ended:
        lines.append("We are looking for the cause and working on restoring the service.")
    return [Fact(f"P{n}", text) for n, text in enumerate(lines, 1)]


def selected(facts: Iterable[Fact], tokens: int) -> list[Fact]:
    """As many facts as fit, the most telling first, in their own order."""
    known, left, kept = list(facts), tokens, set()
    for fact in sorted(known, key=lambda fact: fact.rank):
        cost = tokens_of(fact.line) + 1
        if cost <= left:
            kept.add(fact.id)
            left -= cost
    return [fact for fact in known if fact.id in kept]


def _span(briefing: Briefing) -> str:
    if briefing.ended is None:
        return f"since {utc(briefing.started)}"
    took = duration(briefing.duration_seconds)
    return f"from {utc(briefing.started)} to {utc(briefing.ended)}; it is over, after {took}"


def _numbered(letter: str, claims: Iterable[Statement], rank: int) -> Iterator[Fact]:
    for number, claim in enumerate(claims, 1):
        yield Fact(f"{letter}{number}", claim.text, claim.refs, rank + (number > 4))


def _lessons(say: Narrator) -> Iterator[Fact]:
    groups = (retrospective.went_well, retrospective.could_improve, retrospective.lucky)
    names = ("went well", "could be better", "lucky")
    claims = [
        Statement(f"{name}: {claim.text}", claim.refs)
        for name, group in zip(names, groups, strict=True)
        for claim in group(say)
    ]
    return _numbered("L", claims, 2)


def _rows(say: Narrator) -> Iterator[Fact]:
    for number, row in enumerate(say.rows):
        event = row.event
        text = f"{clock(event.at)} {event.actor}: {event.text}"
        yield Fact(row.id, text, (row.id,), 3 if number < 12 else 5)


def _evidence(say: Narrator) -> Iterator[Fact]:
    """What the claims rest on; other evidence has its summary in the record."""
    for record in say.document.evidence:
        if record.id in say.cited:
            yield Fact(record.id, f"{record.tool}: {say.clean(record.summary)}", (record.id,), 4)


def _gaps(document: Incident) -> Iterator[Fact]:
    for number, gap in enumerate(document.gaps, 1):
        yield Fact(f"G{number}", f"not seen: {gap.what} ({gap.why})", (f"G{number}",), 4)


AskModel = Callable[[tuple[ChatMessage, ...], type[BaseModel], str], BaseModel]
"""Messages, the reply's schema and the prompt's stamp in; a valid reply out, or ModelError."""
Payload = Callable[[str], Any]
"""Fetches what a piece of evidence holds by its digest."""


ASKED_FREELY = (*COMPOSED, "search_logs", "search_spans", "signal_series", "trace")
ASKED_FREELY += ("promql", "logql", "traceql")
"""Tools whose query and summary repeat the words of whoever asked, a model too."""
MOMENTS = (1_000_000_000, 4_000_000_000)
"""Numbers in between are Unix seconds: 2001 to 2096."""


class Holdings:
    """What each reference of an incident says: facts, evidence, timeline rows, gaps."""

    def __init__(self, say: Narrator, facts: Iterable[Fact], payload: Payload) -> None:
        self.facts = {fact.id: fact for fact in facts}
        self.rows = {row.id: row.event for row in say.rows}
        self.evidence = {record.id: record for record in say.document.evidence}
        self.payload = payload
        self.quoted = dict[str, list[Any]]()
        for evidence, value in _quoted(say.document):
            self.quoted.setdefault(evidence, []).append(value)

    def known(self, ref: str) -> bool:
        """Whether there is such a fact, row, gap or piece of evidence."""
        return ref in self.facts or ref in self.evidence or ref in self.rows

    def rests(self, refs: Iterable[str]) -> list[str]:
        """References that a reader can follow: facts as what they rest on."""
        found = [
            r for ref in refs for r in (self.facts[ref].rests if ref in self.facts else (ref,))
        ]
        return list(dict.fromkeys(found))

    def of(self, refs: Iterable[str]) -> Held:
        """All that these references say together."""
        asked = list(refs)
        texts = [self.facts[ref].text for ref in asked if ref in self.facts]
        cited = self.rests(asked)
        rows = [self.rows[ref] for ref in cited if ref in self.rows]
        texts += [f"{row.actor}: {row.text}" for row in rows]
        said = list(self._said(cited))
        return Held(
            texts + [value for value in said if isinstance(value, str)],
            [float(v) for v in said if isinstance(v, (int, float)) and not isinstance(v, bool)],
            [row.at for row in rows] + [m for value in said for m in _moment(value)],
            [row.at for row in rows],
        )

    def _said(self, cited: Iterable[str]) -> Iterator[Any]:
        """Texts and values of evidence; a failed call proves nothing but that it failed."""
        for ref in cited:
            record = self.evidence.get(ref)
            if record is None:
                continue
            if record.tool in ASKED_FREELY:
                yield from () if record.tool in COMPOSED else self._payload(record)
                continue
            yield f"{record.tool}: {record.summary}"
            if record.status is not EvidenceStatus.failed:
                yield json.dumps(record.query)
                yield from self.quoted.get(ref, [])
                yield from self._payload(record)

    def _payload(self, record: Evidence) -> Iterator[Any]:
        held = self.payload(record.digest)
        rows = held.get("rows", held) if isinstance(held, dict) else held
        yield from leaves(rows)


def _moment(value: Any) -> Iterator[datetime]:
    """A value as a moment, where it is one."""
    if isinstance(value, (int, float)) and MOMENTS[0] < value < MOMENTS[1]:
        yield from_ts(value)
    if isinstance(value, str) and value[:4].isdigit() and len(value) < 40:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return
        yield moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _quoted(document: Incident) -> Iterator[tuple[str, Any]]:
    """Values that the record itself quotes from its evidence, with the evidence's id."""
    for quote in _quotes(document):
        yield quote.evidence, quote.value
    for execution in document.executions:
        for m in execution.measures:
            yield from ((m.evidence, v) for v in (m.before, m.after, m.baseline, m.threshold))
            yield m.evidence, f"{m.service} {m.signal}"
    for state in document.slo:
        held = (state.current, state.objective, state.budget_left, state.burn_fast, state.burn_slow)
        yield from ((state.evidence, value) for value in held)
        yield state.evidence, f"{state.service} {state.name}"


def _quotes(document: Incident) -> Iterator[Quote]:
    if document.impact:
        yield from document.impact.quotes
    for claim in (*document.findings, *document.proposals):
        yield from claim.quotes
    for hypothesis in document.hypotheses:
        for argument in (*hypothesis.support, *hypothesis.contradiction):
            yield from argument.quotes
