"""Waiting for the alert: Alertmanager's webhook, or Warroom's own detector over the bundle."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Any

from ..telemetry.detector import watch, webhook
from ..telemetry.recorder import Recorder

MOST_BYTES = 1_000_000


class Webhook:
    """Listens while the block runs; `url` is where to post, `bodies` what came."""

    def __init__(self) -> None:
        self.bodies: Queue[dict[str, Any]] = Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.bodies))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/alerts"

    def __enter__(self) -> "Webhook":
        Thread(target=self._server.serve_forever, name="webhook", daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(bodies: Queue[dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = _decoded(self.rfile.read(length)) if 0 < length <= MOST_BYTES else None
            if body is not None:
                bodies.put(body)
            self.send_response(400 if body is None else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """The drill says what arrives; nothing goes to stderr."""

    return Handler


def _decoded(data: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(data)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


HEAD_START_S = 20.0
"""Given to Prometheus and Alertmanager before our own detector speaks up beside them: they know
thresholds only, and are some seconds slower."""


class Alarm:
    """Runs the detector in a thread while the block runs; what fires first is the alert."""

    def __init__(self, recorder: Recorder, bodies: Queue[dict[str, Any]] | None = None) -> None:
        """`bodies`: what a webhook receives, where Prometheus raises the alerts."""
        self.recorder = recorder
        self.patience = HEAD_START_S if bodies else 0.0
        self.bodies: Queue[dict[str, Any]] = bodies or Queue()
        self._stop = Event()
        self._open = ExitStack()

    def __enter__(self) -> "Alarm":
        thread = Thread(target=self._detect, name="detector", daemon=True)
        self._open.callback(thread.join, 10)
        self._open.callback(self._stop.set)
        thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def wait(self, seconds: float, tick: Callable[[float], None]) -> dict[str, Any] | None:
        """The body of the first firing alert, or None when none comes in time.

        `tick` is told the seconds waited, about once a second.
        """
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < seconds:
            tick(waited)
            try:
                body = self.bodies.get(timeout=min(1.0, seconds - waited))
            except Empty:
                continue
            if body.get("status", "firing") == "firing":
                return body
        return None

    def _detect(self) -> None:
        self._stop.wait(self.patience)
        for firings in watch(self.recorder, self._stop):
            self.bodies.put(webhook(firings))
