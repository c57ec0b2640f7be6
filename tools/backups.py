"""Data integrity: tables held against their backup."""

from dataclasses import dataclass

from ..errors import ToolFailed
from ..targets.survey import Surveying
from .base import Bench, Effect, Row, Table, tool

NATURAL_SHARE = 0.2
"""A column that differs in more rows than this is one that moves in normal business."""


@dataclass(frozen=True, slots=True)
class BackupDifference(Row):
    """One column of a table against its backup."""

    table: str
    column: str
    rows: int
    rows_differing: int
    share: float | None
    suspect: bool


@tool(Effect.read)
def backup_differences(bench: Bench) -> Table[BackupDifference]:
    """Rows that differ from the backup, per table and column.

    A column that normal business changes differs in many rows; damage shows in few rows of a
    column that otherwise stands still. Use it when a service fails on some of its data.
    """
    if bench.survey is None:
        raise ToolFailed("no system to look at: backups cannot be compared from telemetry alone")
    tables = bench.survey.inventory().tables
    rows = [row for table in tables for row in _rows(bench.survey, table, tables[table])]
    rows.sort(key=lambda row: (not row.suspect, -row.rows_differing))
    suspect = [f"{row.table}.{row.column}" for row in rows if row.suspect]
    return Table(
        rows, f"{len(rows)} columns differ; damaged by the look of it: {suspect or 'none'}"
    )


def _rows(survey: Surveying, table: str, columns: list[str]) -> list[BackupDifference]:
    difference = survey.compare(table)
    return [
        BackupDifference(
            table=table,
            column=column,
            rows=difference.rows,
            rows_differing=count,
            share=round(count / difference.rows, 4) if difference.rows else None,
            suspect=0 < count <= NATURAL_SHARE * max(difference.rows, 1),
        )
        for column, count in difference.by_column.items()
        if count and column in columns
    ]
