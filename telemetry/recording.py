"""What the engine reads: one stable state of what was recorded of a system.

A recording never changes. When more has come, a recorder hands out another one; both share the
tables, in which rows are only ever added, and the answers that hold for both.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..analysis.requests.tables import LogTable, SpanTable
from .coverage import Range, clock_problems, cover, unread
from .event_columns import DRAWN, messages
from .model import (
    STATUS_CODE,
    Catalogue,
    Change,
    Coverage,
    LogRecord,
    Series,
    Span,
    StateFact,
    Window,
)
from .queries import QueryAnswer, run
from .records import LEVELS, Records
from .sources.source import EVER
from .tables import OWN, TIME, Tables, as_line

T = TypeVar("T")

REFUSED = f"""regexp_matches(json_extract_string(attributes, '$."{STATUS_CODE}"'), '^[45]..$')"""
"""Whether a span was answered by the code of an error."""
ROUTE = """coalesce(nullif(json_extract_string(attributes, '$."http.route"'), ''), name, '')"""
MEASURED = r"""regexp_matches(attributes, ':\s*-?[0-9]') AND regexp_matches(regexp_replace(
attributes, '[{,]\s*"(?:[^"]*[._])?(?:' || ? || ')"\s*:', '', 'gi'), ':\s*-?[0-9]')"""
"""A number follows the name of an attribute, once the names that end in some words are away."""
NEWEST, KIND = 'arg_max(rowid, ("start", rowid))', "name, status_message, attributes"
MOST = {"logs": 100_000, "traces": 200_000, "changes": 10_000, "state": 100_000}
"""Records of one answer."""
PAGE_ROWS = 50_000
"""Rows that are written at once: bounds memory."""
CLOCKS = 1.1
"""Clocks are compared again once there are so many times as many rows: they do not jump about."""


@dataclass(frozen=True, eq=False)
class Recording:
    """The first `held` rows of each table. All methods only read; safe to use from several threads.

    Times are unix seconds; an empty window is an empty answer, not an error.
    """

    tables: Tables
    held: Mapping[str, int]
    known: Catalogue = field(default_factory=Catalogue)
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the sources left out or could not answer, in words, by modality."""
    gaps: tuple[tuple[str, str], ...] = ()
    """(modality, why) of sources that gave nothing when they were asked last."""
    sampled: frozenset[str] = frozenset()  # modalities of which a part was chosen
    absent: str = ""
    """Why there is nothing at all; empty where there are sources."""
    hidden: frozenset[str] = frozenset()  # of a view: samples that are not in it
    drawn: frozenset[str] = frozenset()  # those without what was sought out
    every: "Recording | None" = None  # what it is a view of

    def needing(self, counts: Collection[str] = (), shares: Collection[str] = ()) -> "Recording":
        """All of it but samples: for who counts rows of a modality or says that there are none,
        nothing of them; for who compares shares or durations, what was not sought out."""
        hidden = self.hidden | self.sampled.intersection(counts)
        drawn = self.drawn | self.sampled.intersection(shares) - hidden
        if (hidden, drawn) == (self.hidden, self.drawn):
            return self
        held = {name: 0 if name in hidden else rows for name, rows in self.held.items()}
        return replace(self, held=held, hidden=hidden, drawn=drawn, every=self.every or self)

    def close(self) -> None:
        """Give back memory and temporary files, of this recording and all that share its tables."""
        with self.tables.lock:
            self.tables.close()

    def catalogue(self) -> Catalogue:
        """The service catalogue; an empty one where there is none. Shared: never written into."""
        self.tables.kept.note(("catalogue", id(self.known)))
        return self.known

    def coverage(self) -> list[Coverage]:
        """First and last time, rows and problems per modality."""
        ranges = {name: self._range(name) for name in self.held}
        unseen = {
            **self.unseen,
            "state": [*self.unseen.get("state", ()), *unread(self.state(EVER.end))],
        }
        return cover(ranges, self._clocks(), unseen)

    def metrics(
        self, window: Window, names: list[str], services: list[str] | None = None
    ) -> list[Series]:
        """Raw series of these metric names inside the window."""
        self._note("metrics", window)
        with self.tables.lock:
            held = self.held["metrics"]
            return self.tables.metrics.series(self.tables.db, held, window, names, services)

    def metric_names(self) -> list[tuple[str, str]]:
        """(service, metric name) pairs seen."""
        with self.tables.lock:
            kinds = self.tables.metrics.kinds(self.tables.db, self.held["metrics"])
        self.tables.kept.note(("metric names", len(kinds)))
        return sorted({(service, name) for name, service, *_ in kinds if not name.startswith(OWN)})

    def logs(
        self,
        window: Window,
        services: list[str] | None = None,
        levels: list[str] | None = None,
        having: Collection[str] = (),
    ) -> list[LogRecord]:
        """Log records inside the window, oldest first; `having` one of these attributes."""
        where, values = _where("logs", window, services, having)
        if levels is not None:
            where += " AND list_contains(?, coalesce(lower(level), 'info'))"
            values.append([*levels, *(word for word, ours in LEVELS.items() if ours in levels)])
        self._note("logs", window)
        return self._records("logs", self.tables.log_records, where, values)

    def spans(
        self,
        window: Window,
        having: Collection[str] = (),
        route: str = "",
        trace_id: str = "",
        measured_but: Collection[str] = (),
        different: bool = False,
        failed: bool = False,
        services: list[str] | None = None,
    ) -> list[Span]:
        """Spans that start inside the window, oldest first.

        `having` one of these attributes; `route`: a regular expression (RE2, case ignored) that
        their http.route matches, or their name where they have none; `trace_id`: of this one;
        `measured_but`: with a number among their attributes whose name does not end in one of
        these words, and maybe others; `different`: of those with the same name, status message
        and attributes only the newest; `failed`: with the status "error", or answered by a code of
        400 and above: a server that refuses leaves its status unset; `services`: only of these.
        """
        where, values = _where("traces", window, services, having)
        where += f" AND {DRAWN}" if "traces" in self.drawn else ""
        if trace_id:
            where, values = f"{where} AND trace_id = ?", [*values, trace_id]
        if route:
            where, values = f"{where} AND regexp_matches({ROUTE}, ?, 'i')", [*values, route]
        if measured_but:
            where, values = f"{where} AND {MEASURED}", [*values, "|".join(measured_but)]
        if failed:
            where = f"{where} AND (lower(status) = 'error' OR {REFUSED})"
        if different:
            held = f"rowid < {self.held['traces']}"
            newest = f"SELECT {NEWEST} FROM traces WHERE {where} AND {held} GROUP BY {KIND}"
            where = f"rowid IN ({newest})"
        self._note("traces", window)
        return self._records("traces", self.tables.span_records, where, values)

    def span_table(self, window: Window, linked: bool = True) -> SpanTable:
        """The spans that start inside the window as columns, in order of start. Shared: never
        written into.

        Linked: each with its parent, and of several under one id the last. Else
        every one as it came and without parents, which is quicker.
        """
        return self.remember(("spans", window, linked), lambda: self._span_table(window, linked))

    def spans_of(self, table: SpanTable, rows: NDArray[np.int64]) -> list[Span]:
        """The whole records behind these rows of a span table, in this order."""
        tables = self.tables
        with tables.lock:
            ids = tables.spans.rowids(tables.db, self.held["traces"], table, rows).tolist()
            return tables.span_records.fetch(tables.db, ids)

    def log_table(self, window: Window) -> LogTable:
        """The log lines inside the window as columns. Shared: never written into."""
        return self.remember(("logs", window), lambda: self._log_table(window))

    def messages(self, lines: LogTable) -> list[str]:
        """The text of each of these lines."""
        with self.tables.lock:
            return messages(self.tables.db, lines.row)

    def changes(self, window: Window) -> list[Change]:
        """Deploys, commits, flags, configuration inside the window, oldest first."""
        where, values = _where("changes", window, None)
        self._note("changes", window)
        return self._records("changes", self.tables.change_records, where, values)

    def state(self, until: float) -> list[StateFact]:
        """What was written down of the system's state before `until`, oldest first: a fact holds
        until the same object has another value."""
        window = Window(EVER.start, until)
        where, values = _where("state", window, None)
        self._note("state", window)
        return self._records("state", self.tables.state_records, where, values)

    def lines(self, modality: str, window: Window) -> Iterator[bytes]:
        """The rows inside the window as a bundle has them, in the order in which they came."""
        time, held = TIME[modality], self.held[modality]
        query = f'SELECT * FROM {modality} WHERE rowid >= ? AND rowid < ? AND "{time}" >= ?'
        query += f' AND "{time}" < ? ORDER BY rowid'
        for start in range(0, held, PAGE_ROWS):
            asked = [start, min(start + PAGE_ROWS, held), window.start, window.end]
            with self.tables.lock:
                rows = self.tables.db.execute(query, asked).fetchall()
            yield from (as_line(modality, row) for row in rows)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` answers; asked again under this key, the same answer as long as nothing has
        come that it rests on. Shared: never written into.

        What `make` reads it reads of this recording, and before it returns.
        """
        return self.tables.kept.get((self.hidden, self.drawn, key), self, make, _differ)

    def query(self, sql: str, most: int, seconds: float = 10) -> QueryAnswer:
        """At most so many rows of one SELECT over metrics, logs, traces, changes.

        Raises ToolRetry for what is not allowed or wrong, ToolFailed for what takes too much.
        """
        for modality in (name for name in self.held if name in sql.lower()):
            self._note(modality, EVER)
        copies = self.tables.copies
        with self.tables.lock:
            parts = copies.bring_up(self.tables.db, self.held)
        return run(copies.folder, parts, sql, most, seconds)

    def _note(self, modality: str, window: Window) -> None:
        self.tables.kept.note((modality, window))

    def _range(self, modality: str) -> Range:
        rows = self.held[modality]
        self._note(modality, EVER)
        start, end = self.tables.arrivals[modality].range(rows)
        return start, end, rows

    def _clocks(self) -> Mapping[str, list[str]]:
        with self.tables.lock:
            rows = self.held["logs"] + self.held["traces"]
            compared = self.tables.clocks
            if compared is None or not compared[0] <= rows <= compared[0] * CLOCKS:
                self.tables.clocks = compared = rows, clock_problems(self.tables.db)
            return compared[1]

    def _span_table(self, window: Window, linked: bool) -> SpanTable:
        self._note("traces", window)
        with self.tables.lock:
            held = self.held["traces"]
            drawn = "traces" in self.drawn
            return self.tables.spans.table(self.tables.db, held, window, linked, drawn)

    def _log_table(self, window: Window) -> LogTable:
        self._note("logs", window)
        with self.tables.lock:
            return self.tables.logs.table(self.tables.db, self.held["logs"], window)

    def _records(self, table: str, records: Records, where: str, values: list[Any]) -> list[Any]:
        query = f"SELECT rowid FROM {table} WHERE {where} AND rowid < {self.held[table]}"
        query += f' ORDER BY "{TIME[table]}", rowid LIMIT ?'
        with self.tables.lock:
            rows = self.tables.db.execute(query, [*values, MOST[table]]).fetchnumpy()["rowid"]
            return records.fetch(self.tables.db, rows.tolist())


def _differ(then: Recording, now: Recording, reads: frozenset[Any]) -> bool:
    """Whether what was read of one recording may be otherwise in another."""
    if then is now or then.sampled != now.sampled:
        return then is not now
    return any(_reads_differ(then, now, *read) for read in reads)


def _reads_differ(then: Recording, now: Recording, what: str, part: Any) -> bool:
    if what == "catalogue":
        return id(now.known) != part
    if what == "metric names":
        return now.tables.metrics.columns.kinds_of(now.held["metrics"]) != part
    return now.tables.arrivals[what].touched(part, then.held[what], now.held[what])


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
