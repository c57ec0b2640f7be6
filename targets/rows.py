"""The SQL of a row repair, composed safely: names are quoted, values never interpolated.

`dump` is a temporary table that holds the backup; `live` is the table as it stands.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import LiteralString

from psycopg.sql import SQL, Composable, Composed, Identifier

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

    def compare(self) -> Composed:
        """One row: live rows, changed, missing in live, new in live, changed per column."""
        return self._fill(
            "SELECT count({live_key}), count(*) FILTER (WHERE {both} AND {changed}),"
            " count(*) FILTER (WHERE {live_key} IS NULL),"
            " count(*) FILTER (WHERE {dump_key} IS NULL), {per_column}"
            " FROM dump FULL JOIN {table} live USING ({key})"
        )

    def keep(self, kept: str) -> Composed:
        """Copy what a repair is about to replace; of missing rows only the key."""
        return self._fill(
            "CREATE TABLE {kept} AS SELECT {before}, {live_key} IS NOT NULL AS {was_there}"
            " FROM dump LEFT JOIN {table} live USING ({key})"
            " WHERE {live_key} IS NULL OR {changed}",
            kept,
        )

    def repair(self, kept: str) -> Composed:
        """Write the backup's values of the compared columns into the kept rows."""
        return self._fill(
            "UPDATE {table} live SET {from_dump} FROM dump JOIN {kept} kept USING ({key})"
            " WHERE ({live_keys}) = ({dump_keys}) AND kept.{was_there}",
            kept,
        )

    def add_missing(self, kept: str) -> Composed:
        """Insert the rows that were gone, whole."""
        return self._fill(
            "INSERT INTO {table} ({columns}) SELECT {dump_columns} FROM dump"
            " JOIN {kept} kept USING ({key}) WHERE NOT kept.{was_there}",
            kept,
        )

    def restore(self, kept: str) -> Composed:
        """Write the kept values back."""
        return self._fill(
            "UPDATE {table} live SET {from_kept} FROM {kept} kept"
            " WHERE ({live_keys}) = ({kept_keys}) AND kept.{was_there}",
            kept,
        )

    def remove_added(self, kept: str) -> Composed:
        """Delete the rows that the repair had added."""
        return self._fill(
            "DELETE FROM {table} live USING {kept} kept"
            " WHERE ({live_keys}) = ({kept_keys}) AND NOT kept.{was_there}",
            kept,
        )

    def _fill(self, template: LiteralString, kept: str = "") -> Composed:
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
