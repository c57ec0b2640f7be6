"""A real, tiny model behind a real server.

    python -m warroom.evals.servers.model_server [COMMAND…]

Proves that Warroom speaks with OpenAI-compatible servers as they are, without a network: the
weights (SmolLM2-135M-Instruct, Apache-2.0) come inside a package. Such a model judges nothing;
what it says about an incident is noise, and the responder has to come through all the same.
With a command, that is run with the model configured, and the server ends with it.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from ...errors import ModelUnavailable, NotFound, WarroomError
from .model_worker import HOST, NAME, PACKAGES, THREADS, present

PORT = 8199
START_S = 90.0
STOP_S = 5.0
USAGE = """\
{name} answers at {url} ({kind}). Use it:

    {settings} warroom drill bad-deploy

A model of this size proves the wire and nothing else. Ctrl-C stops it."""
PATIENT = {
    "WARROOM_CONTEXT_TOKENS": "8000",
    "WARROOM_CALL_S": "120",
    "WARROOM_SPECIALIST_S": "160",
    "WARROOM_INCIDENT_S": "200",
}
"""What suits a model on one core: its context is small, it reads about 150 tokens a second, and
whoever watches should see the end within minutes."""


@dataclass(frozen=True)
class LocalModelServer:
    """A running server."""

    kind: str
    url: str  # base URL, ending in /v1
    process: subprocess.Popen[bytes]


@contextmanager
def serving(
    kind: str = "xllamacpp", port: int = 0, threads: int = THREADS
) -> Iterator[LocalModelServer]:
    """A server of this kind on loopback, ready to answer; stopped at the end, or with us.

    Args:
        kind: xllamacpp or llama-cpp-python.
        port: 0 takes a free one.
        threads: that compute; more than one only on a machine that has nothing else to do.

    Raises InputError when packages are missing, ModelUnavailable when it does not start.
    """
    present(kind)
    port = free(port)
    url = f"http://{HOST}:{port}/v1"
    with TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        process = start(kind, port, threads, log)
        try:
            wait(process, url, log)
            yield LocalModelServer(kind, url, process)
        finally:
            stop(process)


def free(port: int) -> int:
    """This port, or any when it is 0. Raises ModelUnavailable when somebody has it."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, port))
        except OSError as error:
            raise ModelUnavailable(f"port {port} is taken; choose another: --port") from error
        return taken.getsockname()[1]


def start(kind: str, port: int, threads: int, log: Path) -> subprocess.Popen[bytes]:
    """The worker's process. It ends when our end of its standard input closes."""
    worker = f"{__package__}.model_worker"
    command = [sys.executable, "-m", worker, kind, str(port), str(threads)]
    with log.open("wb") as out:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out)


def wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Returns when the server lists its model. Raises ModelUnavailable when it never does."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/models", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)  # it loads its weights
    with log.open(errors="replace") as lines:
        last = "".join(deque(lines, maxlen=15))
    raise ModelUnavailable(f"the model server did not start. Its last words:\n{last}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Closes its standard input; kills it when that does not help."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def settings(server: LocalModelServer) -> dict[str, str]:
    """The environment that makes Warroom ask this server."""
    return {"OPENAI_BASE_URL": server.url, **PATIENT}


def run(command: list[str], server: LocalModelServer) -> int:
    """A command with this model configured; its exit code. Raises NotFound: there is none such."""
    surroundings = {**settings(server), **os.environ, "OPENAI_BASE_URL": server.url}
    try:
        return subprocess.run(command, env=surroundings, check=False).returncode
    except FileNotFoundError as error:
        raise NotFound(f"there is no command {command[0]!r}; name it with its path") from error


def main() -> int:
    """Serve until stopped, or while a command runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=list(PACKAGES), default="xllamacpp")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="is run with the model")
    chosen = parser.parse_args()
    with serving(chosen.kind, chosen.port, chosen.threads) as server:
        if chosen.command:
            return run(chosen.command, server)
        told = " ".join(f"{name}={value}" for name, value in settings(server).items())
        usage = USAGE.format(name=NAME, url=server.url, kind=server.kind, settings=told)
        print(usage, flush=True)
        ended = server.process.wait()
    raise ModelUnavailable(f"the model server ended by itself (exit code {ended})")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
    except WarroomError as problem:
        sys.exit(str(problem))
