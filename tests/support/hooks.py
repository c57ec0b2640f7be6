"""A web hook of somebody's on loopback: keeps what it gets, answers what it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Hook:
    """What came, in order; `status` and `location` are answered."""

    url: str = ""
    status: int = 200
    location: str = ""
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def hook() -> Iterator[Hook]:
    """It answers until the block ends."""
    there = Hook()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            there.paths.append(self.path)
            there.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            self.send_response(there.status)
            if there.location:
                self.send_header("Location", there.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    there.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
