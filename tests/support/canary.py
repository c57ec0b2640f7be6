"""A place that nobody may ask: it writes down who did, and leads elsewhere."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Canary(BaseHTTPRequestHandler):
    """Answers whatever is asked with a redirect."""

    def do_GET(self) -> None:
        self.server.heard.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        self.send_response(302)
        self.send_header("Location", "/followed")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_HEAD = do_CONNECT = do_PUT = do_GET

    def log_message(self, format: str, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever turned away at the handshake."""


@contextmanager
def canary(certificate: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """Its URL, and what was asked of it; over TLS with a certificate and its key in one file."""
    with _Server(("127.0.0.1", 0), Canary) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        server.heard = heard = list[str]()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()
