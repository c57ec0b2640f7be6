"""Waiting for the alert: Alertmanager's webhook, or Warroom's own detector over the bundle."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

from ..telemetry.detector import watch, webhook
from ..telemetry.recorder import Recorder

MOST_BYTES = 1_000_000


Bodies = Queue[dict[str, Any]]


@contextmanager
def listening() -> Iterator[tuple[str, Bodies]]:
    """A webhook while the block runs: where to post, and what came."""
    bodies: Bodies = Queue()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(bodies)) as server:
        Thread(target=server.serve_forever, name="webhook", daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/alerts", bodies
        finally:
            server.shutdown()


def _handler(bodies: Bodies) -> type[BaseHTTPRequestHandler]:
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

    def __init__(self, recorder: Recorder, bodies: Bodies | None = None) -> None:
        """`bodies`: what a webhook receives, where Prometheus raises the alerts."""
        self.recorder = recorder
        self.patience = HEAD_START_S if bodies else 0.0
        self.bodies: Bodies = bodies or Queue()
        self._stop = Event()
        self._thread = Thread(target=self._detect, name="detector", daemon=True)

    def __enter__(self) -> "Alarm":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(10)

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
