"""What a model may be told and may use: by its context, the level, what hangs on the question."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from pydantic import Field

from ..incident.severity import Severity
from ..settings import ModelSettings
from ..yaml_tables import Entry, read_table


class Effort(StrEnum):
    """How much hangs on a question: the cause, doubting it, a step like others, a closing look."""

    most = "most"
    doubt = "doubt"
    usual = "usual"
    least = "least"


class ContextRow(Entry):
    """What a model of this context may be told and may use."""

    incident: int = Field(description="tokens of one incident")
    specialist: int = Field(description="tokens of one specialist in it")
    tables: int = Field(description="characters of all evidence tables of a question")
    table: int = Field(description="characters of one of them")
    case_file: int = Field(description="characters of the case file")
    answer: int = Field(description="characters of the answer to one look-up")
    rounds: int = Field(description="rounds of look-ups")


class EffortRow(Entry):
    """What a question of this weight may take, as shares."""

    share: float = Field(gt=0, le=1, description="of the incident's tokens")
    tables: float = Field(ge=0, le=1, description="of the context's characters of tables")
    rounds: float = Field(ge=0, le=1, description="of the context's rounds")


class AllowanceTable(Entry):
    """allowance.yaml."""

    contexts: dict[int, ContextRow]
    severity: dict[Severity, float]
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


def context_row(context_tokens: int) -> ContextRow:
    """The row of the largest context that this one reaches; the first for smaller ones."""
    rows = _table().contexts
    reached = [size for size in rows if size <= context_tokens]
    return rows[max(reached, default=min(rows))]


def incident_tokens(settings: ModelSettings, severity: Severity | None) -> int:
    """Tokens that an incident may use: the setting's, else by context and severity."""
    if settings.tokens_per_incident is not None:
        return settings.tokens_per_incident
    share = _table().severity[severity or Severity.P0]
    return int(context_row(settings.context_tokens).incident * share)


def specialist_tokens(settings: ModelSettings) -> int:
    """Tokens that a specialist may use in one incident: the setting's, else by context."""
    if settings.tokens_per_specialist is not None:
        return settings.tokens_per_specialist
    return context_row(settings.context_tokens).specialist


def allowance(settings: ModelSettings, severity: Severity | None, effort: Effort) -> Allowance:
    """What one conversation may take."""
    row, part = context_row(settings.context_tokens), _table().efforts[effort]
    return Allowance(
        tokens=int(part.share * incident_tokens(settings, severity)),
        rounds=round(part.rounds * row.rounds),
        tables=int(part.tables * row.tables),
        table=row.table,
        case_file=row.case_file,
        answer=row.answer,
    )
