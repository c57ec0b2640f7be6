"""Runs of methods over root-cause cases: made, marked and kept as a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from ...errors import InputError
from ..framework.runs import Evaluation, MethodRun, attempt
from .answers import RcaAnswer, RcaMethod
from .cases import RcaCase
from .marks import RcaMarks, marks_of
from .truth import RcaTruth, truths

FORMAT = "warroom-rca/1"
DOES_NOT_APPLY = "does not apply: what it works from is not given"


class RcaRun(MethodRun[RcaAnswer, RcaMarks]):
    """One method on one case."""

    set: str = Field(description="the collection")
    id: str = Field(description="the case")
    fault_type: str = Field(default="", description="the truth's, in the set's own words")
    guilty: str = Field(default="", description="the truth's service")
    culprit: str | None = Field(default=None, description="the truth's commit, 'none', or no word")
    seconds: float = Field(default=0.0, description="wall time")

    @property
    def group(self) -> str:
        """The set."""
        return self.set


class RcaEvaluation(Evaluation[RcaRun]):
    """All runs of one `warroom eval rca`."""

    format: Literal["warroom-rca/1"] = Field(default=FORMAT, description="of this file")
    without: list[str] = Field(default_factory=list, description="modalities that were hidden")

    def sets(self) -> list[str]:
        """Names of the sets, in the order in which they ran."""
        return list(dict.fromkeys(run.set for run in self.runs))


def answered(cases: list[RcaCase], methods: list[RcaMethod], root: Path) -> Iterator[RcaRun]:
    """Every method on every case, marked. Raises InputError for a case without a truth."""
    known = truths(root)
    missing = [case.name for case in cases if case.name not in known]
    if missing:
        raise InputError(f"the truth does not know {missing[0]}; add it to {root / 'truth.json'}")
    for case in cases:
        for method in methods:
            yield run(case, method, known[case.name])


def run(case: RcaCase, method: RcaMethod, truth: RcaTruth) -> RcaRun:
    """Answer and mark."""
    tried = attempt(method, case)
    found = RcaRun(
        set=case.set,
        id=case.id,
        method=method.name,
        fault_type=truth.fault_type,
        guilty=truth.service,
        culprit=truth.culprit_commit,
    )
    if not tried.answer:
        return found.model_copy(update={"unscored": tried.unscored or DOES_NOT_APPLY})
    only = tried.answer[0] if len(tried.answer) == 1 else None
    marked = {"answer": only, "marks": marks_of(tried.answer, truth), "seconds": tried.seconds}
    return found.model_copy(update=marked)
