"""Day one, timed as a team lives it: an empty virtual environment, installed, connected to real
servers with a fault in them, looked at, answered.

The shop has run for some minutes, then gets its bad release. What Warroom is told is the addresses
of the servers and of the repository; what it says is held against the truth, beside the alert's
own words, which are what there is without it.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...drills.alarm import Bodies, listening
from ...drills.environment import Shop
from ...drills.faults import FAULTS
from ...drills.world import world
from ...errors import WarroomError
from ...incident.document import Incident
from ...telemetry.alerts import parse_alerts
from ...telemetry.rules import default_rules, prometheus_rules
from ..conformance.servers import LIVE
from ..framework.grid import ResultGrid
from ..service.installation import OURS
from .stores import check_there, shipped

ROOT = Path(__file__).parents[2]
FAULT = FAULTS["bad-deploy"]
HEALTHY_S = 240.0
"""That the shop is well for, at least: a default window of healthy time is some minutes."""
ALERT_S, TRIES = 60.0, 10
LEVEL_S, CAUSE_S, ALL_S = 2.0, 15.0, 300.0
"""From the alert to its level and to its cause; from the empty environment to the answer."""


@dataclass
class Bench:
    """A folder with an environment, and what each step in it took."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = 0.0  # the last step, unix seconds
    peak_mb: float = 0.0  # of the last step
    cpu_s: float = 0.0  # the same: of a processor, its own

    def step(self, name: str, *command: str | Path, ends: tuple[int, ...] = (0,)) -> str:
        """Run it as a person would in that folder; its output. Raises WarroomError."""
        print(f"$ {name}", flush=True)
        known = {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
        self.began, log = time.time(), self.folder / "errors"
        with log.open("wb") as errors:
            pipes = {"stdout": subprocess.PIPE, "stderr": errors, "stdin": subprocess.DEVNULL}
            process = subprocess.Popen([*map(str, command)], cwd=self.folder, env=known, **pipes)
            said = process.stdout.read().decode() if process.stdout else ""
            _pid, status, usage = os.wait4(process.pid, 0)
        self.seconds[name] = time.time() - self.began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in ends:
            raise WarroomError(f"`{name}` ended with {code}: {log.read_text()[-600:]}{said[-600:]}")
        self.peak_mb = usage.ru_maxrss / 1024
        self.cpu_s = usage.ru_utime + usage.ru_stime
        return said

    def warroom(self, *arguments: str, ends: tuple[int, ...] = (0,)) -> str:
        """`warroom …` of the environment."""
        name = f"warroom {' '.join(arguments)}"
        return self.step(name, self.folder / "venv" / "bin" / "warroom", *arguments, ends=ends)


def wheel(folder: Path) -> Path:
    """Of what is committed in this checkout, built without network."""
    tree = folder / "tree"
    tree.mkdir()
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "HEAD"], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", folder, tree], check=True)
    return next(folder.glob("*.whl"))


@contextmanager
def running(root: Path) -> Iterator[tuple[Shop, Bodies]]:
    """The shop with Prometheus and Alertmanager, and what the latter posts."""
    with listening() as (url, bodies):
        rules = json.dumps(prometheus_rules(default_rules(world().windows)))
        with Shop.start(root, webhook=url, alerting=rules) as shop:
            yield shop, bodies


def first_answer() -> tuple[list[ResultGrid], bool]:
    """The tables, and whether it was right and in time. Raises InputError for missing servers."""
    check_there()
    with TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder / "work")
        bench.folder.mkdir()
        built = wheel(folder)
        with running(folder / "shop") as (shop, bodies), shipped(shop, folder / "home") as stores:
            well = time.monotonic() + HEALTHY_S
            bench.step("python -m venv venv", sys.executable, "-m", "venv", "venv")
            pip = [bench.folder / "venv" / "bin" / "pip", "install", "-q", "-c"]
            bench.step("pip install warroom", *pip, ROOT / "constraints.txt", built)
            time.sleep(max(0.0, well - time.monotonic()))
            while not bodies.empty():
                print("fired while all was well:", bodies.get()["alerts"][0]["labels"])
            before = set(shop.releases.versions())
            for course in FAULT.courses():
                course.begin(shop)
            [release] = set(shop.releases.versions()) - before
            alert = parse_alerts(bodies.get(timeout=ALERT_S))[0]
            for one in stores:
                bench.warroom("connect", one.type, one.url)
            bench.warroom("connect", "alertmanager", shop.layout.url("alertmanager"))
            bench.warroom("connect", "git", str(shop.layout.releases))
            print(bench.warroom("doctor"), flush=True)
            told = triaged(bench)
            known = bench.began, bench.peak_mb, bench.cpu_s
            shown = bench.warroom("show", told[0]["incident"], "--json")
            bench.began, bench.peak_mb, bench.cpu_s = known
    return judged(bench, Incident.model_validate_json(shown), release, alert.severity)


def triaged(bench: Bench) -> list[dict[str, Any]]:
    """What `triage --now` did: again where nothing fires just then, as rates go up and down."""
    for _ in range(TRIES):
        if told := json.loads(bench.warroom("triage", "--now", "--json", ends=(0, 4, 5))):
            return told
        time.sleep(1)
    raise WarroomError("nothing fires any more")


def judged(
    bench: Bench, incident: Incident, release: str, word: str
) -> tuple[list[ResultGrid], bool]:
    """The answer beside the truth, the release that was bad, and beside the alert's own `word` for
    its level. As in drills a level may be off by one."""
    truth, cause, level = FAULT.truth, incident.leading(), incident.severity
    right = level and level.rank <= truth.severity.rank + 1
    blamed = cause and cause.service == truth.service and release in cause.statement
    said = [
        _row("level", level.value if level else "none", f"{truth.severity.value} ± 1", word),
        _row("cause", cause.statement if cause else "none", f"{release} of {truth.service}"),
    ]
    said = [[*row, _mark(bool(met))] for row, met in zip(said, (right, blamed), strict=True)]
    began = bench.began - incident.opened_at.timestamp()
    to_level, to_cause = (_after(incident, step) for step in ("step 1:", "step 4:"))
    *before, (last, lasted), _show = bench.seconds.items()
    total = sum(seconds for _name, seconds in before) + to_cause - began
    for name, found, most in (
        ("alert to level", to_level, LEVEL_S),
        ("alert to cause", to_cause, CAUSE_S),
        ("all, to the cause", total, ALL_S),
    ):
        said.append([*_row(name, f"{found:.1f} s", f"≤ {most:g} s"), _mark(found <= most)])
    rows = [[name, f"{seconds:.1f}"] for name, seconds in before]
    rows += [[f"{last}, to the cause", f"{to_cause - began:.1f}"], ["all", f"{total:.1f}"]]
    of_it = f"{bench.cpu_s:.0f} s of a processor its own, at a load of {os.getloadavg()[0]:.0f}"
    notes = [f"`{last}` ended after {lasted:.1f} s, {of_it}, with nobody there to answer"]
    steps = ResultGrid("Day one, step by step", ["step", "seconds"], rows, notes)
    answer = ResultGrid("The first answer", ["", "Warroom", "wanted", "the alert alone", ""], said)
    return [steps, answer, asked(incident, bench.peak_mb)], all(row[-1] == "✓" for row in said)


def _row(name: str, said: str, wanted: str, alone: str = "none") -> list[str]:
    return [name, said, wanted, alone]


def _mark(met: bool) -> str:
    return "✓" if met else "✖"


def _after(incident: Incident, step: str) -> float:
    """Seconds from when the alert was taken until a step was done; endless where it was not."""
    told = (event.at for event in incident.timeline if event.text.startswith(step))
    done = min(told, default=None)
    return (done - incident.opened_at).total_seconds() if done else math.inf


def asked(incident: Incident, peak_mb: float) -> ResultGrid:
    """What was asked of each backend for the incident."""
    heads = ["backend", "requests", "MB", "seconds of answers"]
    rows = [
        [one.datasource, str(one.requests), f"{one.bytes / 1e6:.2f}", f"{one.seconds:.1f}"]
        for one in incident.loads
    ]
    versions = {server.type: f"{name} {server.version}" for name, server in reversed(LIVE.items())}
    notes = [f"peak memory of `warroom triage`: {peak_mb:.0f} MB"]
    notes += [f"real: {', '.join(versions[row[0]] for row in rows if row[0] in versions)}"]
    return ResultGrid("What it asked", heads, rows, notes)
