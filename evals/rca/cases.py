"""Root-cause cases as folders: telemetry in, the guilty service out. The truth is not read here.

DIR/cases/SET/ID/case.json       when, which symptom, at what interval, what the folder holds
DIR/cases/SET/ID/metrics.csv.gz  and logs, traces, topology, changes, alert, where there are any
DIR/baseline/NAME/               fault-free logs and traces that several cases share
DIR/truth.json                   only evals/rca/truth.py opens it, after a method has answered
"""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field

from ...errors import InputError, NotFound
from ..framework.files import read_json

MODALITIES = ("metrics", "logs", "traces", "changes", "topology")
"""What can be hidden: the files of a case by their first word. Who calls whom is still read off
the spans where topology alone is hidden."""


@dataclass(frozen=True)
class CasePart:
    """What is left of a case."""

    without: frozenset[str] = frozenset()  # of MODALITIES
    late_s: float = 0.0  # the detection comes so much later; negative: earlier
    apart_s: float = 0.0  # clocks of services differ by up to this, in logs and spans
    lost: float = 0.0  # share of cells, log lines and spans that were never recorded
    healthy: bool = True  # False: nothing from before the incident

    def hides(self, file: str) -> bool:
        """Whether a file of this name is not shown."""
        return file.partition(".")[0] in self.without


WHOLE = CasePart()


VARIABLE = "WARROOM_RCA_CASES"
"""Names the folder where the command line does not."""
HELP = f"name one with --cases DIR or {VARIABLE}: a folder with cases/SET/ID/case.json"


class ReportedSymptom(BaseModel):
    """What people noticed: the metric of a service that violates its objective."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(description="where it was noticed, which need not be where it began")
    metric: str = Field(description="which metric of it")


class RcaCase(BaseModel):
    """One incident, as its case.json says it, and where its files lie."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    set: str = Field(description="the collection it belongs to")
    id: str = Field(description="unique within the set; means nothing")
    detected_at: float = Field(description="unix seconds, UTC")
    symptom: ReportedSymptom | None = Field(default=None, description="None: nobody said")
    interval_s: float = Field(gt=0, description="step of the metrics, seconds")
    baseline_logs: Path | None = Field(default=None, description="fault-free logs beside the case")
    baseline_traces: Path | None = Field(default=None, description="fault-free spans beside it")
    folder: Path = Field(default=Path(), description="where its files lie")
    part: CasePart = Field(default=WHOLE, description="how much of it is shown")

    @property
    def name(self) -> str:
        """Set and id."""
        return f"{self.set}/{self.id}"

    def file(self, name: str) -> Path | None:
        """One of its files; None where the case has none of this name, or it is not shown."""
        found = self.folder / name
        return found if found.exists() and not self.part.hides(name) else None

    def seen(self, part: CasePart) -> "RcaCase":
        """The same case of which only a part is shown."""
        shared = {
            f"baseline_{name}": getattr(self, f"baseline_{name}")
            if part.healthy and name not in part.without
            else None
            for name in ("logs", "traces")
        }
        return self.model_copy(update={"part": part, **shared})


def rca_cases(
    root: Path | None, sets: list[str] | None = None, ids: list[str] | None = None
) -> list[RcaCase]:
    """Every case below a folder, by set and id; `sets` and `ids` (or their beginnings) pick some.

    Raises InputError where there is none or one cannot be used, NotFound for an unknown one.
    """
    if root is None:
        raise InputError(f"no folder of root-cause cases; {HELP}")
    files = sorted((root / "cases").glob("*/*/case.json"))
    if not files:
        raise InputError(f"{root} holds no root-cause case; {HELP}")
    known = sorted({file.parent.parent.name for file in files})
    for name in sets or []:
        if name not in known:
            raise NotFound(f"no set {name!r}; there are: {', '.join(known)}")
    for id in ids or []:
        if not any(file.parent.name.startswith(id) for file in files):
            raise NotFound(f"no case {id!r} in {root}; {len(files)} are there")
    wanted = tuple(ids or [""])
    return [
        _case(root, file)
        for file in files
        if (not sets or file.parent.parent.name in sets) and file.parent.name.startswith(wanted)
    ]


def _case(root: Path, file: Path) -> RcaCase:
    found = read_json(file, RcaCase.model_validate)
    shared = {
        name: _shared(root, file, getattr(found, name))
        for name in ("baseline_logs", "baseline_traces")
    }
    return found.model_copy(update={"folder": file.parent, "part": WHOLE, **shared})


def _shared(root: Path, case: Path, path: Path | None) -> Path | None:
    """A file that cases share; it must be there, and below the root."""
    if path is None:
        return None
    whole = (root / path).resolve()
    if not whole.is_relative_to(root.resolve()) or not whole.is_file():
        raise InputError(f"{case}: {path} is no file below {root}; correct the path or take it out")
    return whole


def only(*names: str) -> CasePart:
    """These modalities and nothing else."""
    return CasePart(without=frozenset(MODALITIES) - set(names))


def without(names: str) -> CasePart:
    """All but these, given as one word with commas. Raises InputError for others."""
    named = {word.strip() for word in names.split(",") if word.strip()}
    for word in sorted(named):
        if word not in MODALITIES:
            raise InputError(f"no modality {word!r}; there are: {', '.join(MODALITIES)}")
    return CasePart(without=frozenset(named))


def seed(name: str) -> int:
    """Of a case's chances, by its name."""
    return crc32(name.encode())
