"""Change scenarios: read from tests/cases/mechanisms/SET/NAME.yaml, written as root-cause cases.

What a scenario tells is its own, all else is calm. noise.yaml has innocent commits of every one.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from warroom.tests.support.rca_folder import DETECTED, LOGS, SPANS
from warroom.yaml_tables import parse_table

T = TypeVar("T")

FOLDER = Path(__file__).parents[1] / "cases" / "mechanisms"
STRICT = ConfigDict(extra="forbid")
STEP = 60
LONG = 180
"""Minutes of metrics before the detection."""


@dataclass(frozen=True, config=STRICT)
class Commit:
    """One commit; `minutes` and `deployed` count back from the detection."""

    sha: str
    minutes: float
    files: Sequence[str]
    message: str
    diff: str = ""
    to: str = ""  # service that it was deployed to
    deployed: float = 0.0  # minutes before the detection; 0: as the commit


@dataclass(frozen=True, config=STRICT)
class Scenario:
    """An incident that one commit caused, or none."""

    name: str
    alert: tuple[str, str, str]  # service, metric, summary
    edges: Sequence[tuple[str, str]]
    metrics: Mapping[str, tuple[float, float]]  # "service|metric": healthy, ill
    logs: Sequence[tuple[str, str, str]]  # service, level, message of the incident
    commits: Sequence[Commit]
    culprit: str
    decoys: Sequence[str]
    began: float = 6  # minutes before the detection
    flags: Sequence[tuple[str, str, float]] = ()  # flag, service, minutes
    spans: Sequence[
        tuple[str, str, float, float, str]
    ] = ()  # service, operation, ms, ms ill, error
    attributes: Mapping[str, Any] = field(default_factory=dict)  # of every log line


@cache
def scenarios(name: str) -> tuple[Scenario, ...]:
    """Every scenario of a set, in the order of the files' names. Raises TableError."""
    noise = _read(FOLDER / "noise.yaml", list[Commit])
    found = [_read(file, Scenario) for file in sorted((FOLDER / name).glob("*.yaml"))]
    return tuple(replace(one, commits=[*noise, *one.commits]) for one in found)


def _read(file: Path, schema: type[T]) -> T:
    return parse_table(file.read_text(encoding="utf-8"), schema, file.name)


def write_scenario(root: Path, scenario: Scenario) -> Path:
    """The folder with this one case, as evals/rca/cases.py reads it."""
    case = root / "cases" / "scenarios" / "s1"
    case.mkdir(parents=True)
    service, metric, summary = scenario.alert
    head = {"set": "scenarios", "id": "s1", "detected_at": DETECTED, "interval_s": STEP}
    symptom = {"service": service, "metric": metric}
    _json(case / "case.json", head | {"symptom": symptom})
    _json(case / "alert.json", symptom | {"summary": summary, "monitor": f"{service}-{metric}"})
    _json(case / "changes.json", _changes(scenario))
    _csv(case / "topology.csv", ["source", "target"], scenario.edges)
    names = list(scenario.metrics)
    _csv(case / "metrics.csv.gz", ["ts", "phase", *names], _metrics(scenario))
    _csv(case / "logs.csv.gz", LOGS, _logs(scenario))
    if scenario.spans:
        _csv(case / "traces.csv.gz", SPANS, _spans(scenario))
    return root


def _metrics(scenario: Scenario):
    for minute in range(-LONG, 5):
        ill = minute >= -scenario.began
        wave = 1.0 + 0.02 * ((minute * 7) % 5 - 2)
        values = [
            round((bad if ill else good) * wave, 6) for good, bad in scenario.metrics.values()
        ]
        yield [DETECTED + 60 * minute, "incident" if minute >= -10 else "baseline", *values]


def _logs(scenario: Scenario):
    services = sorted({name.split("|")[0] for name in scenario.metrics})
    lines = [(m, s, "INFO", "handled request", "") for s in services for m in range(-LONG, 4, 9)]
    extra = json.dumps(scenario.attributes) if scenario.attributes else ""
    first = -int(scenario.began)
    lines += [(m, *log, extra) for log in scenario.logs for m in range(first, 4) for _ in "abc"]
    for number, (minute, service, level, message, attributes) in enumerate(sorted(lines)):
        at = int((DETECTED + 60 * minute + number % 50) * 1e9)
        yield [at, service, "", level, "", "", message, attributes]


def _spans(scenario: Scenario):
    for minute in range(-60, 4, 2):
        ill = minute >= -scenario.began
        for number, (service, operation, good, bad, error) in enumerate(scenario.spans):
            failing = ill and bool(error)
            row = [f"t{minute}", f"{number}", "" if not number else f"{number - 1}", service, ""]
            start = int((DETECTED + 60 * minute) * 1e9) + number
            row += [operation, start, int(1000 * (bad if ill else good))]
            note = json.dumps({"error": error}) if failing else ""
            yield [*row, "ERROR" if failing else "OK", note]


def _changes(scenario: Scenario) -> dict[str, list[dict[str, Any]]]:
    commits = [
        {
            **{"sha": c.sha, "author": "dev", "message": c.message, "diff": c.diff or None},
            **{"files_changed": list(c.files), "at": DETECTED - 60 * c.minutes},
        }
        for c in scenario.commits
    ]
    deploys = [
        {
            **{"service": c.to, "commit_sha": c.sha, "version": f"v{n}"},
            "at": DETECTED - 60 * (c.deployed or c.minutes - 1),
        }
        for n, c in enumerate(scenario.commits)
        if c.to
    ]
    flags = [
        {
            **{"flag": flag, "service": service, "change": "off->on", "actor": "dev"},
            "at": DETECTED - 60 * minutes,
        }
        for flag, service, minutes in scenario.flags
    ]
    return {"commits": commits, "deploys": deploys, "flags": flags}


def _json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content))


def _csv(file: Path, heads: list[str], rows: Any) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([heads, *rows])
    written = text.getvalue().encode()
    file.write_bytes(gzip.compress(written) if file.suffix == ".gz" else written)
