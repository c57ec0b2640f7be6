"""One method over the same cases in several versions: parts of them, and damaged ones.

`ablation` hides one modality, or all but one; `degraded` keeps all and damages it. Each version
counts as a method of its own, so it is scored, kept and compared as one.
"""

from dataclasses import dataclass

from ..framework.grid import NOTHING, ResultGrid, interval, signed
from ..framework.runs import Method
from .answers import RcaAnswer, RcaMethod
from .cases import MODALITIES, WHOLE, CasePart, RcaCase, only, without
from .compare import paired
from .marks import accuracy
from .records import sources
from .results import RcaEvaluation
from .tables import INTERVALS, marks_in

TIMED = {"logs", "traces"}
"""What is stamped by the clock of the service that wrote it."""
HEADS = ["version", "n", "AC@1", "AC@3", "change of AC@1", "change of AC@3"]
NOTE = "n: cases that a version applies to; change: against the same cases whole"


@dataclass(frozen=True)
class Version:
    """A case, seen in one way."""

    name: str
    part: CasePart

    def applies(self, case: RcaCase) -> bool:
        """Whether it changes what the case has, and leaves something."""
        has = modalities(case)
        clocks = not self.part.apart_s or bool(has & TIMED)
        return clocks and (not self.part.without or 0 < len(has - self.part.without) < len(has))


AS_IT_IS = Version("whole", WHOLE)


def ablation() -> list[Version]:
    """The whole case, without each modality, each alone."""
    return [
        AS_IT_IS,
        *(Version(f"without {name}", without(name)) for name in MODALITIES),
        *(Version(f"{name} alone", only(name)) for name in MODALITIES),
    ]


def degraded() -> list[Version]:
    """The whole case, and what may be wrong with a recording."""
    return [
        AS_IT_IS,
        Version("detected 3 min early", CasePart(late_s=-180)),
        Version("detected 3 min late", CasePart(late_s=180)),
        *(Version(f"clocks {s} s apart", CasePart(apart_s=s)) for s in (2, 10, 60)),
        Version("a fifth is lost", CasePart(lost=0.2)),
        Version("no baseline", CasePart(healthy=False)),
    ]


def modalities(case: RcaCase) -> set[str]:
    """What a case has."""
    shared = {name for name in TIMED if sources(case, name)}
    files = {"metrics": "metrics.csv.gz", "changes": "changes.json", "topology": "topology.csv"}
    return shared | {name for name, file in files.items() if case.file(file)}


def versions_of(method: RcaMethod, versions: list[Version]) -> list[RcaMethod]:
    """The method, once for each version; it does not apply where the version does not."""

    def answering(version: Version):
        def answer(case: RcaCase) -> list[RcaAnswer]:
            return method.answer(case.seen(version.part)) if version.applies(case) else []

        return answer

    distinct = dict.fromkeys(versions)
    return [Method(one.name, answering(one), method.note) for one in distinct]


def version_grids(found: RcaEvaluation, method: str) -> list[ResultGrid]:
    """A table a set, and one over all of them; versions that apply to no case are left out."""
    names = found.sets() if len(found.sets()) == 1 else [*found.sets(), ""]
    return [_grid(found, name, f"{method} on versions of {name or 'all sets'}") for name in names]


def _grid(found: RcaEvaluation, name: str, title: str) -> ResultGrid:
    rows = []
    whole = found.of(AS_IT_IS.name, name)
    for version in found.methods():
        runs = found.of(version, name)
        marks = marks_in(runs)
        if marks:
            shares = [interval(accuracy(marks, k)) for k in (1, 3)]
            changes = [signed(paired(whole, runs, k).difference) for k in (1, 3)]
            same = [NOTHING] * 2 if version == AS_IT_IS.name else changes
            rows.append([version, str(len(marks)), *shares, *same])
    return ResultGrid(title, HEADS, rows, [NOTE, INTERVALS])
