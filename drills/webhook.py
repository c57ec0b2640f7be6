"""Receives Alertmanager's webhook on loopback: bounded, one queue of bodies."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any

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
