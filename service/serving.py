"""`warroom serve`: the application behind uvicorn, until SIGTERM or Ctrl-C."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ..app.configuration_file import LISTEN, OTLP_LISTEN, Configuration, Server
from ..errors import InputError
from .app import build
from .falling import Falling
from .service import Service

GRACE_S = 3
"""What open requests get when the process is told to stop."""
MOST_AT_ONCE = 500
"""Connections; more are answered 503 before anything is read."""


@dataclass(frozen=True)
class Bound:
    """An address that is ours, so that it can be printed before anybody is answered."""

    server: Server
    socket: socket.socket

    @property
    def url(self) -> str:
        """How senders reach it."""
        host, port = self.socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if self.server.tls else "http"
        return self.server.external_url.rstrip("/") or f"{scheme}://{shown}:{port}"


def bind(server: Server, cure: str = f"with --listen, such as {LISTEN}") -> Bound:
    """Take the address. Raises InputError where others have it, or tokens would be read on it."""
    server.check_bind()
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        return Bound(server, socket.create_server((server.host, server.port), family=family))
    except OSError as error:
        raise InputError(
            f"{server.listen}: {error.strerror or error}; listen elsewhere {cure}"
        ) from error


def bind_otlp(configuration: Configuration) -> Bound | None:
    """The same for telemetry, where it may be sent to us."""
    if configuration.otlp is None:
        return None
    own = {"listen": configuration.otlp.listen, "external_url": ""}
    cure = f"by otlp.listen, such as {OTLP_LISTEN}"
    return bind(configuration.server.model_copy(update=own), cure)


def serve(service: Service, bound: Bound) -> bool:
    """Answer until told to stop; then open requests are finished and the worker lets go. Whether
    nothing runs on: a thread that still thinks has nothing to say any more, and may be ended.

    Raises WarroomError when a part of it ended by an error.
    """
    server = _Server(service, bound)
    # What comes before uvicorn listens counts too; it sends the signal to us again when it is done:
    # being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.leave())
    falling = Falling(server.leave)
    server.run(sockets=[bound.socket])
    falling.check()
    return server.app.state.ended


@contextmanager
def served(service: Service, bound: Bound) -> Iterator[None]:
    """Answer in a thread of this process while the block runs."""
    server = _Server(service, bound)
    thread = Thread(target=server.run, kwargs={"sockets": [bound.socket]}, name="pages")
    thread.start()
    try:
        yield
    finally:
        server.leave()
        thread.join()


def _config(app: FastAPI, bound: Bound) -> uvicorn.Config:
    tls = bound.server.tls
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(bound.server.proxy),
        forwarded_allow_ips=bound.server.proxy,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=MOST_AT_ONCE,
        ssl_certfile=tls and tls.cert_file,
        ssl_keyfile=tls and tls.key_file,
        ws="none",
    )


class _Server(uvicorn.Server):
    """Has event streams end before it waits for requests to end."""

    def __init__(self, service: Service, bound: Bound) -> None:
        self.service, self.app = service, build(service)
        super().__init__(_config(self.app, bound))

    def leave(self) -> None:
        """End as if told to."""
        self.service.stopping.set()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first word of the end."""
        self.service.stopping.set()
        super().handle_exit(sig, frame)
