"""How fast, how large: `python -m warroom.evals.studies.speed [--bundle DIR] [--runs N] [--json]`.

Each run is a fresh process: the responder through all five phases (playbooks alone, a real store
in a temporary home), beside a trivial baseline. Medians count; the worst is shown too.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ...errors import WarroomError
from . import synthetic

LIMIT_S = 120.0
"""A run that takes longer is ended: the figure would be of no use."""


@dataclass(frozen=True)
class SpeedFigure:
    """One measure over all runs, and what it is held against."""

    name: str
    unit: str
    values: list[float]
    target: float | None = None

    @property
    def row(self) -> list[str]:
        """Name, median, least, most, target, in words."""
        middle, least, most = median(self.values), min(self.values), max(self.values)
        met = "" if self.target is None else "met" if middle <= self.target else "MISSED"
        target = "" if self.target is None else f"≤ {self.target:g} {self.unit}: {met}"
        return [self.name, *(f"{v:.2f} {self.unit}" for v in (middle, least, most)), target]

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        shown = {"median": median(self.values), "min": min(self.values), "max": max(self.values)}
        return {**shown, "unit": self.unit, "target": self.target, "values": self.values}


def measure(bundle: Path, who: str) -> dict[str, Any]:
    """One run in a process of its own, with its wall seconds from start to end."""
    command = [
        sys.executable,
        "-m",
        "warroom.evals.studies.one_run",
        str(bundle),
        who,
        str(time.time()),
    ]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    wall = time.perf_counter() - started
    if done.returncode:
        raise WarroomError(f"the {who} did not finish:\n{done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"wall_s": wall}


def figures(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[SpeedFigure]:
    """What is shown, with the targets of the project."""

    def of(runs: list[dict[str, Any]], name: str) -> list[float]:
        return [run[name] for run in runs]

    return [
        SpeedFigure("process, start to end", "s", of(ours, "wall_s"), 5.0),
        SpeedFigure("  importing", "s", of(ours, "import_s")),
        SpeedFigure("  opening store and bundle", "s", of(ours, "open_s")),
        SpeedFigure("  five phases", "s", of(ours, "respond_s")),
        SpeedFigure("  CPU time", "s", of(ours, "cpu_s")),
        SpeedFigure("alert to severity", "s", of(ours, "severity_s"), 1.0),
        SpeedFigure("peak memory", "MB", of(ours, "peak_mb"), 400.0),
        SpeedFigure("baseline: process", "s", of(theirs, "wall_s")),
        SpeedFigure("baseline: peak memory", "MB", of(theirs, "peak_mb")),
    ]


def truth_of(bundle: Path) -> str:
    """The injected fault where the drill kept it beside the bundle; empty where not."""
    file = bundle.with_name(f"{bundle.name}.truth.json")
    if not file.exists():
        return ""
    known = json.loads(file.read_text())
    return f"{known['service']}: {known['kind']}"


def shown(
    bundle: Path, found: list[SpeedFigure], answers: dict[str, str], steps: list[int]
) -> Table:
    """The table for people."""
    size = sum(file.stat().st_size for file in bundle.rglob("*.jsonl")) / 1e6
    title = f"{bundle.name}: {size:.1f} MB, {len(found[0].values)} runs"
    table = Table("", "median", "least", "most", "target", title=title)
    for figure in found:
        table.add_row(*figure.row)
    table.caption = "baseline: read the bundle, blame the service that the alert names\n"
    table.caption += f"{len(steps)} of 13 steps worked\n"
    table.caption += "; ".join(f"{who} says {answer}" for who, answer in answers.items() if answer)
    return table


def speed(
    bundle: Annotated[Path | None, typer.Option(help="Kept by a drill; default: made up.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 5,
    live: Annotated[bool, typer.Option(help="Its last seconds come while it runs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Measure the responder's own work on a bundle."""
    console = Console(stderr=True)
    with TemporaryDirectory() as folder:
        source = bundle or synthetic.write(Path(folder) / "synthetic")
        ours, theirs = [], []
        for number in range(1, runs + 1):
            ours.append(measure(source, "live" if live else "responder"))
            theirs.append(measure(source, "baseline"))
            console.print(f"run {number} of {runs}: {ours[-1]['wall_s']:.2f} s", highlight=False)
        found = figures(ours, theirs)
        answers = {
            "warroom": ours[-1]["answer"],
            "the baseline": theirs[-1]["answer"],
            "the truth": truth_of(source),
        }
        if as_json:
            figures_json = {figure.name.strip(): figure.as_json() for figure in found}
            print(
                json.dumps(
                    {"figures": figures_json, "answers": answers, "steps": ours[-1]["steps"]},
                    indent=2,
                )
            )
        else:
            Console().print(shown(source, found, answers, ours[-1]["steps"]))


if __name__ == "__main__":
    try:
        typer.run(speed)
    except WarroomError as problem:
        sys.exit(str(problem))
