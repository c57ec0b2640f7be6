"""Runs of methods over root-cause cases: made, marked and kept as a file."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from ...errors import InputError, StoreError
from ...incident.timeline import utc_now
from ..framework.json_files import read_json
from .answer import RcaAnswer, RcaMethod
from .cases import RcaCase
from .score import RcaMarks, marks_of
from .truth import RcaTruth, truths

FORMAT = "warroom-rca/1"
DOES_NOT_APPLY = "does not apply: what it works from is not given"


class RcaRun(BaseModel):
    """One method on one case."""

    set: str = Field(description="the collection")
    id: str = Field(description="the case")
    method: str = Field(description="who answered")
    fault_type: str = Field(default="", description="the truth's, in the set's own words")
    guilty: str = Field(default="", description="the truth's service")
    culprit: str | None = Field(default=None, description="the truth's commit, 'none', or no word")
    answer: RcaAnswer | None = Field(default=None, description="None: unscored, or many by chance")
    marks: RcaMarks | None = Field(default=None, description="None: unscored")
    seconds: float = Field(default=0.0, description="wall time")
    unscored: str = Field(default="", description="why it cannot be scored; empty: it is")


class RcaEvaluation(BaseModel):
    """All runs of one `warroom eval rca`."""

    format: Literal["warroom-rca/1"] = Field(default=FORMAT, description="of this file")
    made_at: datetime = Field(default_factory=utc_now, description="when, UTC")
    without: list[str] = Field(default_factory=list, description="modalities that were hidden")
    runs: list[RcaRun] = Field(default_factory=list, description="who answered what")

    def sets(self) -> list[str]:
        """Names of the sets, in the order in which they ran."""
        return list(dict.fromkeys(run.set for run in self.runs))

    def methods(self) -> list[str]:
        """Names of the methods, in the order in which they ran."""
        return list(dict.fromkeys(run.method for run in self.runs))

    def of(self, method: str, set: str = "") -> list[RcaRun]:
        """The runs of a method; on one set where it is named."""
        return [run for run in self.runs if run.method == method and set in ("", run.set)]


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
    """Answer and mark; a run that our own store or disk ends says nothing about the method."""
    started = time.perf_counter()
    found = RcaRun(set=case.set, id=case.id, method=method.name, **_truly(truth))
    try:
        answers = method.answer(case)
    except (StoreError, OSError) as error:
        return found.model_copy(update={"unscored": str(error) or type(error).__name__})
    seconds = time.perf_counter() - started
    if not answers:
        return found.model_copy(update={"unscored": DOES_NOT_APPLY})
    only = answers[0] if len(answers) == 1 else None
    marked = {"answer": only, "marks": marks_of(answers, truth), "seconds": seconds}
    return found.model_copy(update=marked)


def _truly(truth: RcaTruth) -> dict[str, Any]:
    """What a run keeps of the truth."""
    kept = {"guilty": truth.service, "culprit": truth.culprit_commit}
    return {"fault_type": truth.fault_type, **kept}


def rca_stored(file: Path) -> RcaEvaluation:
    """An earlier run's JSON. Raises InputError where it is none."""
    return read_json(file, RcaEvaluation.model_validate, "name what --json wrote")


def save(found: RcaEvaluation, file: Path) -> None:
    """Write the JSON; an earlier one of the same name is replaced whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    text = json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(file)
