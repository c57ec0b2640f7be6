"""The real servers of the table of backends, by name."""

import json
import subprocess
from pathlib import Path
from threading import Thread

import httpx
import uvicorn

from warroom.drills.layout import free_ports
from warroom.evals.conformance.metric_stores import (
    RealPrometheus,
    RealVictoriaMetrics,
)
from warroom.evals.conformance.otlp_documents import document
from warroom.evals.conformance.running import (
    SERVICE,
    RealJaeger,
    RealServer,
    RealVictoriaLogs,
    Row,
    line_of,
)
from warroom.evals.conformance.servers import LIVE
from warroom.telemetry.sources.log_lines import rfc3339
from warroom.tests.support.otlp_backend import OtlpBackend


class NewVictoriaMetrics(RealVictoriaMetrics):
    """It takes the same."""

    name = "VictoriaMetrics of 2026"


class RealThanos(RealServer):
    """A querier before the sidecar of a Prometheus, which takes the samples."""

    name, modality = "Thanos", "metrics"

    def __init__(self, root: Path) -> None:
        self.inner, (self.behind, port) = RealPrometheus(root / "inner"), free_ports(2)
        asked = [f"--prometheus.url={self.inner.where}", f"--grpc-address=127.0.0.1:{self.behind}"]
        asked += [f"--http-address=127.0.0.1:{port}", f"--tsdb.path={root / 'inner' / 'data'}"]
        command = [str(LIVE[self.name].program), "sidecar", *asked]
        with (root / "sidecar").open("ab") as log:
            self.sidecar = subprocess.Popen(command, stdout=log, stderr=log)
        super().__init__(root)

    def answers(self) -> bool:
        """Once it knows the sidecar."""
        return super().answers() and "here" in self.client.get("api/v1/stores").text

    def push(self, rows: tuple[Row, ...]) -> None:
        """Into the Prometheus."""
        self.inner.write(self.modality, *rows)
        self.eventually(self.answers)

    def fail(self) -> None:
        """All three."""
        super().fail()
        for process in (self.sidecar, self.inner.process):
            process.kill()
            process.wait()


class RealLoki(RealServer):
    """Takes JSON; a row's labels are its stream's, what its line says of itself is metadata."""

    name, modality, service = "Loki", "logs", "service_name"

    def push(self, rows: tuple[Row, ...]) -> None:
        """They are found at once."""
        streams: dict[str, Row] = {}
        for row in rows:
            told = line_of(row)
            ns, text = str(told.pop("_time")), told.pop("_msg")
            labels = {self.service: told.pop(SERVICE), **row.get("labels", {})}
            own = {name: value for name, value in told.items() if name not in labels}
            stream = streams.setdefault(json.dumps(labels), {"stream": labels, "values": []})
            stream["values"].append(
                [ns, text, {name.replace(".", "_"): v for name, v in own.items()}]
            )
        self.post("loki/api/v1/push", json={"streams": list(streams.values())})


class RealOpenSearch(RealServer):
    """Takes documents as shippers of the Elastic Common Schema make them."""

    name, modality, service = "OpenSearch", "logs", SERVICE
    index = "logs-shop"

    def started(self) -> subprocess.Popen[bytes]:
        """With the types that its templates give."""
        process = super().started()
        kinds = {"@timestamp": "date_nanos", "message": "text"}
        kinds |= dict.fromkeys((SERVICE, "log.level"), "keyword")
        known = {name: {"type": kind} for name, kind in kinds.items()}
        asked = {"mappings": {"properties": known}}
        self.client.put(self.index, json=asked, timeout=60).raise_for_status()
        return process

    def push(self, rows: tuple[Row, ...]) -> None:
        """They are found once it answers."""
        lines = list[Row]()
        for row in rows:
            told = line_of(row)
            own = {"@timestamp": rfc3339(told.pop("_time")), "message": told.pop("_msg")}
            own |= {self.service: told.pop(SERVICE), "log.level": told.pop("level", "info")}
            lines += [{"index": {}}, own | told]
        content = "".join(json.dumps(line) + "\n" for line in lines)
        asked = {"params": {"refresh": "true"}, "headers": {"Content-Type": "application/x-ndjson"}}
        self.post(f"{self.index}/_bulk", content=content, **asked, timeout=60)


class RealCollector(RealServer):
    """Takes OTLP and hands it on to our own receiver, which keeps it in a folder."""

    name, modality = "OpenTelemetry Collector", "traces"

    def __init__(self, root: Path) -> None:
        self.receiver, self.behind = OtlpBackend(root / "store"), free_ports(1)[0]
        app = self.receiver.receiver.app()
        known = {"host": "127.0.0.1", "port": self.behind, "log_level": "error"}
        self.server = uvicorn.Server(uvicorn.Config(app, **known))
        Thread(target=self.server.run, daemon=True).start()
        super().__init__(root)
        self.where = self.receiver.where

    def answers(self) -> bool:
        """It takes no GET."""
        assert self.process.poll() is None, (self.root / "log").read_text()[-2000:]
        return self.client.get(self.table.ready).status_code == httpx.codes.METHOD_NOT_ALLOWED

    def push(self, rows: tuple[Row, ...]) -> None:
        """It answers once they are handed on."""
        self.post("v1/traces", json=document(rows))

    def fail(self) -> None:
        """What it wrote is gone."""
        self.close()
        self.receiver.fail()

    def close(self) -> None:
        """Both."""
        super().fail()
        self.server.should_exit = True


REAL: dict[str, type[RealServer]] = {
    kind.name: kind
    for kind in (
        RealVictoriaLogs,
        RealLoki,
        RealOpenSearch,
        RealJaeger,
        RealVictoriaMetrics,
        NewVictoriaMetrics,
        RealPrometheus,
        RealThanos,
        RealCollector,
    )
}
