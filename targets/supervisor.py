"""Processes under supervisor, driven through its XML-RPC interface."""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import Any
from xmlrpc.client import Fault, ProtocolError, ServerProxy, Transport

from ..actions.capabilities import Replaced, Restarted, Restarting
from ..actions.inventory import Inventory, Part
from ..errors import Halfway, ToolFailed

CALL_TIMEOUT_S = 3.0
POLL_S = 0.05
STREAMS = ("Stdout", "Stderr")
STOPPED = ("STOPPED", "EXITED", "FATAL")
NOT_RUNNING, ALREADY_STARTED = 70, 60  # supervisor.xmlrpc.Faults


@dataclass(frozen=True)
class Process:
    """One supervised process."""

    instance: str  # as supervisor wants it named: "group:name" in a group, else "name"
    state: str  # STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL, UNKNOWN
    pid: int
    problem: str = ""
    up_s: float | None = None  # seconds since it was started; None: supervisor does not say

    @property
    def group(self) -> str:
        """Its group; of one without, its name."""
        return self.instance.partition(":")[0]

    @property
    def program(self) -> str:
        """Its name without the group."""
        return self.instance.rpartition(":")[2]

    @property
    def service(self) -> str:
        """The group, else the name without the number of the instance."""
        return self.group if ":" in self.instance else re.sub(r"-\d+$", "", self.instance)

    @property
    def running(self) -> bool:
        """Whether supervisor holds it for running; a hung process counts as running."""
        return self.state == "RUNNING"


class BoundedTransport(Transport):
    """XML-RPC over HTTP that gives up after CALL_TIMEOUT_S."""

    def make_connection(self, host: Any) -> Any:
        """The connection, with a timeout: the library's own waits for ever."""
        connection = super().make_connection(host)
        connection.timeout = CALL_TIMEOUT_S
        return connection


class Supervisor:
    """A supervisord; `url` is its complete XML-RPC address, credentials included."""

    def __init__(self, url: str, term_grace_s: float = 1.8, start_timeout_s: float = 15.0) -> None:
        self.url = url
        self.term_grace_s = term_grace_s
        self.start_timeout_s = start_timeout_s

    def processes(self) -> list[Process]:
        """Every process, in supervisor's order."""
        return [_process(info) for info in self.ask("getAllProcessInfo")]

    def process(self, instance: str) -> Process:
        """One process. Raises ToolFailed for a name that supervisor does not know."""
        return _process(self.ask("getProcessInfo", instance))

    def last_lines(self, instance: str, most: int) -> list[str]:
        """The end of what it wrote, `most` bytes of each stream at most; the first may be cut.
        Raises ToolFailed where it keeps no log."""
        kept = [self.ask(f"tailProcess{stream}Log", instance, 0, most) for stream in STREAMS]
        return [line for text, _offset, _more in kept for line in text.splitlines()]

    def stop(self, instance: str) -> bool:
        """Stop with SIGTERM, then SIGKILL after `term_grace_s`; returns whether it was killed.

        A stopped (hung) process keeps SIGTERM pending for ever; only SIGKILL ends it.
        """
        try:
            self.ask("stopProcess", instance, False)
        except NotRunning:
            return False
        if self._until(instance, _is_stopped, self.term_grace_s):
            return False
        self._kill(instance)
        if not self._until(instance, _is_stopped, self.term_grace_s):
            raise ToolFailed(f"{instance} is still there after SIGKILL: look at its host")
        return True

    def start(self, instance: str) -> Process:
        """Start and wait until supervisor holds it for running; no-op when it runs already."""
        with suppress(AlreadyStarted):
            self.ask("startProcess", instance, False)
        self._until(instance, _is_settled, self.start_timeout_s)
        process = self.process(instance)
        if not process.running:
            raise ToolFailed(
                f"{instance} did not start ({process.state} {process.problem}): read its log, "
                "roll back if its release is new"
            )
        return process

    def replace(self, instance: str) -> Replaced:
        """Stop and start; says which process was replaced, and whether it had to be killed."""
        before = self.process(instance).pid
        killed = self.stop(instance)
        after = self.start(instance).pid
        return Replaced(instance=instance, pid_before=before, pid_after=after, killed=killed)

    def _kill(self, instance: str) -> None:
        try:
            self.ask("signalProcess", instance, "KILL")
        except NotRunning:
            return  # it ended by itself in the meantime

    def _until(self, instance: str, wanted: Callable[[Process], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not wanted(self.process(instance)):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def ask(self, method: str, *arguments: Any) -> Any:
        """One XML-RPC call on a connection of its own: ServerProxy is not safe across threads.

        Raises ToolFailed with what supervisor says.
        """
        try:
            with ServerProxy(self.url, transport=BoundedTransport()) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except Fault as error:
            raise _failure(method, arguments, error) from error
        except ProtocolError as error:
            raise ToolFailed(
                f"supervisor refused {method} ({error.errcode} {error.errmsg}): "
                "check the credentials in operations.json"
            ) from error
        except (OSError, HTTPException) as error:
            raise ToolFailed(
                f"supervisor did not answer {method} ({error}): is supervisord running?"
            ) from error


class SupervisedServices(Restarting):
    """Services as supervisor groups its processes, where nothing else says what takes requests."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor

    def inventory(self) -> Inventory:
        """Every service with its processes, and which of them somebody stopped."""
        parts: dict[str, Part] = {}
        for process in self.supervisor.processes():
            part = parts.setdefault(process.service, Part(instances=[], stopped=[]))
            kind = part.stopped if process.state == "STOPPED" else part.instances
            kind.append(process.instance)
        return Inventory(services=parts)

    def restart(self, service: str) -> Restarted:
        """One process at a time, each running before the next; where all are stopped, as after a
        restart that was cut short, these are started."""
        part = self.inventory().service(service)
        names = part.instances or part.stopped
        return restarted(service, [partial(self.supervisor.replace, name) for name in names])


def restarted(service: str, replacing: Sequence[Callable[[], Replaced]]) -> Restarted:
    """Replace one process after the other. Raises Halfway that says which were replaced."""
    done: list[Replaced] = []
    try:
        for replace in replacing:
            done.append(replace())
    except ToolFailed as error:
        part = Restarted(service=service, restarted=done)
        text = f"{len(done)} of {len(replacing)} instances of {service} were restarted: {error}"
        raise Halfway(text, part) from error
    return Restarted(service=service, restarted=done, changed=bool(done))


class NotRunning(ToolFailed):
    """The process does not run."""


class AlreadyStarted(ToolFailed):
    """The process runs already."""


def _failure(method: str, arguments: tuple[Any, ...], error: Fault) -> ToolFailed:
    kinds = {NOT_RUNNING: NotRunning, ALREADY_STARTED: AlreadyStarted}
    text = f"supervisor: {method} {' '.join(map(str, arguments[:1]))}: {error.faultString}"
    return kinds.get(error.faultCode, ToolFailed)(text)


def _process(info: dict[str, Any]) -> Process:
    name = info["name"]
    return Process(
        instance=name if info["group"] == name else f"{info['group']}:{name}",
        state=info["statename"],
        pid=info["pid"],
        problem=info.get("spawnerr", ""),
        up_s=info["now"] - info["start"] if info.get("start") else None,
    )


def _is_stopped(process: Process) -> bool:
    return process.state in STOPPED


def _is_settled(process: Process) -> bool:
    """Running, or given up; BACKOFF is supervisor's own retry and not the end."""
    return process.running or process.state == "FATAL"
