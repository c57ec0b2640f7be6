"""Environment and limits of a service's processes put back.

A limit is moved while the process runs. An environment stands in supervisor's configuration file:
one variable of one program is written there, and the processes are started again with it.
"""

import os
import re
import resource
import shutil
from contextlib import suppress
from pathlib import Path

from ..actions.capabilities import Replaced
from ..actions.facts import FactKind, Facts, FactSet, ProcessRestoring, restorable
from ..actions.inventory import Inventory
from ..errors import ToolFailed
from .process_state import PROC, configuration
from .supervisor import Process, Supervisor

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


class ProcessChanges(ProcessRestoring):
    """The processes of a supervisor on this machine, and the file that it starts them by."""

    def __init__(self, supervisor: Supervisor, file: Path) -> None:
        self.supervisor = supervisor
        self.file = file

    def inventory(self) -> Inventory:
        """Nothing of its own: what runs is known to whoever restarts it."""
        return Inventory()

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
            text = written(text, _program(process), name, now, to)
        _replace(self.file, text)
        groups = list(dict.fromkeys(map(_group, processes)))
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
            members = [process for process in running if _group(process) == group]
            killed = [self.supervisor.stop(process.instance) for process in members]
            if group in changed:
                self.supervisor.ask("removeProcessGroup", group)
                self.supervisor.ask("addProcessGroup", group)
            for process, kill in zip(members, killed, strict=True):
                after = self.supervisor.start(process.instance).pid
                done.append(
                    Replaced(
                        instance=process.instance,
                        pid_before=process.pid,
                        pid_after=after,
                        killed=kill,
                    )
                )
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


def _group(process: Process) -> str:
    return process.instance.partition(":")[0]


def _program(process: Process) -> str:
    return process.instance.rpartition(":")[2]


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
