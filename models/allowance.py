"""What a model may be told and may use: by its context, the level, what hangs on the question."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal

from pydantic import Field

from ..incident.model_use import ModelCall
from ..incident.severity import Severity
from ..settings import ModelSettings
from ..yaml_tables import Entry, read_table


class Effort(StrEnum):
    """How much hangs on a question."""

    most = "most"
    """The cause."""
    doubt = "doubt"
    """Doubting it."""
    choice = "choice"
    """How bad it is, what to do."""
    usual = "usual"
    least = "least"
    """What code measures anyway, and closing looks."""


class ContextRow(Entry):
    """What a model of this context may be told and may use."""

    incident: int = Field(description="tokens of one incident")
    specialist: int = Field(description="tokens of one specialist in it")
    tables: int = Field(description="characters of all evidence tables of a question")
    table: int = Field(description="characters of one of them")
    case_file: int = Field(description="characters of the case file")
    answer: int = Field(description="characters of the answer to one look-up")
    rounds: int = Field(description="rounds of look-ups")


class BudgetRow(Entry):
    """What conversations may use of an incident's tokens."""

    most: int
    doubt: int
    choice: int
    usual: int
    least: int
    writing: int = Field(description="kept back for messages and postmortem")


class EffortRow(Entry):
    """What a question may take of what the context allows, as shares."""

    tables: float = Field(ge=0, le=1, description="of the characters of tables")
    rounds: float = Field(ge=0, le=1, description="of the rounds")


class AllowanceTable(Entry):
    """allowance.yaml."""

    contexts: dict[int, ContextRow]
    severity: dict[Severity, float]
    budgets: dict[int, BudgetRow]
    efforts: dict[Effort, EffortRow]


@cache
def _table() -> AllowanceTable:
    return read_table("models/allowance.yaml", AllowanceTable)


@dataclass(frozen=True)
class Allowance:
    """Of one conversation."""

    tokens: int
    """For all its questions and answers together."""
    rounds: int
    tables: int
    """Characters of all evidence tables."""
    table: int
    case_file: int
    answer: int


def _reached(sizes: Iterable[int], size: int) -> int:
    """The largest of these within a size; the smallest where none is."""
    known = sorted(sizes)
    return max((one for one in known if one <= size), default=known[0])


def context_row(context_tokens: int) -> ContextRow:
    """What a model of this context may be told and may use."""
    rows = _table().contexts
    return rows[_reached(rows, context_tokens)]


def incident_tokens(settings: ModelSettings, severity: Severity | None) -> int:
    """Tokens that an incident may use: the setting's, else by context and severity."""
    if settings.tokens_per_incident is not None:
        return settings.tokens_per_incident
    share = _table().severity[severity or Severity.P0]
    return int(context_row(settings.context_tokens).incident * share)


def specialist_tokens(settings: ModelSettings) -> int:
    """Tokens that a specialist may use in one incident: the setting's, else by context and at
    least the share of the largest conversation."""
    if settings.tokens_per_specialist is not None:
        return settings.tokens_per_specialist
    most = conversation_tokens(settings, None, Effort.most)
    return max(context_row(settings.context_tokens).specialist, 3 * most // 2)


def conversation_tokens(
    settings: ModelSettings, severity: Severity | None, kind: Effort | Literal["writing"]
) -> int:
    """Tokens of one conversation, or kept back for writing."""
    tokens, rows = incident_tokens(settings, severity), _table().budgets
    size = _reached(rows, tokens)
    return getattr(rows[size], str(kind)) * tokens // size


def left_to_reason(
    settings: ModelSettings, severity: Severity | None, calls: Iterable[ModelCall]
) -> int:
    """Tokens that an incident has left after these calls, without what is kept back for writing
    and not written yet: what the budget will let pass."""
    used = dict.fromkeys(("write", ""), 0)
    for call in calls:
        spared = round(call.cached_tokens * (1 - settings.cached_share))
        kind = "write" if call.purpose == "write" else ""
        used[kind] += call.input_tokens - spared + call.output_tokens
    kept = max(0, conversation_tokens(settings, severity, "writing") - used["write"])
    return incident_tokens(settings, severity) - sum(used.values()) - kept


def allowance(settings: ModelSettings, severity: Severity | None, effort: Effort) -> Allowance:
    """What one conversation may take."""
    row, part = context_row(settings.context_tokens), _table().efforts[effort]
    return Allowance(
        tokens=conversation_tokens(settings, severity, effort),
        rounds=round(part.rounds * row.rounds),
        tables=int(part.tables * row.tables),
        table=row.table,
        case_file=row.case_file,
        answer=row.answer,
    )
