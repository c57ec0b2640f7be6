"""Real stores of metrics: samples of a bundle are pushed into them."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from ...telemetry.promql import quoted
from .running import RealServer, Row


class RealVictoriaMetrics(RealServer):
    """Takes the text that exporters speak, with times."""

    name, modality = "VictoriaMetrics", "metrics"

    def push(self, rows: tuple[Row, ...]) -> None:
        """Times in milliseconds."""
        lines = openmetrics(({**row, "ts": round(row["ts"] * 1000)} for row in rows), typed=False)
        self.post("api/v1/import/prometheus", content=lines)
        self.client.get("internal/force_flush").raise_for_status()


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
