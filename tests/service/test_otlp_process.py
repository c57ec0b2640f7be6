"""A real `warroom serve` that takes telemetry from OpenTelemetry's own exporters."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from warroom.errors import InputError
from warroom.service.otlp_process import Beside, Job
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.recording import Recording
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.tests.support.serving import PATIENCE_S, Serving, serving

pytestmark = pytest.mark.thorough
RESOURCE = Resource.create({"service.name": "checkout", "service.instance.id": "checkout-1"})


class Sender:
    """A service with OpenTelemetry's SDK."""

    def __init__(self, home: Path, url: str) -> None:
        secret = (home / "otlp.secret").read_text()
        self.url, self.headers = url, {"authorization": f"Bearer {secret}"}

    def spans(self, *names: str, packed: bool = True) -> None:
        """Send these."""
        known = Compression.Gzip if packed else Compression.NoCompression
        exporter = OTLPSpanExporter(
            f"{self.url}/v1/traces", headers=self.headers, compression=known
        )
        provider = TracerProvider(resource=RESOURCE)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        for name in names:
            with provider.get_tracer("shop").start_as_current_span(name) as span:
                span.record_exception(TimeoutError("no answer"))
        provider.shutdown()

    def metrics(self) -> None:
        """A histogram of requests and a pool."""
        exporter = OTLPMetricExporter(f"{self.url}/v1/metrics", headers=self.headers)
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
        provider = MeterProvider(resource=RESOURCE, metric_readers=[reader])
        meter = provider.get_meter("shop")
        requests = meter.create_histogram("http.server.request.duration", "s")
        requests.record(0.2, {"http.response.status_code": 503})
        pool = meter.create_up_down_counter("db.client.connection.count", "{connection}")
        pool.add(3, {"db.client.connection.state": "used"})
        provider.shutdown()

    def logs(self, text: str) -> None:
        """One error."""
        exporter = OTLPLogExporter(f"{self.url}/v1/logs", headers=self.headers)
        provider = LoggerProvider(resource=RESOURCE)
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        told = LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.ERROR, body=text)
        provider.get_logger("shop").emit(told)
        provider.shutdown()


@contextmanager
def taking(home: Path) -> Iterator[tuple[Serving, Sender]]:
    """`warroom serve` that takes telemetry in."""
    config = home.with_suffix(".yaml")
    config.write_text('otlp: {listen: "127.0.0.1:0", hours: 1, megabytes: 64}')
    with serving(home, "--no-worker", "--config", str(config)) as served:
        (line,) = [line for line in served.said if "OTLP" in line]
        yield served, Sender(home, line.split()[1].strip(","))
        served.stop()


def recorded(home: Path) -> Recording:
    where = Datasource(name="otlp", type="otlp", url=str(home / "otlp"))
    recorder = Recorder(connected([where]))
    recorder.focus("checkout", time.time() - 600)
    return recorder.advance()


def beside(served: Serving) -> int:
    """The process id of the one that takes telemetry."""
    children = Path(f"/proc/{served.process.pid}/task").glob("*/children")
    found = [int(pid) for file in children for pid in file.read_text().split()]
    (pid,) = [pid for pid in found if b"otlp_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return pid


def gone(pid: int) -> bool:
    """Whether it has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if " Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_what_the_sdk_sends_is_recorded_and_survives_restarts(tmp_path):
    home = tmp_path / "home"
    now = Window(time.time() - 600, time.time() + 600)
    with taking(home) as (served, sender):
        sender.spans("POST /pay")
        sender.metrics()
        sender.logs("payment p1 failed")
        os.kill(beside(served), signal.SIGKILL)
        sender.spans("POST /again", packed=False)  # tried again until the new one answers
        assert any("it is started anew" in line for line in served.said)
    with taking(home) as (_, sender):
        sender.spans("POST /later")
        recording = recorded(home)
    assert [span.name for span in recording.spans(now)] == [
        "POST /pay",
        "POST /again",
        "POST /later",
    ]
    assert recording.spans(now)[0].attributes["exception.type"] == "TimeoutError"
    (log,) = recording.logs(now)
    assert (log.level, log.message, log.instance) == ("error", "payment p1 failed", "checkout-1")
    (requests,) = recording.metrics(now, ["http_requests_total"])
    assert (requests.labels["code"], requests.values.tolist()) == ("503", [1.0])
    (pool,) = recording.metrics(now, ["db_pool_in_use"])
    assert pool.values.tolist() == [3.0]
    assert recording.gaps == ()


def test_it_ends_with_whoever_started_it_however_that_ends(tmp_path):
    with taking(tmp_path / "home") as (served, sender):
        sender.logs("it answers")
        pid = beside(served)
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(
            os.PRIO_PROCESS, served.process.pid
        )
        served.stop(signal.SIGKILL)
        assert gone(pid)
        with pytest.raises(httpx.ConnectError):
            httpx.post(f"{sender.url}/v1/traces")


def test_none_is_taken_unless_it_is_asked_for(tmp_path):
    with serving(tmp_path / "home", "--no-worker") as served:
        assert not any("OTLP" in line for line in served.said)
        assert not (tmp_path / "home" / "otlp").exists()


def test_a_folder_of_somebody_else_is_said_before_anything_starts(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        socket.create_server(("127.0.0.1", 0)) as bound,
        pytest.raises(InputError, match=r"otlp\.folder"),
    ):
        Beside(
            Job(
                socket=bound.fileno(),
                folder=tmp_path / "file",
                hours=1,
                megabytes=16,
                authorization=None,
            )
        )


def test_a_bomb_of_protobuf_costs_the_sender_and_nobody_else(tmp_path):
    """Millions of empty spans take a hundred times their bytes: the process has its bound."""
    inside = b"\x12\x00" * (7 * 2**20)
    bomb = b"\x0a" + _length(b"\x12" + _length(inside))
    with taking(tmp_path / "home") as (served, sender):
        headers = {**sender.headers, "content-type": "application/x-protobuf"}
        pid = beside(served)
        answer = httpx.post(f"{sender.url}/v1/traces", content=bomb, headers=headers, timeout=120)
        assert answer.status_code in (400, 413)
        assert beside(served) == pid
        sender.spans("GET /")
        texts = [file.read_text() for file in (tmp_path / "home/otlp/traces").iterdir()]
        assert [json.loads(text)["name"] for text in texts] == ["GET /"]


def _length(inside: bytes) -> bytes:
    """Behind its length, as protobuf writes it."""
    left, written = len(inside), b""
    while left > 127:
        written, left = written + bytes([left & 127 | 128]), left >> 7
    return written + bytes([left]) + inside
