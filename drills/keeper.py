"""Starts what a run needs, and ends it, also when the run itself is killed.

A process of its own, reading lines `end PID SIGNAL` and `remove FOLDER` from its standard
input. When the input ends, because the run stops or dies in any way, every named process
and its descendants go, the last named first; then the folders. Ctrl-C does not reach it:
it leads its own session.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

GRACE_S = 4.0


class Keeper:
    """The run's side of the pipe."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "warroom.drills.keeper"],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def watch(self, process: subprocess.Popen, stop_with: signal.Signals = signal.SIGKILL) -> None:
        """End `process` with that signal, and with SIGKILL if it lingers."""
        self.tell(f"end {process.pid} {int(stop_with)}")

    def remove(self, folder: Path) -> None:
        """Remove a folder of the run's own once everything has ended."""
        self.tell(f"remove {folder}")

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def close(self) -> None:
        """End everything watched; returns when it is gone."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait(timeout=6 * GRACE_S)


def spawn(command: Sequence[str], log: Path, **how: Any) -> subprocess.Popen:
    """Start a process in a session of its own; what it prints goes to the end of the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=output, start_new_session=True, **how
        )


def main() -> None:
    watched: list[tuple[psutil.Process, int]] = []
    folders: list[str] = []
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "remove":
            folders.append(rest)
            continue
        pid, number = map(int, rest.split())
        if psutil.pid_exists(pid):
            watched.append((psutil.Process(pid), number))
    for process, number in reversed(watched):
        end(process, number)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def end(process: psutil.Process, number: int) -> None:
    """Signal the process, wait a little, then kill it and whatever it started."""
    try:
        family = [process, *process.children(recursive=True)]
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
    if number != signal.SIGKILL:
        wait(family)
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    wait(family)


def wait(family: list[psutil.Process]) -> None:
    """Until all have ended, or the grace is over."""
    deadline = time.monotonic() + GRACE_S
    while any(map(lives, family)) and time.monotonic() < deadline:
        time.sleep(0.02)


def lives(process: psutil.Process) -> bool:
    """A zombie does not: it only waits for its parent to notice."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
