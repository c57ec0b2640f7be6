"""What supervised processes of this machine run with, as facts: environment, limits, since when;
and environment and limits put back.

A limit is moved while the process runs. An environment stands in supervisor's configuration file:
one variable of one program is written there, and the processes are started again with it.
"""

import os
import re
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..actions.capabilities import Replaced
from ..actions.facts import (
    COMMAND,
    FOLDER,
    FactKind,
    Facts,
    FactSet,
    Inspecting,
    ProcessRestoring,
    Reading,
    kept,
    restorable,
)
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
LIMITS = {
    "open files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
    "address space": resource.RLIMIT_AS,
    "data size": resource.RLIMIT_DATA,
    "stack size": resource.RLIMIT_STACK,
    "file size": resource.RLIMIT_FSIZE,
    "cpu time": resource.RLIMIT_CPU,
    "locked memory": resource.RLIMIT_MEMLOCK,
}
"""Of a process, by the names that /proc has."""
BOUND = r"(\d+|unlimited)"
ENVIRONMENT = r"^environment\s*=[^\n]*(?:\n[ \t]+[^\n]*)*"
VARIABLE = r"""{}\s*=\s*(?:"[^"]*"|'[^']*'|[^,\s]*)"""


class ProcessState(Inspecting):
    """The processes under a supervisor; of another machine's only what supervisor says."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.here = urlsplit(supervisor.url).hostname in HERE
        self.starts: dict[tuple[int, int], str] = {}  # pid, ticks: worked out once, so it stands

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
        name, service = process.program, process.service
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


class ProcessChanges(ProcessRestoring):
    """The processes of a supervisor on this machine, and the file that it starts them by."""

    def __init__(self, supervisor: Supervisor, file: Path) -> None:
        self.supervisor = supervisor
        self.file = file

    def put(self, where: str, what: FactKind, name: str, now: str, to: str) -> FactSet:
        """Let a variable or a limit be `to` in every process of a service where it is `now`."""
        if not (restorable(now) and restorable(to)):
            raise ToolFailed(f"what {name} was is not written down: put it back by hand")
        receipt = FactSet(what=what, object=name, before=now, after=to)
        processes = [one for one in self.supervisor.processes() if one.service == where]
        found = {one: self._fact(one, what, name) for one in processes if one.running}
        if all(value == to for value in found.values()):
            return receipt.model_copy(update={"changed": False, "note": "it is so already"})
        if other := next((value for value in found.values() if value not in (now, to)), None):
            raise ToolFailed(f"{name} of {where} is {other} by now: nothing was changed")
        differ = [process for process, value in found.items() if value == now]
        if what is FactKind.limit:
            for process in differ:
                _move(process, name, to)
            return receipt
        done = self._start_with(processes, differ, name, now, to)
        return receipt.model_copy(update={"restarted": done})

    def _fact(self, process: Process, what: FactKind, name: str) -> str:
        """What it is in a process. Raises ToolFailed where that cannot be read."""
        try:
            facts: Facts = configuration(PROC / str(process.pid), self.supervisor.url)
        except OSError as error:
            raise ToolFailed(f"{process.instance} cannot be looked at: {error.strerror}") from error
        return facts.get((what, name), "")

    def _start_with(
        self, processes: list[Process], running: list[Process], name: str, now: str, to: str
    ) -> list[Replaced]:
        """Write the variable for every program of the service, spares too, and start those that
        ran with the old one."""
        before = self.file.read_text(encoding="utf-8")
        text = before
        for process in processes:
            text = written(text, process.program, name, now, to)
        _replace(self.file, text)
        groups = list(dict.fromkeys(process.group for process in processes))
        try:
            return self._reload(groups, running)
        except ToolFailed:
            _replace(self.file, before)
            with suppress(ToolFailed):
                self._reload(groups, running)
            raise

    def _reload(self, groups: list[str], running: list[Process]) -> list[Replaced]:
        """Let supervisor read its file, and these groups run with it, one after the other."""
        changed, done = self.supervisor.ask("reloadConfig")[0][1], []
        for group in groups:
            members = [process for process in running if process.group == group]
            killed = [self.supervisor.stop(process.instance) for process in members]
            if group in changed:
                self.supervisor.ask("removeProcessGroup", group)
                self.supervisor.ask("addProcessGroup", group)
            for process, kill in zip(members, killed, strict=True):
                after = self.supervisor.start(process.instance).pid
                pids = {"pid_before": process.pid, "pid_after": after}
                done.append(Replaced(instance=process.instance, killed=kill, **pids))
        return done


def written(text: str, program: str, name: str, now: str, to: str) -> str:
    """A supervisor file in which a program's variable is `to`, "" for not set; the rest stays.

    Raises ToolFailed where it does not stand there as expected.
    """
    if not re.fullmatch(r"\w+", name) or not to.isprintable() or '"' in to:
        raise ToolFailed(f"{name} cannot be written as it was: put it back by hand")
    section = re.search(rf"^\[program:{re.escape(program)}\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S)
    line = re.search(ENVIRONMENT, section[1], re.M) if section else None
    if section is None or line is None:
        raise ToolFailed(f"no environment of {program} in supervisor's file: put it back by hand")
    entry = f'{name}="{to.replace("%", "%%")}"' if to else ""
    there = re.search(rf"(?<!\w){VARIABLE.format(re.escape(name))}", line[0])
    if there is None:
        new = f"{line[0].rstrip()},{entry}" if entry else line[0]
    elif there[0] != entry and now not in there[0].replace("%%", "%"):
        raise ToolFailed(f"{name} of {program} is another one in supervisor's file: look there")
    else:
        new = line[0].replace(there[0], entry, 1)
    new = re.sub(r",\s*(?=,)|(?<==),|,\s*$", "", new)
    return text[: section.start(1)] + section[1].replace(line[0], new, 1) + text[section.end(1) :]


def _replace(file: Path, text: str) -> None:
    """In one step; owner's rights as before."""
    new = file.with_name(f".{file.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    shutil.copymode(file, new)
    os.replace(new, file)


def _move(process: Process, name: str, to: str) -> None:
    bounds = re.fullmatch(rf"{BOUND} of at most {BOUND}", to)
    if name not in LIMITS or bounds is None:
        raise ToolFailed(f"the limit of {name} has to be put back by hand")
    soft, hard = (-1 if bound == "unlimited" else int(bound) for bound in bounds.groups())
    try:
        resource.prlimit(process.pid, LIMITS[name], (soft, hard))
    except (OSError, ValueError) as error:
        raise ToolFailed(f"the limit of {process.instance} stays: {error}") from error


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _boot() -> float:
    """Unix seconds at which the machine was started."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
