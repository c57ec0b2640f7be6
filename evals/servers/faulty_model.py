"""A model server on loopback that misbehaves as it is told, one way a request."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from .fake_chat import Behaviour, Chat
from .fault_modes import FAULTS


class _Connection(Chat):
    """Lets every request meet what the behaviour says."""

    server: "FaultyServer"

    def do_POST(self) -> None:
        """An answer, or the fault."""
        self.behaviour = self.server.behaviour
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.behaviour.keys.append(self.headers["authorization"] or "")
        FAULTS[self.behaviour.next_mode(self.body)](self)


class FaultyServer(ThreadingHTTPServer):
    """The server with its behaviour."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behaviour = behaviour

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is what many faults are about."""

    @property
    def url(self) -> str:
        """Base URL for a client."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def faulty_model(behaviour: Behaviour) -> Iterator[FaultyServer]:
    """The server while the block runs."""
    with FaultyServer(behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            behaviour.over.set()
            server.shutdown()
            thread.join()
