"""The desk: what a model may look at in one step, and the answer to each look.

Read tools of the step, and evidence that is on record. There is no tool here that approves, acts,
or reads outside of telemetry; whatever a model gets wrong is answered with a correction in words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import ToolRetry
from ...incident.document import Incident
from ...incident.evidence import Evidence, EvidenceStatus
from ...models.protocol import ToolCall, ToolSpec
from ...tools.base import REGISTRY, Effect, Result, Row, short_schema
from ...tools.logs import matches
from ...tools.toolbox import Toolbox
from ...tracing.spans import asked_as
from .brief import Payload
from .cells import clean, is_time, moment
from .digest import Sheet, digest, is_one, render, rows_of, sheet_of, whole

LONGEST_PATTERN = 200
LONGEST_ROW = 20_000
"""Characters of one row that are searched."""


class ReadEvidence(BaseModel):
    """More rows of evidence that is on record, from a row number on; or one row whole."""

    model_config = ConfigDict(extra="forbid")
    evidence: str = Field(description="evidence number, such as E12")
    start: int = Field(default=1, ge=1, description="first row to show, from 1")
    count: int = Field(default=20, ge=1, le=200, description="rows to show at most")
    row: int | None = Field(default=None, ge=1, description="this row alone, no cell of it cut")
    line: int = Field(default=1, ge=1, description="first line to show of a row shown whole")


class GrepEvidence(BaseModel):
    """Rows of evidence on record that match a regular expression, in any case of letters."""

    model_config = ConfigDict(extra="forbid")
    evidence: str = Field(description="evidence number, such as E12")
    pattern: str = Field(
        min_length=1,
        max_length=LONGEST_PATTERN,
        description="RE2 regular expression, searched in each row's `field=value` lines",
    )


@dataclass(frozen=True)
class Shelf:
    """The evidence of one incident, and how much of it one answer may hold."""

    evidence: dict[str, Evidence]
    payload: Callable[[str], Any]  # digest -> payload
    budget: int  # characters
    whole: int  # characters of an answer that shows one thing
    alerted: float | None  # unix seconds of the alert

    def sheet(self, name: str) -> Sheet:
        """All rows of a piece of evidence. Raises ToolRetry naming what there is."""
        bare = name.strip().strip("[]").upper()
        record = self.evidence.get(bare)
        if record is None:
            raise ToolRetry(f"there is no evidence {clean(name, 40)!r}; {self._known()}")
        rows = rows_of(self.payload(record.digest))
        told = record.status, record.summary, rows, self.alerted
        return sheet_of(record.id, record.tool, *told)

    def _known(self) -> str:
        names = list(self.evidence)
        return f"on record: {', '.join(names[-40:])}" if names else "none is on record yet"


def read(
    call: ToolCall,
    evidence: dict[str, Evidence],
    payload: Callable[[str], Any],
    budget_chars: int,
    alerted: float | None = None,
) -> str:
    """The answer to one look-up, at most `budget_chars` characters, WHOLE times as many for one
    thing. Raises ToolRetry with the correction.

    Args:
        call: as the model made it, unchecked.
        evidence: the incident's evidence by id.
        payload: fetches a payload by its digest.
        alerted: unix seconds of the alert, whose date times leave out.
    """
    if call.name not in LOOK_UPS:
        raise ToolRetry(f"there is no look-up {clean(call.name, 40)}; use {', '.join(LOOK_UPS)}")
    form, answer = LOOK_UPS[call.name]
    try:
        asked = form.model_validate(call.arguments)
        shelf = Shelf(evidence, payload, budget_chars, WHOLE * budget_chars, alerted)
        return answer(asked, shelf)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ToolRetry(clean(f"{call.name}: {'; '.join(problems)}", budget_chars)) from error
    except ToolRetry as error:
        raise ToolRetry(clean(str(error), budget_chars)) from error


def _page(asked: ReadEvidence, shelf: Shelf) -> str:
    sheet = shelf.sheet(asked.evidence)
    if not sheet.rows:
        return render(sheet, shelf.budget)
    if asked.row or len(sheet.rows) == 1:
        return _row(sheet, asked.row or 1, asked.line, shelf.whole)
    if asked.start > len(sheet.rows):
        have = f"{sheet.evidence} has {len(sheet.rows)} rows"
        raise ToolRetry(f"{have}; choose start from 1 to {len(sheet.rows)}")
    last = min(len(sheet.rows), asked.start + asked.count - 1)
    room = shelf.whole if is_one(sheet.rows) else shelf.budget
    return render(replace(sheet, numbers=range(asked.start, last + 1)), room)


def _row(sheet: Sheet, row: int, line: int, budget: int) -> str:
    if row > len(sheet.rows):
        have = f"{sheet.evidence} has {len(sheet.rows)} rows"
        raise ToolRetry(f"{have}; choose row from 1 to {len(sheet.rows)}")
    return whole(sheet, row, line, budget)


def _matching(asked: GrepEvidence, shelf: Shelf) -> str:
    sheet = shelf.sheet(asked.evidence)
    found, plain = matches(asked.pattern, [_searched(row, sheet.alerted) for row in sheet.rows])
    how = "hold the text" if plain else "match"
    shown = clean(asked.pattern, 60)
    if not found:
        text = f"none of {len(sheet.rows)} rows of {sheet.evidence} {how} {shown}"
        return clean(text, shelf.budget)
    note = f"{len(found)} of {len(sheet.rows)} rows {how} {shown}"
    numbers = [index + 1 for index in found]
    more = "a narrower pattern shows the others"
    picked = replace(sheet, numbers=numbers, total=0, note=note, matching=True, more=more)
    return render(picked, shelf.budget)


def _searched(row: Any, alerted: float | None) -> str:
    """A row as it is searched: times as tables show them."""
    fields = row.items() if isinstance(row, dict) else [("value", row)]
    shown = ((n, moment(v, alerted) if is_time(n, v) else v) for n, v in fields)
    return "\n".join(f"{name}={value}" for name, value in shown)[:LONGEST_ROW]


LOOK_UPS: dict[str, tuple[type[Any], Callable[[Any, Shelf], str]]] = {
    "read_evidence": (ReadEvidence, _page),
    "grep_evidence": (GrepEvidence, _matching),
}
"""The look-ups by name: the form of their arguments, and what answers."""


ANSWER_CHARS = 1_800
"""Characters of one answer: about 500 tokens, whatever the tool returned."""
WHOLE = 4
"""So many times as long is an answer that shows one thing whole: a diff, a stack, a statement."""


@dataclass
class ToolDesk:
    """The tools of one step at one specialist's hands."""

    allowed: tuple[str, ...]
    toolbox: Toolbox
    document: Callable[[], Incident]  # as it stands now: other steps add evidence meanwhile
    payload: Payload
    answer: int = ANSWER_CHARS  # characters of one answer
    looked: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model may call, as it reads it."""
        return (*map(_spec, self._tools()), *(_look_up(n) for n in LOOK_UPS if n in self.allowed))

    def look(self, call: ToolCall) -> str:
        """The answer to one call. Raises ToolRetry for one that failed or is refused."""
        if call.name in LOOK_UPS and call.name in self.allowed:
            document = self.document()
            known = {record.id: record for record in document.evidence}
            return read(call, known, self.payload, self.answer, document.fired.timestamp())
        if call.name not in self._tools():
            names = ", ".join(spec.name for spec in self.specs())
            raise ToolRetry(f"There is no tool {call.name[:40]!r} here. There are: {names}.")
        with asked_as(call.id):
            result = self.toolbox.by_name(call.name, call.arguments)
        with self.lock:
            self.looked.append(result.evidence)
        text = self._told(result, call.name)
        if result.status is EvidenceStatus.failed:
            raise ToolRetry(text)
        return text

    def _told(self, result: Result[Row], tool: str) -> str:
        """A result as a table, or whole where it is one thing."""
        budget = self.answer * (WHOLE if is_one(result.records()) else 1)
        alerted = self.document().fired.timestamp()
        reads_on = "read_evidence" in self.allowed
        return digest(result, budget, tool, alerted, reads_on=reads_on)

    def _tools(self) -> list[str]:
        known = [REGISTRY[name] for name in self.allowed if name in REGISTRY]
        live = self.toolbox.bench.live
        spoken = {"", *(("mcp", *live.languages) if live else ())}
        return [t.name for t in known if t.effect is Effect.read and t.language in spoken]


def _look_up(name: str) -> ToolSpec:
    form, _ = LOOK_UPS[name]
    parameters = {k: v for k, v in short_schema(form).items() if k != "description"}
    return ToolSpec(name, (form.__doc__ or "").strip(), parameters)


def _spec(name: str) -> ToolSpec:
    tool = REGISTRY[name]
    return ToolSpec(name, tool.description, tool.schema())
