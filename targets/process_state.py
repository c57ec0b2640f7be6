"""What supervised processes of this machine run with, as facts: environment, limits, since when."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ..actions.facts import COMMAND, FOLDER, FactKind, Facts, Inspecting, Reading, kept
from ..actions.inventory import Inventory
from ..errors import ToolFailed
from .supervisor import Process, Supervisor

PROC = Path("/proc")
HERE = ("127.0.0.1", "localhost", "::1", None)
PROCESS, SETUP = "its process", "its setup"
SETTLED = ("RUNNING", "BACKOFF", "EXITED", "FATAL", "UNKNOWN")
"""States of supervisor that are more than a moment on the way."""
START = (FactKind.process, "start")
FORKED_S = 0.5
"""A process that is younger may still be its parent's copy, with its parent's environment."""
STATES = {"T": "stopped by a signal", "t": "stopped by a debugger", "Z": "ended, not cleared away"}
"""Of /proc: what a process does that supervisor takes for running."""
STEPS = (1.0, 0.95, 0.9, 0.8)
"""Shares of the descriptors in use that are told apart: a fact is no number."""


class ProcessState(Inspecting):
    """The processes under a supervisor; of another machine's only what supervisor says."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.here = urlsplit(supervisor.url).hostname in HERE
        self.starts: dict[tuple[int, int], str] = {}  # pid, ticks: worked out once, so it stands

    def inventory(self) -> Inventory:
        """Nothing of its own: what runs is known to whoever restarts it."""
        return Inventory()

    def inspect(self) -> Iterator[Reading]:
        """Each process that somebody wanted to run; a gap where supervisor does not answer."""
        try:
            processes = self.supervisor.processes()
        except ToolFailed as error:
            yield Reading("supervisor", "the processes", gap=f"no process was inspected: {error}")
            return
        yield Reading("supervisor", "the processes")
        for process in processes:
            if process.state in SETTLED:
                yield from self._of(process)

    def _of(self, process: Process) -> Iterator[Reading]:
        name, service = process.instance.partition(":")[2] or process.instance, process.service
        state = {(FactKind.process, "state"): process.state.lower()}
        if not (process.running and self.here):
            yield Reading(service, PROCESS, state, name)
            return
        folder = PROC / str(process.pid)
        try:
            alive = self._lives(folder)
            yield Reading(service, PROCESS, state | alive, name)
            if time.time() - float(alive[START].partition(" ")[0]) > FORKED_S:
                yield Reading(service, SETUP, configuration(folder, self.supervisor.url), name)
        except (OSError, ValueError, LookupError) as error:  # not ours to read, or just ended
            why = f"{name} could not be inspected: {getattr(error, 'strerror', error)}"
            yield Reading(service, SETUP, instance=name, gap=why)

    def _lives(self, folder: Path) -> Facts:
        """What a process does now: its run state where that is unusual, its start, how many of
        its descriptors it uses. Raises OSError where it cannot be read."""
        letter, *rest = (folder / "stat").read_text().rpartition(")")[2].split()
        found: Facts = {START: self._start(int(folder.name), int(rest[18]))}
        if letter in STATES:
            found[FactKind.process, "state"] = STATES[letter]
        return found | open_files(folder)

    def _start(self, pid: int, ticks: int) -> str:
        started = _boot() + ticks / os.sysconf("SC_CLK_TCK")
        return self.starts.setdefault((pid, ticks), f"{started:.2f} as {pid}")


def open_files(folder: Path) -> Facts:
    """How near a process is to its limit of descriptors; nothing where it is not near."""
    soft = int(limits(folder)["open files"].partition(" ")[0].replace("unlimited", "0"))
    used = len(os.listdir(folder / "fd"))
    step = next((step for step in STEPS if soft and used >= step * soft), None)
    return {(FactKind.process, "open files"): f"{step:.0%} or more of {soft}"} if step else {}


def configuration(folder: Path, key: str) -> Facts:
    """What a process was started with: environment, limits, folder and command; `key` as `kept`
    takes it. Raises OSError where it cannot be read."""
    pairs = (entry.partition("=") for entry in _text(folder / "environ").split("\0") if entry)
    found = {(FactKind.environment, name): kept(name, value, key) for name, _, value in pairs}
    found |= {(FactKind.limit, name): value for name, value in limits(folder).items()}
    found[FactKind.environment, FOLDER] = os.readlink(folder / "cwd")
    found[FactKind.environment, COMMAND] = _text(folder / "cmdline").replace("\0", " ").strip()
    return found


def limits(folder: Path) -> dict[str, str]:
    """ "open files": "1024 of at most 4096", of a process. Raises OSError."""
    rows = _text(folder / "limits").splitlines()[1:]
    parts = (re.split(r"\s{2,}", row.strip()) for row in rows)
    return {
        part[0].removeprefix("Max "): f"{part[1]} of at most {part[2]}"
        for part in parts
        if len(part) >= 3
    }


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _boot() -> float:
    """Unix seconds at which the machine was started."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
