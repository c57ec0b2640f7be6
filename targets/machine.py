"""What one machine runs: units of systemd, services of docker compose; by their own commands.

Nothing goes through a shell; names come from the section, never from a plan alone.
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from ..actions.capabilities import Activated, Receipt, Replaced, Restarted, Restarting, Scaling
from ..actions.inventory import Inventory, Part
from ..errors import Halfway, ToolFailed
from .doors import Guarded, Section, awaited
from .procedures import SYSTEM_PATH

STAYS_S = 1.0
"""A unit is called active as soon as its process is there: for that long it must stay the same."""
HANDED_ON = ("DOCKER_HOST", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "HOME")


def said(words: list[str], seconds: float) -> str:
    """Standard output. Raises ToolFailed with the command's words, or where it took too long."""
    environment = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    environment |= {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}
    command = " ".join(words)
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=seconds, env=environment, check=True
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout).strip().splitlines()[-1:]
        raise ToolFailed(f"{command} ended with {error.returncode}: {' '.join(last)}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolFailed(
            f"{command} did not end within {seconds:g} s: look what it does"
        ) from error
    except OSError as error:
        raise ToolFailed(f"{words[0]} cannot be run ({error.strerror}): install it") from error
    return done.stdout


class SystemdAccess(Section):
    """The section `systemd`."""

    program: Path = Field(default=Path("/usr/bin/systemctl"), description="systemctl")
    user: bool = Field(default=False, description="the user's own units instead of the machine's")
    units: dict[str, list[str]] = Field(min_length=1, description="each service's units, in order")
    timeout_s: float = Field(default=90.0, gt=0, description="for the restart of one unit")


class Systemd(Guarded[SystemdAccess], Restarting):
    """An instance is a unit; what polkit or sudo has to allow stands in docs/targets.md."""

    section = "systemd"
    given = SystemdAccess

    def inventory(self) -> Inventory:
        """Which units of each service run, and which do not."""
        return Inventory(services={name: self._part(name) for name in self.access.units})

    def restart(self, service: str) -> Restarted:
        """One unit after the other, each active before the next."""
        if service not in self.access.units:
            known = ", ".join(self.access.units)
            raise ToolFailed(f"no unit of {service} is written down; known: {known}")
        units = self.access.units[service]
        self.open(f"systemctl restart {' '.join(units)}")
        receipt = Restarted(service=service)
        for unit in units:
            before = self._show(unit)
            try:
                said([*self._systemctl, "restart", unit], self.access.timeout_s)
            except ToolFailed as error:
                raise Halfway(str(error), receipt) from error
            awaited(receipt, lambda of=unit: self._missing(of), self.access.timeout_s)
            pids = int(before["MainPID"]), int(self._show(unit)["MainPID"])
            one = Replaced(instance=unit, pid_before=pids[0], pid_after=pids[1], killed=False)
            receipt.restarted.append(one)
        return receipt

    @property
    def _systemctl(self) -> list[str]:
        return [str(self.access.program), "--no-ask-password", *["--user"][: self.access.user]]

    def _missing(self, unit: str) -> str:
        found = self._show(unit)
        if found["ActiveState"] == "active":
            time.sleep(STAYS_S)
            before, found = found, self._show(unit)
            if found == before:
                return ""
        journal = f"journalctl {'--user ' if self.access.user else ''}-u {unit}"
        return f"{unit} is {found['ActiveState']}: look with `{journal}`"

    def _show(self, unit: str) -> dict[str, str]:
        words = [*self._systemctl, "show", "--property=ActiveState,MainPID,LoadState", unit]
        found = dict(
            line.split("=", 1) for line in said(words, self.access.timeout_s).splitlines() if line
        )
        if found.get("LoadState") != "loaded":
            raise ToolFailed(f"there is no unit {unit}: correct `units` of operations.json")
        return found

    def _part(self, service: str) -> Part:
        states = {unit: self._show(unit)["ActiveState"] for unit in self.access.units[service]}
        runs = [unit for unit, state in states.items() if state == "active"]
        return Part(instances=runs, stopped=[unit for unit in states if unit not in runs])


class ComposeAccess(Section):
    """The section `compose`."""

    program: list[str] = Field(default=["docker", "compose"], description="how compose is called")
    file: Path = Field(description="compose.yaml")
    project: str = Field(default="", description="its name; empty: as compose makes it")
    services: list[str] = Field(min_length=1, description="which of them may be touched")
    most: int = Field(default=5, gt=0, description="containers of one service, at the most")
    timeout_s: float = Field(default=120.0, gt=0, description="for one command")


class Compose(Guarded[ComposeAccess], Restarting, Scaling):
    """An instance is a container."""

    section = "compose"
    given = ComposeAccess

    def inventory(self) -> Inventory:
        """The containers of each service that run, and those that do not."""
        return Inventory(services={name: self._part(name) for name in self.access.services})

    def restart(self, service: str) -> Restarted:
        """All containers of the service, as compose does it."""
        self._known(service)
        receipt = Restarted(service=service, note="its containers were restarted by compose")
        self._do(receipt, "restart", service)
        return awaited(receipt, lambda: self._missing(service), self.access.timeout_s)

    def scale(self, service: str, instances: int) -> Activated:
        """What runs is not made anew."""
        self._known(service)
        before = _names(self._running(service))
        receipt = Activated(service=service, before=before, changed=len(before) != instances)
        if receipt.changed:
            many = f"{service}={instances}"
            options = ("--detach", "--no-deps", "--no-recreate", "--scale", many)
            self._do(receipt, "up", *options, service)
        active = _names(self._running(service))
        receipt = receipt.model_copy(update={"active": active})
        return awaited(receipt, lambda: self._short(service, instances), self.access.timeout_s)

    def restore(self, was: Activated) -> Activated:
        """As many as before."""
        return self.scale(was.service, len(was.before))

    def _known(self, service: str) -> None:
        if service not in self.access.services:
            known = ", ".join(self.access.services)
            raise ToolFailed(f"{service} is not written down in `services`; known: {known}")

    def _do(self, receipt: Receipt, *words: str) -> None:
        self.open(" ".join([*self._compose, *words]))
        try:
            said([*self._compose, *words], self.access.timeout_s)
        except ToolFailed as error:
            raise Halfway(str(error), receipt) from error

    @property
    def _compose(self) -> list[str]:
        project = ["--project-name", self.access.project] if self.access.project else []
        return [*self.access.program, "--file", str(self.access.file), *project]

    def _running(self, service: str) -> list[dict[str, Any]]:
        """`ps` answers one JSON object a line (compose 2.21 and later), before that one list."""
        words = [*self._compose, "ps", "--all", "--format", "json", service]
        text = said(words, self.access.timeout_s).strip()
        try:
            found = json.loads(text) if text.startswith("[") else _lines(text)
        except ValueError as error:
            raise ToolFailed(f"compose answers no JSON for {service}: {error}") from error
        return [one for one in found if one.get("State") == "running"]

    def _missing(self, service: str) -> str:
        sick = [one["Name"] for one in self._running(service) if one.get("Health") == "unhealthy"]
        starts = [one["Name"] for one in self._running(service) if one.get("Health") == "starting"]
        if not self._running(service):
            return f"no container of {service} runs"
        return f"{', '.join(sick or starts)} is not healthy" if sick or starts else ""

    def _short(self, service: str, wanted: int) -> str:
        count = len(self._running(service))
        return "" if count == wanted else f"{count} of {wanted} containers run"

    def _part(self, service: str) -> Part:
        names = _names(self._running(service))
        spares = [f"{service}-{number + 1}" for number in range(len(names), self.access.most)]
        return Part(instances=names, spares=spares, stopped=[] if names else [service])


def _names(running: list[dict[str, Any]]) -> list[str]:
    return sorted(one["Name"] for one in running)


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]
