"""Telemetry out of a bundle: a directory of JSON lines, live or kept."""

from collections.abc import Callable, Collection, Hashable
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..analysis.requests.log_table import LogTable
from ..analysis.requests.span_table import SpanTable
from ..errors import BundleError
from .catalogue import CatalogueFile, read_json
from .coverage import cover, held
from .file_follower import Tail
from .kept import Kept
from .log_columns import LogColumns, messages
from .metric_columns import MetricColumns
from .model import Catalogue, Change, Coverage, LogRecord, Series, Span, Window
from .queries import Answer, Copies, run
from .records import LEVELS, Records, change, log_record, span
from .span_columns import SpanColumns
from .tables import COLUMNS, TIME, Loaded, Tables

T = TypeVar("T")

FORMAT = "warroom-bundle/1"
ROUTE = """coalesce(nullif(json_extract_string(attributes, '$."http.route"'), ''), name, '')"""
MEASURED = r"""regexp_matches(attributes, ':\s*-?[0-9]') AND regexp_matches(regexp_replace(
attributes, '[{,]\s*"(?:[^"]*[._])?(?:' || ? || ')"\s*:', '', 'gi'), ':\s*-?[0-9]')"""
"""A number follows the name of an attribute, once the names that end in some words are away."""
NEWEST, KIND = 'arg_max(rowid, ("start", rowid))', "name, status_message, attributes"
PATTERNS = {
    "metrics": "metrics/*.jsonl",
    "logs": "logs/*.jsonl",
    "traces": "traces/*.jsonl",
    "changes": "changes.jsonl",
}


class Bundle:
    """Implements `Telemetry` over a directory in the format warroom-bundle/1.

    Every query first takes in the lines that were appended since the last one, so a bundle that
    is being written answers with what it holds now. Safe to use from several threads.

    Raises BundleError where there is no such directory or it is not a bundle.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.header = _header(self.root)
        self.catalogue_file = CatalogueFile(self.root / "catalogue.json")
        self.tails = {name: Tail(self.root, pattern) for name, pattern in PATTERNS.items()}
        self.loaded = {name: Loaded(0, 0) for name in PATTERNS}
        self.tables = Tables()
        self.copies = Copies(Path(self.tables.spool.name))
        self.logs_seen = Records("logs", log_record)
        self.spans_seen = Records("traces", span)
        self.changes_seen = Records("changes", change)
        self.metric_columns = MetricColumns()
        self.span_columns = SpanColumns()
        self.log_columns = LogColumns()
        self.kept = Kept()
        self.lock = RLock()

    def close(self) -> None:
        """Give back memory and temporary files."""
        self.kept.clear()
        with self.lock:
            self.tables.close()

    def refresh(self, *modalities: str) -> None:
        """Take in what was appended; all modalities by default."""
        for modality in modalities or tuple(COLUMNS):
            for chunk in self.tails[modality].read():
                added = self.tables.add(modality, chunk)
                total = self.loaded[modality]
                self.loaded[modality] = Loaded(total.lines + added.lines, total.rows + added.rows)

    def catalogue(self) -> Catalogue:
        """The service catalogue; an empty one where there is no catalogue.json."""
        return self.catalogue_file.catalogue()

    def coverage(self) -> list[Coverage]:
        """First and last time, rows and problems per modality."""
        found = self.remember("held", self._locked(lambda: held(self.tables.db)))
        with self.lock:
            return cover(found, self.tails, self.loaded)

    def metrics(
        self, window: Window, names: list[str], services: list[str] | None = None
    ) -> list[Series]:
        """Raw series of these metric names inside the window."""
        with self.lock:
            self.refresh("metrics")
            held = self.loaded["metrics"].rows
            return self.metric_columns.series(self.tables.db, held, window, names, services)

    def metric_names(self) -> list[tuple[str, str]]:
        """(service, metric name) pairs seen."""
        with self.lock:
            self.refresh("metrics")
            kinds = self.metric_columns.kinds(self.tables.db, self.loaded["metrics"].rows)
        return sorted({(service, name) for name, service, *_ in kinds})

    def logs(
        self,
        window: Window,
        services: list[str] | None = None,
        levels: list[str] | None = None,
        contains: str = "",
        limit: int = 100_000,
        having: Collection[str] = (),
    ) -> list[LogRecord]:
        """Log records inside the window, oldest first; `contains` in any case of letters."""
        where, values = _where("logs", window, services, having)
        if contains:
            where, values = f"{where} AND contains(lower(message), lower(?))", [*values, contains]
        if levels is not None:
            where += " AND list_contains(?, coalesce(lower(level), 'info'))"
            values.append([*levels, *(word for word, ours in LEVELS.items() if ours in levels)])
        return self._records("logs", self.logs_seen, where, values, limit)

    def spans(
        self,
        window: Window,
        services: list[str] | None = None,
        errors_only: bool = False,
        limit: int = 200_000,
        having: Collection[str] = (),
        route: str = "",
        trace_id: str = "",
        measured_but: Collection[str] = (),
        different: bool = False,
    ) -> list[Span]:
        """Spans that start inside the window, oldest first."""
        where, values = _where("traces", window, services, having)
        if errors_only:
            where += " AND lower(status) = 'error'"
        if trace_id:
            where, values = f"{where} AND trace_id = ?", [*values, trace_id]
        if route:
            where, values = f"{where} AND regexp_matches({ROUTE}, ?, 'i')", [*values, route]
        if measured_but:
            where, values = f"{where} AND {MEASURED}", [*values, "|".join(measured_but)]
        if different:
            where = f"rowid IN (SELECT {NEWEST} FROM traces WHERE {where} GROUP BY {KIND})"
        return self._records("traces", self.spans_seen, where, values, limit)

    def span_table(self, window: Window, linked: bool = True) -> SpanTable:
        """The spans that start inside the window, as columns."""
        db, loaded = self.tables.db, self.loaded
        read = self._locked(
            lambda: self.span_columns.table(db, loaded["traces"].rows, window, linked)
        )
        return self.remember(("spans", window, linked), read)

    def spans_of(self, table: SpanTable, rows: NDArray[np.int64]) -> list[Span]:
        """The whole records behind these rows of a span table."""
        with self.lock:
            ids = self.span_columns.rowids(table, rows).tolist()
            return self.spans_seen.fetch(self.tables.db, ids)

    def log_table(self, window: Window) -> LogTable:
        """The log lines inside the window, as columns."""
        db, loaded = self.tables.db, self.loaded
        read = self._locked(lambda: self.log_columns.table(db, loaded["logs"].rows, window))
        return self.remember(("logs", window), read)

    def messages(self, lines: LogTable) -> list[str]:
        """The text of each of these lines."""
        with self.lock:
            return messages(self.tables.db, lines.row)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` answers, kept while no line arrives."""
        with self.lock:
            self.refresh()
            stamp = tuple(total.rows for total in self.loaded.values())
        return self.kept.get(key, stamp, make)

    def changes(self, window: Window) -> list[Change]:
        """Changes inside the window, oldest first."""
        where, values = _where("changes", window, None)
        return self._records("changes", self.changes_seen, where, values, 10_000)

    def query(self, sql: str, most: int, seconds: float = 10) -> Answer:
        """At most so many rows of one SELECT over metrics, logs, traces, changes.

        Raises ToolRetry for what is not allowed or wrong, ToolFailed for what takes too much.
        """
        with self.lock:
            self.refresh()
            parts = self.copies.bring_up(self.tables.db)
        return run(self.copies.folder, parts, sql, most, seconds)

    def _locked(self, read: Callable[[], T]) -> Callable[[], T]:
        """The same with the lock held; whoever holds it never waits for what another works out."""

        def alone() -> T:
            with self.lock:
                return read()

        return alone

    def _records(
        self, table: str, records: Records, where: str, values: list[Any], limit: int
    ) -> list[Any]:
        query = f'SELECT rowid FROM {table} WHERE {where} ORDER BY "{TIME[table]}", rowid LIMIT ?'
        with self.lock:
            self.refresh(table)
            rows = self.tables.db.execute(query, [*values, limit]).fetchnumpy()["rowid"]
            return records.fetch(self.tables.db, rows.tolist())


def _where(
    table: str, window: Window, services: list[str] | None, having: Collection[str] = ()
) -> tuple[str, list[Any]]:
    time = f'"{TIME[table]}"'
    where, values = f"{time} >= ? AND {time} < ?", [window.start, window.end]
    if having:  # the text of the attributes is enough: records are few then, and are looked at
        where += f" AND ({' OR '.join(['contains(attributes, ?)'] * len(having))})"
        values += [f'"{name}"' for name in having]
    if services is None:
        return where, values
    return f"{where} AND list_contains(?, service)", [*values, services]


def _header(root: Path) -> dict[str, Any]:
    if not root.is_dir():
        raise BundleError(f"{root} is not a directory; name the directory of a telemetry bundle")
    if not (root / "bundle.json").exists():
        raise BundleError(
            f"{root} holds no bundle.json, so it is not a telemetry bundle; "
            f'a bundle is described by {{"format": "{FORMAT}", ...}} there'
        )
    header = read_json(root / "bundle.json")
    found = header.get("format") if isinstance(header, dict) else None
    if found != FORMAT:
        raise BundleError(
            f"{root / 'bundle.json'}: format is {found!r}; this Warroom reads {FORMAT!r}"
        )
    return header
