"""supervisord for the shop's processes, driven through its XML-RPC interface."""

import json
import secrets
import subprocess
import sys
import xmlrpc.client
from http.client import HTTPException
from typing import Any, Literal, NamedTuple

from ..errors import DrillError
from ..yaml_tables import read_table
from .keeper import spawn
from .layout import Layout, ShopInstance
from .world import ServiceSpec

TEMPLATES = read_table("drills/supervisor.yaml", dict[Literal["head", "program"], str])


class Supervision:
    """supervisor.conf and the running supervisord of a run."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.password = secrets.token_hex(12)
        port = layout.ports["supervisor"]
        self.url = f"http://operator:{self.password}@127.0.0.1:{port}/RPC2"

    def write(self, dsn_of) -> None:
        """supervisor.conf: one program per instance; `dsn_of(service)` is its database."""
        root, port = self.layout.root, self.layout.ports["supervisor"]
        parts = [TEMPLATES["head"].format(root=root, port=port, password=self.password)]
        for spec in self.layout.world.services:
            dsn = dsn_of(spec.name) if spec.pool_size else ""
            parts += [self.program(spec, instance, dsn) for instance in self.layout.of(spec.name)]
        path = root / "supervisor.conf"
        path.touch(mode=0o600)
        path.write_text("".join(parts))

    def program(self, spec: ServiceSpec, instance: ShopInstance, dsn: str) -> str:
        settings = {
            "service": spec.name,
            "instance": instance.name,
            "port": instance.port,
            "config": self.layout.config,
            "telemetry": self.layout.telemetry,
            "database_dsn": dsn,
            "pool_size": spec.pool_size,
            "concurrency": spec.concurrency,
            "memory_limit_bytes": spec.memory_limit_bytes,
            "upstream_timeout_s": spec.upstream_timeout_s,
        }
        environment = {f"SHOP_{name.upper()}": value for name, value in settings.items()}
        environment["PYTHONUNBUFFERED"] = "1"
        return TEMPLATES["program"].format(
            name=instance.name,
            service=spec.name,
            module=f"{self.layout.world.package}.{spec.module or spec.name}",
            python=sys.executable,
            root=self.layout.root,
            environment=",".join(f'{key}="{value}"' for key, value in environment.items()),
            autostart=str(instance.active).lower(),
        )

    def start(self) -> subprocess.Popen:
        config = self.layout.root / "supervisor.conf"
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config)]
        return spawn(command, self.layout.output / "supervisord.out")

    def call(self, method: str, *arguments):
        """One XML-RPC call, such as `call("startProcess", "catalog-2")`."""
        server = xmlrpc.client.ServerProxy(self.url)
        try:
            return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise DrillError(
                f"supervisor refused {method}{arguments}: {fault.faultString}"
            ) from fault
        except (OSError, HTTPException) as error:
            log = self.layout.root / "supervisord.log"
            raise DrillError(f"supervisor does not answer ({error}); read {log}") from error

    def running(self, service: str) -> list[str]:
        """Programs of the service that run."""
        names = {instance.name for instance in self.layout.of(service)}
        states = self.call("getAllProcessInfo")
        return [each["name"] for each in states if each["name"] in names and each["pid"]]

    def restart(self, program: str) -> None:
        self.call("stopProcess", program)
        self.call("startProcess", program, False)

    def pid(self, program: str) -> int:
        """Process id of a program; an error when it does not run."""
        pid = self.call("getProcessInfo", program)["pid"]
        if not pid:
            raise DrillError(f"{program} does not run")
        return pid

    def answers(self) -> bool:
        """Whether it takes calls yet."""
        try:
            return bool(self.call("getState"))
        except DrillError:
            return False


class ProcessRestart(NamedTuple):
    """A process that the supervisor started again."""

    program: str
    old_pid: int
    pid: int
    started: int  # unix seconds


class RestartWatch:
    """What was started again, for those who may only look."""

    def __init__(self, layout: Layout) -> None:
        self.services = {instance.name: instance.service for instance in layout.instances}
        url = json.loads(layout.operations.read_text())["supervisor_url"]
        self.supervisor: Any = xmlrpc.client.ServerProxy(url).supervisor
        self.known: dict[str, tuple[int, int]] = {}  # program: start, pid

    def new(self) -> list[ProcessRestart]:
        """Since the last look. Raises what XML-RPC raises where nobody answers."""
        found = []
        for process in self.supervisor.getAllProcessInfo():
            name, start, pid = process["name"], process["start"], process["pid"]
            if name not in self.services or not pid:
                continue
            before = self.known.get(name, (start, pid))
            self.known[name] = (start, pid)
            if before != (start, pid):
                found.append(ProcessRestart(name, before[1], pid, start))
        return found
