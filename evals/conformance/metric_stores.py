"""Real stores of metrics: samples of a bundle are pushed into them."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from ...drills.layout import free_ports
from ...telemetry.promql import quoted
from .running import RealServer, Row
from .servers import LIVE


class RealVictoriaMetrics(RealServer):
    """Takes the text that exporters speak, with times."""

    name, modality = "VictoriaMetrics", "metrics"

    def push(self, rows: tuple[Row, ...]) -> None:
        """Times in milliseconds."""
        lines = openmetrics(({**row, "ts": round(row["ts"] * 1000)} for row in rows), typed=False)
        self.post("api/v1/import/prometheus", content=lines)
        self.client.get("internal/force_flush").raise_for_status()


class NewVictoriaMetrics(RealVictoriaMetrics):
    """It takes the same."""

    name = "VictoriaMetrics of 2026"


class RealPrometheus(RealServer):
    """Takes samples of the past as blocks, made while it is down."""

    name, modality = "Prometheus", "metrics"

    def push(self, rows: tuple[Row, ...]) -> None:
        """All there are: blocks of one time do not join."""
        self.hold(lambda text: text.write_text(openmetrics(self.rows)))

    def hold(self, write: Callable[[Path], int]) -> int:
        """What is written to that file as OpenMetrics, and nothing else; what `write` said."""
        self.fail()
        data, text = self.root / "data", self.root / "samples.txt"
        shutil.rmtree(data)
        written = write(text)
        make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
        subprocess.run(make, check=True, capture_output=True)
        self.started()
        return written


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


def openmetrics(rows: Iterable[Row], typed: bool = True) -> str:
    """Samples of a bundle in the text that promtool imports; untyped it is the older text of
    Prometheus."""
    families: dict[str, list[str]] = {}
    for row in rows:
        labels = {"service": row["service"], "instance": row.get("instance", ""), **row["labels"]}
        inside = ",".join(f"{name}={quoted(str(value))}" for name, value in labels.items())
        sample = f"{row['name']}{{{inside}}} {row['value']} {row['ts']}"
        families.setdefault(row["name"], []).append(sample)
    head = "# TYPE {} unknown\n" if typed else ""
    parts = (head.format(name) + "\n".join(found) for name, found in families.items())
    return "\n".join(parts) + ("\n# EOF\n" if typed else "\n")
