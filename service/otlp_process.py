"""The process that takes telemetry in, beside the one that takes alerts in.

A flood of telemetry must slow no alert: it has an interpreter, a bound of memory and a low priority
of its own. It ends with whoever started it, and is started anew where it ends by itself; the
address stays open meanwhile.
"""

import logging
import resource
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import uvicorn
from pydantic import BaseModel

from ..intake.configuration import Authorization
from ..telemetry.rolling import RollingStore

log = logging.getLogger(__name__)
MEMORY = 2 * 2**30
"""Bytes of its address space: what would take more is refused."""
NICE = 10
BEGIN = f"import os; os.nice({NICE}); from {__name__} import main; main()"
"""Loading what it needs must slow nobody either."""
GRACE_S = 3
AGAIN_S = 1.0
MOST_CONNECTIONS = 200


class Job(BaseModel):
    """What it is told."""

    socket: int  # descriptor of the address
    folder: Path
    hours: float
    megabytes: float
    authorization: Authorization | None  # None: whoever can reach it may send
    cert_file: Path | None = None
    key_file: Path | None = None


class Beside:
    """The process, for as long as the block lasts."""

    def __init__(self, job: Job) -> None:
        self.job, self.stopping = job, Event()
        RollingStore(job.folder, job.hours, job.megabytes).close()  # what is wrong shows now
        self.process = self._started()
        self.watching = Thread(target=self._watch, name="the receiver of telemetry", daemon=True)

    def __enter__(self) -> "Beside":
        self.watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._end()
        self.watching.join(GRACE_S)
        self._end()  # one that was started just then

    def _started(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-E", "-s", "-c", BEGIN],
            stdin=subprocess.PIPE,
            env={"MALLOC_ARENA_MAX": "2"},  # no keys; and threads reserve no memory each
            pass_fds=[self.job.socket],
            start_new_session=True,  # Ctrl-C is ours to tell
            text=True,
        )
        assert process.stdin
        process.stdin.write(self.job.model_dump_json() + "\n")
        process.stdin.flush()
        return process

    def _end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(2 * GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _watch(self) -> None:
        while True:
            code = self.process.wait()
            if self.stopping.wait(AGAIN_S):
                return
            log.error("the receiver of telemetry ended (%s): it is started anew", code)
            self.process = self._started()


def main() -> None:
    """Answer what a Job on stdin says, until stdin ends."""
    from .otlp import Receiver

    job = Job.model_validate_json(sys.stdin.readline())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    store = RollingStore(job.folder, job.hours, job.megabytes)
    config = uvicorn.Config(
        Receiver(store, job.authorization).app(),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=MOST_CONNECTIONS,
        ssl_certfile=job.cert_file,
        ssl_keyfile=job.key_file,
        ws="none",
    )
    server = uvicorn.Server(config)
    Thread(target=_until_alone, args=[server], daemon=True).start()
    server.run(sockets=[socket.socket(fileno=job.socket)])


def _until_alone(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True
