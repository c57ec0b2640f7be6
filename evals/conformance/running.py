"""Real servers on loopback, as the table of backends says. Each begins empty, and rows of a bundle
are pushed into it by its own ingest API."""

import json
import operator
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from string import Template
from typing import Any

import httpx
from tenacity import Retrying, stop_after_attempt, wait_fixed
from tenacity.retry import retry_if_exception_type, retry_if_result

from ...drills.layout import free_ports
from .otlp_documents import document
from .servers import LIVE

Row = dict[str, Any]
WAIT_S, TRIES = 0.1, 600
SERVICE = "service.name"
"""The field of a line that tells whose it is."""
PART = 20_000
"""Rows that are pushed at once."""


class RealServer:
    """One server of the table. `push` returns once the rows are found."""

    name: str
    modality: str
    behind = 0  # the port of what it hands on to

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.table = root, LIVE[self.name]
        self.rows: list[Row] = []
        self.port, self.ingest = free_ports(2)
        self.where = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=f"http://localhost:{self.port}", trust_env=False)
        self.process = self.started()

    def started(self) -> subprocess.Popen[bytes]:
        """Its process, once it answers."""
        config, data = self.root / "config.yaml", self.root / "data"
        known = {"port": self.port, "ingest": self.ingest, "config": config, "data": data}
        known |= {"behind": self.behind, "jars": self.table.library}
        known |= {"main": Path(__file__).parent / self.table.main}
        config.write_text(Template(self.table.config).substitute(known))
        arguments = [Template(one).substitute(known) for one in self.table.arguments]
        with (self.root / "log").open("ab") as log:
            command = [str(self.table.program), *arguments]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.root)
        self.eventually(self.answers)
        return self.process

    @property
    def kind(self) -> str:
        """Of the data source that reads it."""
        return self.table.type

    def write(self, modality: str, *rows: Row) -> None:
        """Rows of a bundle; what it is not for is not held."""
        if modality == self.modality:
            self.rows += rows
            for start in range(0, len(rows), PART):
                self.push(rows[start : start + PART])

    def push(self, rows: tuple[Row, ...]) -> None:
        """By its own ingest API."""
        raise NotImplementedError

    def post(self, path: str, **request: Any) -> None:
        """A question that has to be answered with a success."""
        self.client.post(path, **request).raise_for_status()

    def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds. Raises RetryError where it never does."""
        passing = retry_if_exception_type(httpx.HTTPError) | retry_if_result(operator.not_)
        Retrying(stop=stop_after_attempt(TRIES), wait=wait_fixed(WAIT_S), retry=passing)(holds)

    def answers(self) -> bool:
        """Whether it is up. Raises AssertionError with its last words where it ended."""
        assert self.process.poll() is None, (self.root / "log").read_text()[-2000:]
        return self.client.get(self.table.ready).is_success

    def fail(self) -> None:
        """Be down from now on."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it."""
        self.fail()


class RealVictoriaLogs(RealServer):
    """Takes JSON lines."""

    name, modality, service = "VictoriaLogs", "logs", SERVICE

    def push(self, rows: tuple[Row, ...]) -> None:
        """They are found at once."""
        send_lines(self.where, rows, self.service)
        self.client.get("internal/force_flush").raise_for_status()


def send_lines(url: str, rows: Iterable[Row], service: str = SERVICE) -> None:
    """Lines of a bundle to a VictoriaLogs, as its agents do; the service and the instance tell its
    streams. Raises httpx.HTTPError."""
    lines = "\n".join(json.dumps(line_of(row, service)) for row in rows)
    streams = {"_stream_fields": f"{service},instance"}
    place = f"{url}/insert/jsonline"
    httpx.post(place, params=streams, content=lines, trust_env=False).raise_for_status()


def line_of(row: Row, service: str = SERVICE) -> Row:
    """With what it says of itself as fields."""
    names = ("instance", "level", "trace_id", "span_id")
    told = {name: row[name] for name in names if row.get(name)}
    own = {**row.get("attributes", {}), **row.get("labels", {})}
    known = {name: str(value) for name, value in own.items()}
    ns = round(row["ts"] * 1e6) * 1000
    return {"_time": ns, "_msg": row["message"], service: row["service"], **told, **known}


def send_spans(url: str, rows: Iterable[Row]) -> None:
    """Spans of a bundle to what takes OTLP over HTTP. Raises httpx.HTTPError."""
    httpx.post(f"{url}/v1/traces", json=document(rows), trust_env=False).raise_for_status()


class RealJaeger(RealServer):
    """Takes OTLP."""

    name, modality = "Jaeger", "traces"

    def push(self, rows: tuple[Row, ...]) -> None:
        """They are found a moment after they were taken."""
        send_spans(self.taking, rows)
        for trace in {row["trace_id"] for row in rows}:
            self.eventually(lambda trace=trace: self.held(trace))

    @property
    def taking(self) -> str:
        """Where it takes OTLP."""
        return f"http://127.0.0.1:{self.ingest}"

    def held(self, trace: str) -> bool:
        """Whether all spans of it are found."""
        wanted = sum(row["trace_id"] == trace for row in self.rows)
        found = self.client.get(f"api/traces/{trace}")
        return found.is_success and len(found.json()["data"][0]["spans"]) >= wanted
