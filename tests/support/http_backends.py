"""A small real HTTP server that stands for a backend: its answers are made from the published API
of the product by whoever uses it, and it can be made to fail in every way that HTTP can."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Question:
    """What was asked."""

    path: str  # decoded
    params: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    raw: str  # as it came over the wire
    body: str = ""
    method: str = "GET"

    def __getitem__(self, name: str) -> str:
        return self.params[name][0]

    def get(self, name: str, default: str = "") -> str:
        """One parameter."""
        return self.params.get(name, [default])[0]


@dataclass
class Reply:
    """What is answered."""

    body: Any = b""  # bytes, or what becomes JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # breaks off in the middle


FAILURES = {
    "401": Reply({"error": "who?"}, 401),
    "403": Reply({"message": "not you"}, 403),
    "404": Reply(b"<html>nothing here</html>", 404),
    "429": Reply(b"Too many requests", 429, {"Retry-After": "30"}),
    "502": Reply(b"<html>Bad Gateway</html>", 502),
    "garbage": Reply(b"<html>sign in</html>", headers={"Content-Type": "text/html"}),
    "partial": Reply(b'{"status": "success", "data": [', cut=True),
    "redirect": Reply(b"", 302, {"Location": "http://elsewhere.example.org/login"}),
}


class HttpBackend:
    """Serves on loopback until it is closed. A product derives from it and answers."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.failing = ""  # one of FAILURES, or "slow"
        self.extra: dict[str, str] = {}  # headers of each answer
        self.told: dict[str, bytes] = {}  # what is answered at a path, whatever the product says
        self.released = threading.Event()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                backend._serve(self, self.rfile.read(length).decode() if length else "")

            do_POST = do_DELETE = do_PATCH = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.where = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, question: Question) -> Reply:
        """What the product says."""
        return Reply({})

    def close(self) -> None:
        """Be down from now on."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler, form: str) -> None:
        parts = urlsplit(handler.path)
        params = parse_qs(parts.query) | parse_qs(form)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        said = (handler.path, form, handler.command)
        question = Question(unquote(parts.path), params, headers, *said)
        self.asked.append(question)
        if self.failing == "slow":
            self.released.wait(30)
        if self.released.is_set():  # down: connections that were kept open end as well
            handler.close_connection = True
            return
        known = self.told.get(question.path)
        told = Reply(known) if known else None
        reply = FAILURES[self.failing] if self.failing else told or self.answer(question)
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response_only(reply.status)
        for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
            handler.send_header(name, value)
        for name, value in ({"Date": handler.date_time_string()} | self.extra).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) + 100 * reply.cut))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = reply.cut


@contextmanager
def serving(backend: HttpBackend) -> Iterator[HttpBackend]:
    """The backend, closed at the end."""
    try:
        yield backend
    finally:
        backend.close()
