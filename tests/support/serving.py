"""`warroom serve` as a process of its own, spoken with over HTTP."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

WARROOM = Path(sys.executable).with_name("warroom")
PATIENCE_S = float(os.environ.get("WARROOM_PATIENCE_S", "120"))
"""The machine may be shared: what is waited for comes within this, or the test fails."""


class Unavailable(Exception):
    """The service says 503: to come again."""


@dataclass
class Serving:
    """A running service: its address, its first token, what it printed."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    token: str = ""
    url: str = ""

    def client(self) -> httpx.Client:
        """With the first token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=40)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


def command(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """`warroom …` with this home; what it prints is left aside, not what it says."""
    return _begun(home, arguments, environment, subprocess.DEVNULL)


def ran(home: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """`warroom …` with this home, to its end: the exit code and all that came."""
    process = _begun(home, arguments, environment, subprocess.PIPE)
    printed, said = process.communicate()
    return process.returncode, printed + said


def _begun(
    home: Path, arguments: tuple[str, ...], environment: dict[str, str], stdout: int
) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WARROOM_")}
    return subprocess.Popen(
        [str(WARROOM), *arguments],
        env={**kept, "WARROOM_HOME": str(home), **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="surrogateescape",
    )


@contextmanager
def serving(home: Path, *arguments: str, token: str = "", **environment: str) -> Iterator[Serving]:
    """`warroom serve …` on a free port, until the block ends."""
    process = command(home, "serve", "--listen", "127.0.0.1:0", *arguments, **environment)
    found = Serving(process, token=token)
    assert process.stderr
    try:
        for line in process.stderr:
            found.said.append(line)
            if match := re.search(r"listens on (http\S+)", line):
                found.url = match[1]
            if match := re.search(r"\bwr_\S+", line):
                found.token = match[0]
            if "ready" in line:
                break
        else:
            raise AssertionError(f"it did not start: {''.join(found.said)}")
        threading.Thread(target=found.said.extend, args=(process.stderr,), daemon=True).start()
        yield found
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@contextmanager
def working(home: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`warroom worker …`, until the block ends."""
    process = command(home, "worker", *arguments, **environment)
    assert process.stderr
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def wait_for(
    what: Callable[[], Any], client: httpx.Client, standing: Callable[[], str] = str
) -> Any:
    """What comes of this, once something does; looks again when something happened. `standing` says
    where everything stands, for the failure of a test."""
    deadline, position = time.monotonic() + PATIENCE_S, 0
    while not (found := _now(what)):
        assert time.monotonic() < deadline, f"it did not come: {standing()}"
        answer = client.get("/api/v1/events", params={"after": position, "wait_s": 1})
        position = answer.json()["after"] if answer.is_success else position
    return found


def _now(what: Callable[[], Any]) -> Any:
    try:
        return what()
    except Unavailable:
        return None
