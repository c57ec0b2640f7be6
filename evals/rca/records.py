"""Logs and spans of a root-cause case as the JSON lines of a bundle; DuckDB reads and writes them.

A case has up to 70,000 spans: half a second here. What the format does not say of a span is read
off the traces: a span is a server's where its parent is another service's or none; a client's where
its operation, in the incident or the healthy recording, has a child of another service (who is
called is then known: peer.service), answered this time or not; else internal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ...errors import InputError
from .cases import RcaCase

READ = (
    "read_csv($file, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
)
TIMES = {"logs": "ts_ns", "traces": "start_ns"}
SAYS = {"logs": "r.ts_ns, r.service, r.span_id, r.message", "traces": "r.trace_id, r.span_id"}
"""What tells one record from another: whether it is lost hangs on this."""
CHANCE = "CREATE MACRO chance(words) AS (md5_number_lower(words) % 1000000) / 1e6"
LOAD = f"""
CREATE OR REPLACE TEMP TABLE {{table}} AS
    SELECT r.* REPLACE (r.{{time}}::BIGINT
        + CASE WHEN $apart = 0 THEN 0 ELSE
            ($apart * 1e9 * (chance(concat_ws('|', $name, r.service)) - 0.5))::BIGINT
        END AS {{time}})
    FROM {READ} r
    WHERE r.{{time}}::BIGINT / 1e9 >= $since
        AND ($lost = 0 OR chance(concat_ws('|', $name, {{says}})) >= $lost)
"""
"""Whoever hides nothing draws no lots: they take longer than all the rest."""
LOGS = """
SELECT ts_ns / 1e9 + ? AS ts, service, coalesce(pod, '') AS instance,
    coalesce(lower(level), 'info') AS level, coalesce(message, '') AS message,
    coalesce(trace_id, '') AS trace_id, coalesce(span_id, '') AS span_id,
    coalesce(attributes, '{}')::JSON AS attributes
FROM {table} ORDER BY ts
"""
PARENTS = """
CREATE OR REPLACE TEMP TABLE parents AS
    SELECT trace_id, span_id, any_value(service) AS service FROM {table} GROUP BY ALL
"""
CALLS = """
CREATE OR REPLACE TEMP TABLE calls AS
    SELECT s.trace_id, s.parent_id AS span_id, p.service AS caller, min(s.service) AS callee
    FROM {table} s JOIN parents p ON p.trace_id = s.trace_id AND p.span_id = s.parent_id
    WHERE p.service <> s.service GROUP BY ALL
"""
CLIENTS = "CREATE TEMP TABLE clients (service VARCHAR, operation VARCHAR, callee VARCHAR)"
CLIENT = """
INSERT INTO clients SELECT DISTINCT s.service, s.operation, c.callee
FROM {table} s JOIN calls c ON c.trace_id = s.trace_id AND c.span_id = s.span_id
"""
TRACES = """
WITH known AS (
    SELECT service, operation, min(callee) AS callee, count(DISTINCT callee) = 1 AS sure
    FROM clients GROUP BY ALL
)
SELECT s.start_ns / 1e9 + ? AS start, s.trace_id, s.span_id,
    coalesce(s.parent_id, '') AS parent_id, s.service, coalesce(s.pod, '') AS instance,
    coalesce(s.operation, '') AS name,
    CASE WHEN p.service IS DISTINCT FROM s.service THEN 'server'
        WHEN k.callee IS NOT NULL THEN 'client' ELSE 'internal' END AS kind,
    s.duration_us::DOUBLE / 1000 AS duration_ms, coalesce(lower(s.status), 'unset') AS status,
    coalesce(s.attributes::JSON ->> 'error', '') AS status_message,
    CASE WHEN p.service = s.service AND (c.callee IS NOT NULL OR k.sure)
        THEN json_merge_patch(
            json_object('peer.service', coalesce(c.callee, k.callee)), coalesce(s.attributes, '{}'))
        ELSE coalesce(s.attributes, '{}')::JSON END AS attributes
FROM {table} s
LEFT JOIN parents p ON p.trace_id = s.trace_id AND p.span_id = s.parent_id
LEFT JOIN calls c ON c.trace_id = s.trace_id AND c.span_id = s.span_id
LEFT JOIN known k ON k.service = s.service AND k.operation = s.operation
ORDER BY start
"""
Edges = set[tuple[str, str]]
"""Caller and callee."""


@dataclass(frozen=True)
class RecordFile:
    """The records of one file, taken in."""

    file: Path
    modality: str
    part: str  # incident: the case's own; baseline: shared healthy ones
    span: tuple[float, float] | None  # first and last time, unix seconds; None: no record

    @property
    def table(self) -> str:
        """Where they lie."""
        return f"{self.modality}_{self.part}"


class CaseRecords:
    """Reads the files of one case, writes the lines of one bundle."""

    def __init__(self, db: duckdb.DuckDBPyConnection, case: RcaCase) -> None:
        self.db, self.case = db, case
        self.db.execute(CHANCE)
        self.db.execute(CLIENTS)

    def load(self, begin: float) -> list[RecordFile]:
        """Take in what is shown of every file; `begin`: of the incident window, unix seconds."""
        taken = [
            self._load(file, modality, part, begin)
            for modality in TIMES
            for part, file in sources(self.case, modality).items()
        ]
        for source in taken:
            if source.modality == "traces":
                self._calls(source)
                self._run(source, CLIENT)
        return taken

    def services(self, source: RecordFile) -> set[str]:
        """Every service that has a record."""
        query = f"SELECT DISTINCT service FROM {source.table} WHERE service IS NOT NULL"
        return {name for (name,) in self._run(source, query).fetchall()}

    def write(self, source: RecordFile, shift: float, target: Path) -> Edges:
        """Write the lines, moved by so many seconds; returns who calls whom in them."""
        if source.modality == "logs":
            self._copy(source, LOGS, shift, target)
            return set()
        self._calls(source)
        self._copy(source, TRACES, shift, target)
        return set(self.db.execute("SELECT DISTINCT caller, callee FROM calls").fetchall())

    def _calls(self, source: RecordFile) -> None:
        """Who calls whom, span by span."""
        self._run(source, PARENTS)
        self._run(source, CALLS)

    def _load(self, file: Path, modality: str, part: str, begin: float) -> RecordFile:
        """Without the lost ones, by their services' clocks, from the window on where no healthy
        record is shown."""
        seen, time = self.case.part, TIMES[modality]
        source = RecordFile(file, modality, part, None)
        values = {
            **{"file": str(file), "name": self.case.name, "lost": seen.lost},
            **{"apart": seen.apart_s, "since": float("-inf") if seen.healthy else begin},
        }
        query = LOAD.format(table=source.table, time=time, says=SAYS[modality])
        self._run(source, query, values)
        query = f"SELECT min({time}) / 1e9, max({time}) / 1e9 FROM {source.table}"
        low, high = self._run(source, query).fetchall()[0]
        return source if low is None else replace(source, span=(low, high))

    def _copy(self, source: RecordFile, query: str, shift: float, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        name = str(target).replace("'", "''")
        self._run(source, f"COPY ({query}) TO '{name}' (FORMAT json)", [shift])

    def _run(
        self, source: RecordFile, query: str, values: object = None
    ) -> duckdb.DuckDBPyConnection:
        try:
            return self.db.execute(query.replace("{table}", source.table), values)
        except duckdb.Error as error:
            first = str(error).partition("\n")[0]
            raise InputError(
                f"{source.file} is not in the format of root-cause cases: {first}"
            ) from error


@contextmanager
def records(case: RcaCase) -> Iterator[CaseRecords]:
    """A reader and writer with a connection of its own."""
    with duckdb.connect(config={"threads": 2}) as db:
        yield CaseRecords(db, case)


def sources(case: RcaCase, modality: str) -> dict[str, Path]:
    """The case's own file of logs or traces and the shared healthy one, where there are any."""
    shared = case.baseline_logs if modality == "logs" else case.baseline_traces
    found = {"incident": case.file(f"{modality}.csv.gz"), "baseline": shared}
    return {name: file for name, file in found.items() if file}
