"""The real servers of the table of backends, by name."""

from pathlib import Path
from threading import Thread

import httpx
import uvicorn

from warroom.drills.layout import free_ports
from warroom.evals.conformance.metric_stores import (
    NewVictoriaMetrics,
    RealPrometheus,
    RealThanos,
    RealVictoriaMetrics,
)
from warroom.evals.conformance.otlp_documents import document
from warroom.evals.conformance.running import (
    RealJaeger,
    RealLoki,
    RealOpenSearch,
    RealServer,
    RealVictoriaLogs,
    Row,
)
from warroom.tests.support.otlp_backend import OtlpBackend


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
