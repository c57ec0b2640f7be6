"""What happens to the shop's processes, and to the network between services."""

import os
import re
import resource
import signal
from contextlib import suppress
from dataclasses import asdict, replace
from string import Template
from typing import Literal

import psutil
from pydantic import Field

from ...yaml_tables import Entry
from ..environment import Shop
from ..link import Line
from ..repositories import write_json
from .switch import Once, Switch


class Stop(Entry):
    """A process stands still: of a program, or (`module`) one of the run's own, whose telling ends.

    Its successor does not: whoever replaces it has cured it.
    """

    kind: Literal["stop"]
    program: str = ""
    module: str = ""

    def begin(self, shop: Shop) -> Switch:
        found = [psutil.Process(shop.supervision.pid(self.program))] if self.program else []
        if self.module:
            own = map(psutil.Process, (each.pid for each in shop.processes))
            found = [each for each in own if self.module in " ".join(each.cmdline())]

        def send(what: signal.Signals) -> None:
            for process in found:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(what)

        return Switch(lambda _: send(signal.SIGSTOP), lambda: send(signal.SIGCONT))


class Kill(Once):
    """Whatever process is there dies, each time."""

    kind: Literal["kill"]
    program: str

    def do(self, shop: Shop) -> None:
        pid = shop.supervision.call("getProcessInfo", self.program)["pid"]
        with suppress(ProcessLookupError):
            if pid:
                os.kill(pid, signal.SIGKILL)


class Shutdown(Once):
    """A process is told to end, and nobody starts it again."""

    kind: Literal["shutdown"]
    program: str

    def do(self, shop: Shop) -> None:
        shop.supervision.call("stopProcess", self.program)


class Descriptors(Once):
    """A process may open only so many files more than it has open."""

    kind: Literal["descriptors"]
    program: str
    spare: int

    def do(self, shop: Shop) -> None:
        pid = shop.supervision.pid(self.program)
        most = len(os.listdir(f"/proc/{pid}/fd")) + self.spare
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))


class Environment(Once):
    """A supervised program is started again with another environment; `behind_s`: as on a host that
    came back from a move with its clock behind."""

    kind: Literal["environment"]
    program: str
    set: dict[str, str] = Field(default_factory=dict)
    behind_s: int = 0

    def do(self, shop: Shop) -> None:
        values = {**self.set, **self._clock(shop)}
        file = shop.layout.root / "supervisor.conf"
        file.write_text(with_environment(file.read_text(), self.program, values))
        shop.supervision.call("reloadConfig")
        for method in ("stopProcess", "removeProcessGroup", "addProcessGroup"):
            shop.supervision.call(method, self.program)

    def _clock(self, shop: Shop) -> dict[str, str]:
        if not self.behind_s:
            return {}
        folder = shop.layout.root / "host"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(CLOCK.substitute(seconds=self.behind_s))
        return {"PYTHONPATH": str(folder)}


def with_environment(text: str, program: str, values: dict[str, str]) -> str:
    """A supervisor.conf in which one program has these variables besides its own."""
    pattern = re.compile(rf"(\[program:{re.escape(program)}\]\n(?:.+\n)*?environment=)(.*)")

    def changed(match: re.Match[str]) -> str:
        known = {**dict(re.findall(r'(\w+)="([^"]*)"', match[2])), **values}
        return match[1] + ",".join(f'{name}="{value}"' for name, value in known.items())

    return pattern.sub(changed, text, count=1)


CLOCK = Template("""\
import time

_clock, _clock_ns = time.time, time.time_ns
time.time = lambda: _clock() - $seconds
time.time_ns = lambda: _clock_ns() - $seconds * 10**9
""")


class Rotate(Once):
    """A log file is moved away while its writer keeps it open: what is written goes there."""

    kind: Literal["rotate"]
    program: str

    def do(self, shop: Shop) -> None:
        file = shop.telemetry / "logs" / f"{self.program}.jsonl"
        file.replace(shop.layout.output / f"{self.program}.jsonl.1")


class LinkEffect(Entry):
    """The network in front of a callee is not what it was; `answered_by` another service."""

    kind: Literal["link"]
    link: str
    line: Line = Line()
    answered_by: str = ""

    def begin(self, shop: Shop) -> Switch:
        file = shop.layout.line_file(self.link)
        port = shop.layout.far_end(self.answered_by) if self.answered_by else 0
        line = replace(self.line, port=port)

        def set_to(strength: float) -> None:
            scaled = ("share",) if line.reset else ("delay_s", "jitter_s")
            weaker = {name: getattr(line, name) * strength for name in scaled}
            write_json(file, asdict(replace(line, **weaker)))

        return Switch(set_to, lambda: write_json(file, {}))
