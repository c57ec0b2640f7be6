"""Logs and spans of a root-cause case as the JSON lines of a bundle; DuckDB reads and writes them.

A case has up to 70,000 spans: half a second here. What the format does not say of a span is read
off the trace: a span is a server's where its parent is another service's or none, a client's where
a child of it is another service's (who is called is then known: peer.service), else internal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ..errors import InputError
from .rca_cases import RcaCase

READ = "read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
LOGS = f"""
SELECT ts_ns::BIGINT / 1e9 + ? AS ts, service, coalesce(pod, '') AS instance,
    coalesce(lower(level), 'info') AS level, coalesce(message, '') AS message,
    coalesce(trace_id, '') AS trace_id, coalesce(span_id, '') AS span_id,
    coalesce(attributes, '{{}}')::JSON AS attributes
FROM {READ} ORDER BY ts
"""
SPANS = f"CREATE OR REPLACE TEMP TABLE spans AS SELECT * FROM {READ}"
PARENTS = """
CREATE OR REPLACE TEMP TABLE parents AS
    SELECT trace_id, span_id, any_value(service) AS service FROM spans GROUP BY ALL
"""
CALLS = """
CREATE OR REPLACE TEMP TABLE calls AS
    SELECT s.trace_id, s.parent_id AS span_id, p.service AS caller, min(s.service) AS callee
    FROM spans s JOIN parents p ON p.trace_id = s.trace_id AND p.span_id = s.parent_id
    WHERE p.service <> s.service GROUP BY ALL
"""
TRACES = """
SELECT s.start_ns::BIGINT / 1e9 + ? AS start, s.trace_id, s.span_id,
    coalesce(s.parent_id, '') AS parent_id, s.service, coalesce(s.pod, '') AS instance,
    coalesce(s.operation, '') AS name,
    CASE WHEN p.service IS DISTINCT FROM s.service THEN 'server'
        WHEN c.callee IS NOT NULL THEN 'client' ELSE 'internal' END AS kind,
    s.duration_us::DOUBLE / 1000 AS duration_ms, coalesce(lower(s.status), 'unset') AS status,
    coalesce(s.attributes::JSON ->> 'error', '') AS status_message,
    CASE WHEN p.service = s.service AND c.callee IS NOT NULL
        THEN json_merge_patch(json_object('peer.service', c.callee), coalesce(s.attributes, '{}'))
        ELSE coalesce(s.attributes, '{}')::JSON END AS attributes
FROM spans s
LEFT JOIN parents p ON p.trace_id = s.trace_id AND p.span_id = s.parent_id
LEFT JOIN calls c ON c.trace_id = s.trace_id AND c.span_id = s.span_id
ORDER BY start
"""
TIMES = {"logs": "ts_ns", "traces": "start_ns"}
Edges = set[tuple[str, str]]
"""Caller and callee."""


class Records:
    """Reads the files of one case, writes the lines of one bundle."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db

    def span_of_time(self, file: Path, modality: str) -> tuple[float, float] | None:
        """First and last time, unix seconds; None for a file without a record."""
        time = TIMES[modality]
        query = f"SELECT min({time}::BIGINT) / 1e9, max({time}::BIGINT) / 1e9 FROM {READ}"
        low, high = self._run(query, file).fetchall()[0]
        return None if low is None else (low, high)

    def services(self, file: Path) -> set[str]:
        """Every service that has a record."""
        query = f"SELECT DISTINCT service FROM {READ} WHERE service IS NOT NULL"
        return {name for (name,) in self._run(query, file).fetchall()}

    def logs(self, file: Path, shift: float, target: Path) -> None:
        """Write logs, moved by so many seconds."""
        self._copy(LOGS, [shift, str(file)], target)

    def traces(self, file: Path, shift: float, target: Path) -> Edges:
        """Write spans, moved by so many seconds; returns who calls whom in them."""
        self._run(SPANS, file)
        self.db.execute(PARENTS)
        self.db.execute(CALLS)
        self._copy(TRACES, [shift], target)
        return set(self.db.execute("SELECT DISTINCT caller, callee FROM calls").fetchall())

    def _copy(self, query: str, values: list[object], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        name = str(target).replace("'", "''")
        try:
            self.db.execute(f"COPY ({query}) TO '{name}' (FORMAT json)", values)
        except duckdb.Error as error:
            raise _unreadable(values[-1], error) from error

    def _run(self, query: str, file: Path) -> duckdb.DuckDBPyConnection:
        try:
            return self.db.execute(query, [str(file)])
        except duckdb.Error as error:
            raise _unreadable(file, error) from error


@contextmanager
def records() -> Iterator[Records]:
    """A reader and writer with a connection of its own."""
    with duckdb.connect(config={"threads": 2}) as db:
        yield Records(db)


def sources(case: RcaCase, modality: str) -> dict[str, Path]:
    """The case's own file of logs or traces and the shared healthy one, where there are any."""
    shared = case.baseline_logs if modality == "logs" else case.baseline_traces
    found = {"incident": case.file(f"{modality}.csv.gz"), "baseline": shared}
    return {name: file for name, file in found.items() if file}


def _unreadable(file: object, error: duckdb.Error) -> InputError:
    first = str(error).partition("\n")[0]
    return InputError(f"{file} is not in the format of root-cause cases: {first}")
