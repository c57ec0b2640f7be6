"""Rows against their backup: compare a table with its dump, repair what differs, undo that.

A repair is one transaction. The rows that it replaces are kept in the schema `warroom`, in a
table whose name the receipt carries. SQL is composed safely: names are quoted, values never
interpolated; `dump` is a temporary table that holds the backup, `live` the table as it stands.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier

from ..actions.capabilities import Difference, Receipt, Repaired, RowRepair
from ..actions.inventory import Inventory
from ..errors import ToolFailed
from .database_state import changing

SCHEMA = "warroom"
WAS_THERE = "warroom_was_there"

COLUMNS = """
SELECT a.attname, coalesce(a.attnum = ANY (i.indkey), false)
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True)
class Shape:
    """A table's name, all its columns in order, its primary key, and the columns compared.

    Columns that move in ordinary business (units on hand) must not be compared: a repair of
    them would take back what was sold since the backup.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    compared: tuple[str, ...]

    def sql(self, template: LiteralString, kept: str = "") -> Composed:
        """One of the statements below, for this table and the kept rows of this name."""
        live, dump, compared = self._of("live"), self._of("dump"), self.compared
        return SQL(
            template
        ).format(  # pyright: ignore[reportArgumentType] constants of this file
            table=Identifier(self.table),
            kept=Identifier(SCHEMA, kept),
            was_there=Identifier(WAS_THERE),
            columns=_list(map(Identifier, self.columns)),
            dump_columns=_list(dump(self.columns)),
            key=_list(map(Identifier, self.key)),
            live_keys=_list(live(self.key)),
            dump_keys=_list(dump(self.key)),
            kept_keys=_list(self._of("kept")(self.key)),
            live_key=_list(live(self.key[:1])),
            dump_key=_list(dump(self.key[:1])),
            both=SQL("live.{0} IS NOT NULL AND dump.{0} IS NOT NULL").format(
                Identifier(self.key[0])
            ),
            before=_list([*dump(self.key), *live(compared)]),
            changed=SQL("({})").format(SQL(" OR ").join(_differs(name) for name in compared)),
            per_column=_list(_count_changed(name, self.key[0]) for name in compared),
            from_dump=_list(_assign(name, "dump") for name in compared),
            from_kept=_list(_assign(name, "kept") for name in compared),
        )

    def _of(self, alias: str) -> Callable[[Iterable[str]], list[Composable]]:
        return lambda names: [Identifier(alias, name) for name in names]


COMPARE = (
    "SELECT count({live_key}), count(*) FILTER (WHERE {both} AND {changed}),"
    " count(*) FILTER (WHERE {live_key} IS NULL),"
    " count(*) FILTER (WHERE {dump_key} IS NULL), {per_column}"
    " FROM dump FULL JOIN {table} live USING ({key})"
)
"""One row: live rows, changed, missing in live, new in live, changed per column."""
KEEP = (
    "CREATE TABLE {kept} AS SELECT {before}, {live_key} IS NOT NULL AS {was_there}"
    " FROM dump LEFT JOIN {table} live USING ({key})"
    " WHERE {live_key} IS NULL OR {changed}"
)
"""Copies what a repair is about to replace; of missing rows only the key."""
REPAIR = (
    "UPDATE {table} live SET {from_dump} FROM dump JOIN {kept} kept USING ({key})"
    " WHERE ({live_keys}) = ({dump_keys}) AND kept.{was_there}"
)
"""Writes the backup's values of the compared columns into the kept rows."""
ADD_MISSING = (
    "INSERT INTO {table} ({columns}) SELECT {dump_columns} FROM dump"
    " JOIN {kept} kept USING ({key}) WHERE NOT kept.{was_there}"
)
"""Inserts the rows that were gone, whole."""
RESTORE = (
    "UPDATE {table} live SET {from_kept} FROM {kept} kept"
    " WHERE ({live_keys}) = ({kept_keys}) AND kept.{was_there}"
)
"""Writes the kept values back."""
REMOVE_ADDED = (
    "DELETE FROM {table} live USING {kept} kept"
    " WHERE ({live_keys}) = ({kept_keys}) AND NOT kept.{was_there}"
)
"""Deletes the rows that the repair had added."""


def _differs(name: str) -> Composed:
    return SQL("live.{0} IS DISTINCT FROM dump.{0}").format(Identifier(name))


def _count_changed(name: str, key: str) -> Composed:
    return SQL(
        "count(*) FILTER (WHERE live.{key} IS NOT NULL AND dump.{key} IS NOT NULL AND {differs})"
    ).format(key=Identifier(key), differs=_differs(name))


def _assign(name: str, source: str) -> Composed:
    return SQL("{} = {}").format(Identifier(name), Identifier(source, name))


def _list(parts: Iterable[Composable]) -> Composed:
    return SQL(", ").join(parts)


class Database(RowRepair):
    """A PostgreSQL database and a folder with one <table>.csv per dumped table."""

    def __init__(self, dsn: str, backup: Path) -> None:
        self.dsn = dsn
        self.backup = backup

    def inventory(self) -> Inventory:
        """Tables that have a backup, and their columns."""
        return Inventory(tables={name: self.columns(name) for name in self.tables()})

    def tables(self) -> list[str]:
        """Tables that have a backup."""
        return sorted(path.stem for path in self.backup.glob("*.csv"))

    def columns(self, table: str) -> list[str]:
        """The backup's columns."""
        try:
            with (self.backup / f"{table}.csv").open() as file:
                return next(csv.reader(file), [])
        except OSError as error:
            known = ", ".join(self.tables()) or "none"
            raise ToolFailed(f"{table} has no readable backup; these do: {known}") from error

    def compare(self, table: str, columns: Sequence[str] = ()) -> Difference:
        """Count the rows that differ from the backup in these columns (none given: in any)."""
        with changing(self.dsn) as connection:
            return _compare(connection, self._load(connection, table, columns))

    def repair(self, table: str, columns: Sequence[str], max_rows: int) -> Repaired:
        """Write back these columns where they differ (none given: all), and rows that are gone.

        More than `max_rows` rows: ToolFailed and no change.
        """
        with changing(self.dsn) as connection:
            shape = self._load(connection, table, columns)
            lock = SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(Identifier(table))
            connection.execute(lock)
            found = _compare(connection, shape)
            if not found.damaged:
                note = f"{table} agrees with its backup already"
                return Repaired(table=table, repaired=0, changed=False, note=note)
            if found.damaged > max_rows:
                raise ToolFailed(
                    f"{found.damaged} rows of {table} differ from the backup, more than the "
                    f"{max_rows} approved: is the backup of the right time? Nothing was changed"
                )
            kept = _repair(connection, shape)
        added = f"{found.missing} rows that were gone are back whole" if found.missing else ""
        left = f"{found.new} newer rows left as they are" if found.new else ""
        note = "; ".join(filter(None, [added, left]))
        columns = list(shape.compared)
        return Repaired(
            table=table, columns=columns, repaired=found.damaged, kept_in=kept, note=note
        )

    def restore(self, was: Repaired) -> Receipt:
        """Undo a repair: the kept rows come back, the added ones go."""
        with changing(self.dsn) as connection:
            if not _exists(connection, f'{SCHEMA}."{was.kept_in}"'):
                raise ToolFailed(f"the replaced rows {SCHEMA}.{was.kept_in} are gone: cannot undo")
            shape = _shape(connection, was.table, was.columns)
            removed = connection.execute(shape.sql(REMOVE_ADDED, was.kept_in)).rowcount
            restored = connection.execute(shape.sql(RESTORE, was.kept_in)).rowcount
        return Receipt(note=f"{restored} rows of {was.table} restored, {removed} removed")

    def _load(self, connection: psycopg.Connection, table: str, columns: Sequence[str]) -> Shape:
        """Read the backup into the temporary table `dump`, gone with the transaction."""
        dumped = self.columns(table)
        shape = _shape(connection, table, columns)
        if set(dumped) != set(shape.columns):
            raise ToolFailed(
                f"the backup of {table} has the columns {', '.join(dumped)}, the table has "
                f"{', '.join(shape.columns)}: it is of another schema"
            )
        like = SQL("CREATE TEMP TABLE dump (LIKE {}) ON COMMIT DROP")
        connection.execute(like.format(Identifier(table)))
        names = SQL(", ").join(Identifier(name) for name in dumped)
        statement = SQL("COPY dump ({}) FROM STDIN (FORMAT csv, HEADER match)").format(names)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write((self.backup / f"{table}.csv").read_bytes())
        return shape


def _shape(connection: psycopg.Connection, table: str, columns: Sequence[str]) -> Shape:
    rows = connection.execute(COLUMNS, (f'"{table}"',)).fetchall()
    names, key = tuple(name for name, _ in rows), tuple(name for name, in_key in rows if in_key)
    if not rows:
        raise ToolFailed(f"the database has no table {table}")
    if not key:
        raise ToolFailed(f"{table} has no primary key: rows cannot be matched with the backup")
    rest = [name for name in names if name not in key]
    compared = tuple(name for name in rest if name in columns or not columns)
    if not compared or set(columns) - set(rest):
        raise ToolFailed(f"columns of {table} that can be repaired: {', '.join(rest) or 'none'}")
    return Shape(table, names, key, compared)


def _compare(connection: psycopg.Connection, shape: Shape) -> Difference:
    answer = connection.execute(shape.sql(COMPARE)).fetchall()  # an aggregate: exactly one row
    rows, changed, missing, new, *counts = answer[0]
    per_column = dict(zip(shape.compared, counts, strict=True))
    return Difference(shape.table, rows, changed, missing, new, per_column)


def _repair(connection: psycopg.Connection, shape: Shape) -> str:
    """Keep what is replaced, then replace it; returns the name it is kept under."""
    connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(SCHEMA)))
    number = 1
    while _exists(connection, f'{SCHEMA}."{shape.table}_{number}"'):
        number += 1
    kept = f"{shape.table}_{number}"
    for template in (KEEP, REPAIR, ADD_MISSING):
        connection.execute(shape.sql(template, kept))
    return kept


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", (name,)).fetchone() != (None,)
