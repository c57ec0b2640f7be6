"""How the response grows.

    python -m warroom.evals.studies.growth [--largest N] [--limit S] [--json]

A made-up incident (growth_bundle.py) of 1,000 logs and as many spans, then ten times as much, up
to a million each and 1,000 services with 20 series for an hour. Each size is worked in a process of
its own; one that takes longer than the limit is stopped and said to be.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Annotated, Any

import typer
from rich.console import Console

from ...errors import WarroomError
from ..framework.grid import ResultGrid, at_terminal
from .growth_bundle import write
from .growth_telemetry import Size

RUN = "warroom.evals.studies.growth_run"
SMALLEST, LARGEST, LIMIT_S = 1_000, 1_000_000, 300.0
LINES_S = 150_000.0
"""Log lines a second that mining should reach."""
FEWEST = 100_000
"""Lines from which its speed says anything."""
HEADS = [
    "services",
    "samples",
    "logs",
    "spans",
    "load s",
    "response s",
    "peak MB",
    "found",
    "mined/s",
]
NOTES = [
    "found: the floor names the service with the fault; peak MB: of the process, also when stopped",
    f"mined/s: log lines a second, at least {LINES_S:,.0f} from {FEWEST:,} lines on",
]


@dataclass(frozen=True)
class Grown:
    """One size, measured. None: it was stopped before."""

    size: Size
    peak_mb: float
    load_s: float | None = None
    respond_s: float | None = None
    answer: str | None = None
    lines_s: float | None = None
    stopped_after_s: float | None = None

    @property
    def found(self) -> bool:
        """Whether the right service was named."""
        return self.answer == self.size.guilty

    @property
    def fast(self) -> bool:
        """Whether mining reached its target, where that says anything."""
        few = self.size.logs < FEWEST
        return few or (self.lines_s is not None and self.lines_s >= LINES_S)


def sizes(largest: int) -> list[Size]:
    """From the smallest, each ten times as large."""
    counts = [SMALLEST]
    while counts[-1] * 10 <= largest:
        counts.append(counts[-1] * 10)
    return [Size(max(10, count // 1000), count, count) for count in counts]


def measured(size: Size, limit_s: float) -> Grown:
    """Write the bundle, respond to it, mine its logs; each of the two within the limit."""
    with TemporaryDirectory() as folder:
        bundle = str(write(Path(folder), size))
        response = child(RUN, [bundle, "respond"], limit_s)
        mined = child(RUN, [bundle, "mine"], limit_s)
    speed = mined.found["lines_s"] if mined.found else None
    if response.found is None:
        return Grown(size, response.peak_mb, lines_s=speed, stopped_after_s=response.seconds)
    return Grown(size, response.peak_mb, **response.found, lines_s=speed)


def table(grown: list[Grown]) -> ResultGrid:
    """A row a size."""
    return ResultGrid("Growth of the response", HEADS, [_row(one) for one in grown], NOTES)


def _row(one: Grown) -> list[str]:
    size = one.size
    counts = [f"{count:,}" for count in (size.services, size.samples, size.logs, size.spans)]
    if one.stopped_after_s is None:
        seconds = [f"{one.load_s:.1f}", f"{one.respond_s:.1f}"]
        answer = "yes" if one.found else f"NO: {one.answer}"
    else:
        seconds, answer = ["·", f"stopped after {one.stopped_after_s:.0f}"], "stopped"
    mined = "stopped" if one.lines_s is None else f"{one.lines_s:,.0f}"
    return [
        *counts,
        *seconds,
        f"{one.peak_mb:,.0f}",
        answer,
        mined + ("" if one.fast else " MISSED"),
    ]


def growth(
    largest: Annotated[int, typer.Option(min=SMALLEST, help="Logs, and spans.")] = LARGEST,
    limit: Annotated[float, typer.Option(min=1, help="Seconds for one response.")] = LIMIT_S,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Measure larger and larger incidents; exit 1 where one is stopped or not found."""
    console, grown = Console(stderr=True), []
    for size in sizes(largest):
        grown.append(measured(size, limit))
        console.print(" · ".join(_row(grown[-1])), highlight=False)
    if as_json:
        print(json.dumps([{**asdict(one), "found": one.found} for one in grown], indent=2))
    else:
        Console().print(at_terminal(table(grown)))
    if not all(one.found and one.fast for one in grown):
        raise typer.Exit(1)


POLL_S = 0.05


@dataclass(frozen=True)
class Ended:
    """How a child ended; `found` is None where it was stopped."""

    found: dict[str, Any] | None
    seconds: float
    peak_mb: float


def child(module: str, arguments: list[str], limit_s: float) -> Ended:
    """Run `python -m module arguments`, which prints one JSON object.

    After `limit_s` seconds it is killed, which counts as an answer too. Raises WarroomError where
    it ends by itself with an error.
    """
    command = [sys.executable, "-m", module, *arguments]
    with TemporaryFile() as out, TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        status, used = _waited(process, started + limit_s)
        seconds = time.monotonic() - started
        peak = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return Ended(None, seconds, peak)
        if status:
            raise WarroomError(f"{Path(module).name} {' '.join(arguments)} failed:\n{_text(err)}")
        return Ended(json.loads(_text(out).splitlines()[-1]), seconds, peak)


def _waited(process: subprocess.Popen, until: float):
    """Its exit status and what it used, also where it has to be killed."""
    try:
        while time.monotonic() < until:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                return status, used
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        process.kill()
        raise
    process.kill()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return status, used


def _text(file) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")[-2000:].strip()


if __name__ == "__main__":
    try:
        typer.run(growth)
    except WarroomError as problem:
        sys.exit(str(problem))
