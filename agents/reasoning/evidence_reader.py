"""What a model may look up without a new query: evidence that is on record, by page or by pattern.

Whatever is asked, the answer is text: a digest, or a correction in plain words.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import ToolRetry
from ...incident.evidence import Evidence
from ...models.protocol import ToolCall, ToolSpec
from ...tools.logs import matches
from .cells import clean
from .digest import Sheet, render, rows_of, sheet_of

LONGEST_PATTERN = 200
LONGEST_ROW = 20_000
"""Characters of one row that are searched."""


class ReadEvidence(BaseModel):
    """More rows of evidence that is on record, from a row number on."""

    model_config = ConfigDict(extra="forbid")
    evidence: str = Field(description="evidence number, such as E12")
    start: int = Field(default=1, ge=1, description="first row to show, from 1")
    count: int = Field(default=20, ge=1, le=200, description="rows to show at most")


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
    onset: float | None = None  # unix seconds

    def sheet(self, name: str) -> Sheet:
        """All rows of a piece of evidence. Raises ToolRetry naming what there is."""
        bare = name.strip().strip("[]").upper()
        record = self.evidence.get(bare)
        if record is None:
            raise ToolRetry(f"there is no evidence {clean(name, 40)!r}; {self._known()}")
        rows = rows_of(self.payload(record.digest))
        return sheet_of(record.id, record.tool, record.status, record.summary, rows, self.onset)

    def _known(self) -> str:
        names = list(self.evidence)
        return f"on record: {', '.join(names[-40:])}" if names else "none is on record yet"


def specs() -> list[ToolSpec]:
    """The look-ups as a model reads them."""
    return [
        ToolSpec(name, (form.__doc__ or "").strip(), form.model_json_schema())
        for name, (form, _) in LOOK_UPS.items()
    ]


def read(
    call: ToolCall,
    evidence: dict[str, Evidence],
    payload: Callable[[str], Any],
    budget_chars: int,
    onset: float | None = None,
) -> str:
    """The answer to one look-up, at most `budget_chars` characters; never raises for the call.

    Args:
        call: as the model made it, unchecked.
        evidence: the incident's evidence by id.
        payload: fetches a payload by its digest.
        onset: unix seconds; times are told relative to it.
    """
    if call.name not in LOOK_UPS:
        return clean(f"there is no look-up {call.name}; use {', '.join(LOOK_UPS)}", budget_chars)
    form, answer = LOOK_UPS[call.name]
    try:
        asked = form.model_validate(call.arguments)
        return answer(asked, Shelf(evidence, payload, budget_chars, onset))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return clean(f"{call.name}: {'; '.join(problems)}", budget_chars)
    except ToolRetry as error:
        return clean(str(error), budget_chars)


def _page(asked: ReadEvidence, shelf: Shelf) -> str:
    sheet = shelf.sheet(asked.evidence)
    if not sheet.rows:
        return render(sheet, shelf.budget)
    if asked.start > len(sheet.rows):
        have = f"{sheet.evidence} has {len(sheet.rows)} rows"
        raise ToolRetry(f"{have}; choose start from 1 to {len(sheet.rows)}")
    last = min(len(sheet.rows), asked.start + asked.count - 1)
    return render(replace(sheet, numbers=range(asked.start, last + 1)), shelf.budget)


def _matching(asked: GrepEvidence, shelf: Shelf) -> str:
    sheet = shelf.sheet(asked.evidence)
    found, plain = matches(asked.pattern, [_searched(row) for row in sheet.rows])
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


def _searched(row: Any) -> str:
    fields = row.items() if isinstance(row, dict) else [("value", row)]
    return "\n".join(f"{name}={value}" for name, value in fields)[:LONGEST_ROW]


LOOK_UPS: dict[str, tuple[type[Any], Callable[[Any, Shelf], str]]] = {
    "read_evidence": (ReadEvidence, _page),
    "grep_evidence": (GrepEvidence, _matching),
}
"""The look-ups by name: the form of their arguments, and what answers."""
