"""Log lines and spans of a recording as columns, and the tables of their windows."""

import duckdb
import numpy as np

from ..analysis.requests.tables import NONE, LogTable, Op, SpanTable, span_table
from .columns import KEY, Columns
from .model import CALLEES, STATUS_CODE, Window, called, is_failure
from .records import LEVELS, LONGEST_MESSAGE, decoded

LOG_NUMBERS = {
    "ts": "ts",
    "span": "CASE WHEN coalesce(trace_id, '') = '' OR coalesce(span_id, '') = '' THEN 0"
    f" ELSE {KEY.format('span_id')} END",
    "weight": "greatest(1, coalesce(weight, 1))",
}


class LogColumns:
    """Every log line. Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        self.columns = Columns("logs", LOG_NUMBERS, "service, level", _log_kind)

    def table(self, db: duckdb.DuckDBPyConnection, held: int, window: Window) -> LogTable:
        """The lines inside a window."""
        found = self.columns.take(db, held)
        inside = np.flatnonzero((found["ts"] >= window.start) & (found["ts"] < window.end))
        rows = inside[np.argsort(found["ts"][inside], kind="stable")]
        kinds, kind = self.columns.kinds[: self.columns.kinds_of(held)], found["kind"][rows]
        services, service = _numbers([name for name, _ in kinds])
        levels, level = _numbers([name for _, name in kinds])
        ts, *rest = (found[name][rows] for name in ("ts", "span", "rowid", "weight"))
        return LogTable(services, levels, ts, service[kind], level[kind], *rest)


def messages(db: duckdb.DuckDBPyConnection, rows: np.ndarray) -> list[str]:
    """The texts of these rows, in this order, cut as records are."""
    if not rows.size:
        return []
    query = f"SELECT rowid, left(message, {LONGEST_MESSAGE}) AS message FROM logs"
    low, high = int(rows.min()), int(rows.max())
    if rows.size > (high - low) / 4:  # most of a range: reading all of it is the quickest
        query += f" WHERE rowid BETWEEN {low} AND {high} ORDER BY rowid"
        found = db.execute(query).fetchnumpy()
    else:
        query += " WHERE rowid IN (SELECT unnest(?)) ORDER BY rowid"
        found = db.execute(query, [rows.tolist()]).fetchnumpy()
    return found["message"][np.searchsorted(found["rowid"], rows)].tolist()


def _log_kind(service: str | None, level: str | None) -> tuple[str, str]:
    word = (level or "info").lower()
    return service or "", LEVELS.get(word, word)


def _numbers(names: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Different names in order, and the number of each name given."""
    different = sorted(set(names))
    number = {name: i for i, name in enumerate(different)}
    return tuple(different), np.array([number[name] for name in names], np.int64)


DRAWN = "(weight IS NULL OR weight > 0)"
"""Whether a row was not sought out: shares of such rows are those of the whole."""
SPAN_NUMBERS = {
    "start": '"start"',
    "ms": "duration_ms",
    "trace": "hash(trace_id)",
    "key": KEY.format("span_id"),
    "parent": f"CASE WHEN coalesce(parent_id, '') = '' THEN 0 ELSE {KEY.format('parent_id')} END",
    "drawn": DRAWN,
}
FACTS = ", ".join(f"""'$."{name}"'""" for name in (*CALLEES, STATUS_CODE))
SPAN_TEXTS = f"service, name, kind, status, json_extract(attributes, [{FACTS}])::VARCHAR[]"


class SpanColumns:
    """Every span. Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        self.columns = Columns("traces", SPAN_NUMBERS, SPAN_TEXTS, _span_kind)

    def table(
        self,
        db: duckdb.DuckDBPyConnection,
        held: int,
        window: Window,
        linked: bool,
        drawn: bool = False,
    ) -> SpanTable:
        """The spans that start inside a window; linked among themselves, or as they came; drawn:
        without those that were sought out."""
        found = self.columns.take(db, held)
        meant = (found["start"] >= window.start) & (found["start"] < window.end)
        inside = np.flatnonzero(meant & found["drawn"] if drawn else meant)
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


def _span_kind(
    service: str, name: str | None, kind: str | None, status: str | None, facts: list[str | None]
) -> tuple[Op, bool]:
    """A kind of work, and whether it failed."""
    *callees, code = (decoded(fact) for fact in facts or [None] * (len(CALLEES) + 1))
    sort = (kind or "internal").lower()
    peer = called(callees) if sort == "client" else ""
    return Op(service, name or "", peer, sort), is_failure((status or "unset").lower(), code)
