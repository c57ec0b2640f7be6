"""Every span of a recording as columns, and the tables of its windows."""

import json
from typing import Any

import duckdb
import numpy as np

from ..analysis.requests.tables import NONE, Op, SpanTable, span_table
from .columns import KEY, Columns
from .model import Window
from .spans import CALLEES, STATUS_CODE, called, is_failure

NUMBERS = {
    "start": '"start"',
    "ms": "duration_ms",
    "trace": "hash(trace_id)",
    "key": KEY.format("span_id"),
    "parent": f"CASE WHEN coalesce(parent_id, '') = '' THEN 0 ELSE {KEY.format('parent_id')} END",
}
FACTS = ", ".join(f"""'$."{name}"'""" for name in (*CALLEES, STATUS_CODE))
TEXTS = f"service, name, kind, status, json_extract(attributes, [{FACTS}])::VARCHAR[]"


class SpanColumns:
    """Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        self.columns = Columns("traces", NUMBERS, TEXTS, _kind)

    def table(
        self, db: duckdb.DuckDBPyConnection, held: int, window: Window, linked: bool
    ) -> SpanTable:
        """The spans that start inside a window; linked among themselves, or as they came."""
        found = self.columns.take(db, held)
        inside = np.flatnonzero((found["start"] >= window.start) & (found["start"] < window.end))
        if not linked:
            inside = inside[np.argsort(found["start"][inside], kind="stable")]
        names = ("kind", "trace", "key", "parent", "start", "ms", "rowid")
        kind, trace, key, parent, start, ms, ids = (found[name][inside] for name in names)
        _, trace = np.unique(trace, return_inverse=True)
        ops, op, error = self._ops(kind)
        columns = ops, op, trace.astype(np.int64), key
        if linked:
            return span_table(*columns, parent, start=start, ms=ms, error=error)
        alone = np.full(key.size, NONE, np.int64)
        rest = alone, start, ms, error, parent == 0, ids
        return SpanTable(tuple(ops), *columns[1:], *rest)

    def rowids(
        self, db: duckdb.DuckDBPyConnection, held: int, table: SpanTable, rows: np.ndarray
    ) -> np.ndarray:
        """The row ids of the spans in these rows of a table."""
        if table.record is not None:
            return table.record[rows]
        return _with_keys(self.columns.take(db, held), table.key[rows]) if rows.size else rows

    def _ops(self, kind: np.ndarray) -> tuple[list[Op], np.ndarray, np.ndarray]:
        """Kinds of work that occur; each row's, and whether it failed."""
        occurring, place = np.unique(kind, return_inverse=True)
        kinds = [self.columns.kinds[i] for i in occurring.tolist()]
        ops = list(dict.fromkeys(op for op, _ in kinds))
        number = {op: i for i, op in enumerate(ops)}
        op = np.array([number[op] for op, _ in kinds], np.int64)
        error = np.array([failed for _, failed in kinds], bool)
        return ops, op[place], error[place]


def _with_keys(columns: dict[str, np.ndarray], keys: np.ndarray) -> np.ndarray:
    """The row id of a span with each of these keys, which must be known ones."""
    every = columns["key"]
    wanted, place = np.unique(keys, return_inverse=True)
    at = np.minimum(np.searchsorted(wanted, every), wanted.size - 1)
    rows = np.zeros(wanted.size, np.int64)
    hit = wanted[at] == every
    rows[at[hit]] = columns["rowid"][hit]  # of several with one key the last
    return rows[place]


def _kind(
    service: str, name: str | None, kind: str | None, status: str | None, facts: list[str | None]
) -> tuple[Op, bool]:
    """A kind of work, and whether it failed."""
    *callees, code = (_value(fact) for fact in facts or [None] * (len(CALLEES) + 1))
    sort = (kind or "internal").lower()
    peer = called(callees) if sort == "client" else ""
    return Op(service, name or "", peer, sort), is_failure((status or "unset").lower(), code)


def _value(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
