"""What each reference of an incident says: facts, evidence, timeline rows, gaps."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ....incident.document import Incident
from ....incident.evidence import Evidence, EvidenceStatus, Quote
from ....incident.grounding import leaves
from ....incident.timeline import from_ts
from ...reporting.narrator import Narrator
from ..held import Held
from ..proof import COMPOSED
from .asking import Payload
from .facts import Fact

ASKED_FREELY = (*COMPOSED, "search_logs")
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
