"""Recordings of unannounced faults, each cut off where a responder was asked; the truth apart.

Two layouts are read, and told apart by what lies there:

    DIR/NAME, DIR/NAME.truth.json      as `warroom drill surprise --keep DIR` writes them
    DIR/NAME.tar.xz, DIR/truth.json    published ones; rubric.yaml says what a right answer has
"""

import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...drills.surprise.truth import Account, Truth, read_truth
from ...errors import InputError
from ...incident.document import Alert
from ...telemetry.alerts import read_alerts
from ...yaml_tables import read_table

SEEN_S = 20.0
"""Telemetry after the alert that a responder is given: the live ones saw 11 to 25 s."""


@dataclass(frozen=True)
class RecordedFault:
    """One fault to be answered: what a responder may read, and what is really the case."""

    name: str
    bundle: Path
    alert: Alert
    truth: Truth


Rubrics = dict[str, Account]
"""rubric.yaml: what a right answer about a published recording has, by its name."""


def recordings(folder: Path, work: Path) -> Iterator[RecordedFault]:
    """Every recording of a folder, by name; unpacked into `work` where it is packed.

    Raises InputError where there is none.
    """
    kept = sorted(folder.glob("*.truth.json"))
    packed = sorted(folder.glob("*.tar.xz"))
    if not kept and not packed:
        raise InputError(
            f"{folder} has no recordings; keep some: warroom drill surprise --keep DIR"
        )
    yield from map(_kept, kept)
    yield from _published(packed, folder / "truth.json", work) if packed else ()


def _kept(file: Path) -> RecordedFault:
    bundle = file.with_name(file.name.removesuffix(".truth.json"))
    alert = read_alerts((bundle / "alert.json").read_bytes())[0]
    return RecordedFault(bundle.name, bundle, alert, read_truth(file))


def _published(packed: list[Path], truths: Path, work: Path) -> Iterator[RecordedFault]:
    said = {each["id"]: each for each in json.loads(truths.read_text(encoding="utf-8"))}
    rubrics = read_table("evals/unannounced/rubric.yaml", Rubrics)
    for file in packed:
        name = file.name.removesuffix(".tar.xz")
        bundle = work / name
        with tarfile.open(file) as archive:
            archive.extractall(bundle, filter="data")
        cut(bundle, said[name]["alerted"] + SEEN_S)
        so = {key: said[name][key] for key in ("cause", "place")}
        truth = Truth(**{**dict(rubrics[name]), **so, "group": "unannounced", "mechanism": name})
        taken = json.loads((bundle / "alert-as-taken.json").read_text(encoding="utf-8"))
        yield RecordedFault(name, bundle, Alert.model_validate(taken), truth)


def cut(bundle: Path, end: float) -> None:
    """Leave out every record that was not there yet at `end` (unix seconds)."""
    for file in bundle.rglob("*.jsonl"):
        part = file.with_suffix(".part")
        with file.open(encoding="utf-8") as lines, part.open("w", encoding="utf-8") as kept:
            kept.writelines(line for line in lines if _known_at(json.loads(line)) <= end)
        shutil.move(part, file)


def _known_at(record: dict) -> float:
    """When a record could be read: a span when it has ended."""
    if "start" in record:
        return record["start"] + record["duration_ms"] / 1000
    return record["ts"] if "ts" in record else record["at"]
