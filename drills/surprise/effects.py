"""What happens to the shop's processes, and to the network between services.

An effect begins by finding what it is about (`begin`); its switch then turns it on at a strength
from 0 to 1, off, and on again.
"""

import os
import re
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from string import Template
from typing import Literal, NamedTuple

import psutil

from ...yaml_tables import Entry
from ..environment import Shop
from ..repositories import write_json


class Switch(NamedTuple):
    """Turns an effect on at a strength, and off; both may be called again."""

    on: Callable[[float], None]
    off: Callable[[], None]


def nothing() -> None:
    """There is nothing to take back: the run ends with its processes."""


class Stop(Entry):
    """A process stands still. Its successor does not: whoever replaces it has cured it."""

    kind: Literal["stop"]
    program: str

    def begin(self, shop: Shop) -> Switch:
        pid = shop.supervision.pid(self.program)

        def send(what: signal.Signals) -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, what)

        return Switch(lambda _: send(signal.SIGSTOP), lambda: send(signal.SIGCONT))


class Silence(Entry):
    """One of the run's own processes stands still: what it told is told no more."""

    kind: Literal["silence"]
    module: str

    def begin(self, shop: Shop) -> Switch:
        processes = map(psutil.Process, (each.pid for each in shop.processes))
        found = [each for each in processes if self.module in " ".join(each.cmdline())]

        def send(what: signal.Signals) -> None:
            for process in found:
                process.send_signal(what)

        return Switch(lambda _: send(signal.SIGSTOP), lambda: send(signal.SIGCONT))


class Kill(Entry):
    """Whatever process is there dies, each time."""

    kind: Literal["kill"]
    program: str

    def begin(self, shop: Shop) -> Switch:
        def kill(_: float) -> None:
            pid = shop.supervision.call("getProcessInfo", self.program)["pid"]
            with suppress(ProcessLookupError):
                if pid:
                    os.kill(pid, signal.SIGKILL)

        return Switch(kill, nothing)


class Shutdown(Entry):
    """A process is told to end, and nobody starts it again."""

    kind: Literal["shutdown"]
    program: str

    def begin(self, shop: Shop) -> Switch:
        call = shop.supervision.call
        return Switch(lambda _: call("stopProcess", self.program), nothing)


class Descriptors(Entry):
    """A process may open only so many files more than it has open."""

    kind: Literal["descriptors"]
    program: str
    spare: int

    def begin(self, shop: Shop) -> Switch:
        def limit(_: float) -> None:
            pid = shop.supervision.pid(self.program)
            most = len(os.listdir(f"/proc/{pid}/fd")) + self.spare
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))

        return Switch(limit, nothing)


class Environment(Entry):
    """A supervised program is started again with another environment."""

    kind: Literal["environment"]
    program: str
    set: dict[str, str]

    def begin(self, shop: Shop) -> Switch:
        file = shop.layout.root / "supervisor.conf"

        def change(_: float) -> None:
            file.write_text(with_environment(file.read_text(), self.program, self.set))
            call = shop.supervision.call
            call("reloadConfig")
            for method in ("stopProcess", "removeProcessGroup", "addProcessGroup"):
                call(method, self.program)

        return Switch(change, nothing)


def with_environment(text: str, program: str, values: dict[str, str]) -> str:
    """A supervisor.conf in which one program has these variables; a value of another variable
    there is named as $NAME."""
    pattern = re.compile(rf"(?s)(\[program:{re.escape(program)}\]\n.*?\nenvironment=)([^\n]*)")

    def changed(match: re.Match[str]) -> str:
        known = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
        known |= {name: Template(value).safe_substitute(known) for name, value in values.items()}
        return match[1] + ",".join(f'{name}="{value}"' for name, value in known.items())

    return pattern.sub(changed, text, count=1)


class Clock(Entry):
    """The host of a program comes back from a move with its clock behind."""

    kind: Literal["clock"]
    program: str
    behind_s: float

    def begin(self, shop: Shop) -> Switch:
        folder = shop.layout.root / "host"
        text = (
            "import time\n\n_clock, _clock_ns = time.time, time.time_ns\n"
            f"time.time = lambda: _clock() - {self.behind_s}\n"
            f"time.time_ns = lambda: _clock_ns() - {int(self.behind_s * 1e9)}\n"
        )
        moved = Environment(
            kind="environment", program=self.program, set={"PYTHONPATH": str(folder)}
        )

        def change(strength: float) -> None:
            folder.mkdir(exist_ok=True)
            (folder / "sitecustomize.py").write_text(text)
            moved.begin(shop).on(strength)

        return Switch(change, nothing)


class Rotate(Entry):
    """A log file is moved away while its writer keeps it open: what is written goes there."""

    kind: Literal["rotate"]
    program: str

    def begin(self, shop: Shop) -> Switch:
        file = shop.telemetry / "logs" / f"{self.program}.jsonl"
        away = shop.layout.output / f"{self.program}.jsonl.1"
        return Switch(lambda _: file.replace(away) and None, nothing)


class LinkEffect(Entry):
    """The network in front of a callee is not what it was; the strength scales its numbers."""

    kind: Literal["link"]
    link: str
    caller: str = ""
    share: float = 1.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = 0.0
    refuse: bool = False
    silent: bool = False
    reset: bool = False
    answered_by: str = ""

    def begin(self, shop: Shop) -> Switch:
        file = shop.layout.line_file(self.link)
        plain = self.model_dump(exclude={"kind", "link", "answered_by"})
        port = shop.layout.far_end(self.answered_by) if self.answered_by else 0

        def set_to(strength: float) -> None:
            scaled = ("share",) if self.reset else ("delay_s", "jitter_s")
            weaker = {name: plain[name] * strength for name in scaled}
            write_json(file, {**plain, **weaker, "port": port})

        return Switch(set_to, lambda: write_json(file, {}))
