"""Every log line of a recording as columns, and the tables of its windows."""

import duckdb
import numpy as np

from ..analysis.requests.tables import LogTable
from .columns import KEY, Columns
from .model import Window
from .records import LEVELS, LONGEST_MESSAGE

NUMBERS = {
    "ts": "ts",
    "span": "CASE WHEN coalesce(trace_id, '') = '' OR coalesce(span_id, '') = '' THEN 0"
    f" ELSE {KEY.format('span_id')} END",
}


class LogColumns:
    """Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        self.columns = Columns("logs", NUMBERS, "service, level", _kind)

    def table(self, db: duckdb.DuckDBPyConnection, held: int, window: Window) -> LogTable:
        """The lines inside a window."""
        found = self.columns.take(db, held)
        inside = np.flatnonzero((found["ts"] >= window.start) & (found["ts"] < window.end))
        rows = inside[np.argsort(found["ts"][inside], kind="stable")]
        kinds, kind = self.columns.kinds[: self.columns.kinds_of(held)], found["kind"][rows]
        services, service = _numbers([name for name, _ in kinds])
        levels, level = _numbers([name for _, name in kinds])
        ts, span, ids = (found[name][rows] for name in ("ts", "span", "rowid"))
        return LogTable(services, levels, ts, service[kind], level[kind], span, ids)


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


def _kind(service: str | None, level: str | None) -> tuple[str, str]:
    word = (level or "info").lower()
    return service or "", LEVELS.get(word, word)


def _numbers(names: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Different names in order, and the number of each name given."""
    different = sorted(set(names))
    number = {name: i for i, name in enumerate(different)}
    return tuple(different), np.array([number[name] for name in names], np.int64)
