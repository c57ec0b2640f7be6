"""A web hook of somebody's on loopback: keeps what it gets, gives `answers` in their order."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Hook:
    """What came, in order; `status` and `location` are answered."""

    url: str = ""
    status: int = 200
    location: str = ""
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)


@contextmanager
def hook() -> Iterator[Hook]:
    """It answers until the block ends."""
    there = Hook()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            there.paths.append(self.path)
            there.methods.append(self.command)
            there.headers.append({name.lower(): value for name, value in self.headers.items()})
            body = json.dumps(there.answers.pop(0)).encode() if there.answers else b""
            there.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            self.send_response(there.status)
            if there.location:
                self.send_header("Location", there.location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    there.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
