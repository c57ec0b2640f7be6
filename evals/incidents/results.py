"""What an evaluation found, as a file: every run, so that figures can be computed anew."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from ...agents.runtime.context import frame_of
from ...incident.document import Incident
from ...incident.timeline import utc_now
from ...models.usage import estimated, weight
from ...telemetry.bundle import read_bundle
from ...telemetry.model import Window
from ...telemetry.sources.files import PATTERNS
from ...telemetry.tables import TIME
from ..framework.runs import Evaluation
from .cases import IncidentCase, Truth
from .figures import figures
from .run import IncidentRun

FORMAT = "warroom-eval/1"


class CaseRecord(BaseModel):
    """A case as it was when it was run."""

    name: str = Field(description="the case's name")
    tags: list[str] = Field(default_factory=list, description="words to group by")
    truth: Truth = Field(description="what was really the case")
    raw_lines: int = Field(description="lines of telemetry within the windows")
    raw_tokens: int = Field(description="estimated tokens of those lines pasted into a prompt")


class IncidentEvaluation(Evaluation[IncidentRun]):
    """All runs of one `warroom eval`."""

    format: Literal["warroom-eval/1"] = Field(default=FORMAT, description="of this file")
    rehearsed: bool = Field(default=False, description="actions were rehearsed, not rejected")
    cases: list[CaseRecord] = Field(description="what was asked")

    def about(self, names: set[str]) -> "IncidentEvaluation":
        """The same, of these cases only."""
        asked = [case for case in self.cases if case.name in names]
        runs = [run for run in self.runs if run.case in names]
        return self.model_copy(update={"cases": asked, "runs": runs})

    def to_json(self) -> dict[str, Any]:
        """For a program: the runs, and the figures per method."""
        computed = {
            method: {key: vars(figure) for key, figure in figures(self.of(method)).items()}
            for method in self.methods()
        }
        return {**super().to_json(), "figures": computed}


def asked(case: IncidentCase) -> CaseRecord:
    """The case as it is kept, with what pasting its telemetry would take."""
    paste = raw_paste(case)
    return CaseRecord(
        name=case.name,
        tags=list(case.tags),
        truth=case.truth,
        raw_lines=paste.lines,
        raw_tokens=paste.tokens,
    )


@dataclass(frozen=True)
class Paste:
    """What pasting would send."""

    lines: int
    characters: float  # as `weight` counts them

    @property
    def tokens(self) -> int:
        """An estimate."""
        return estimated(self.characters)


def raw_paste(case: IncidentCase) -> Paste:
    """The raw lines of a case inside the healthy and the incident window of its first step."""
    windows = windows_of(case)
    lengths = [
        weight(line)
        for modality, pattern in PATTERNS.items()
        for line, at in _lines(case.bundle, pattern, TIME[modality])
        if any(window.start <= at <= window.end for window in windows)
    ]
    return Paste(len(lengths), sum(lengths))


def windows_of(case: IncidentCase) -> tuple[Window, Window]:
    """Baseline and incident window, as a responder has them when it begins."""
    now = utc_now()
    document = Incident(id="INC-0", title=case.alert.name, opened_at=now, alert=case.alert)
    with closing(read_bundle(case.bundle)) as bundle:
        frame = frame_of(document, bundle.catalogue().windows, bundle.coverage(), now)
    return frame.baseline, frame.incident


def _lines(bundle: Path, pattern: str, time: str) -> Iterator[tuple[str, float]]:
    """(line, unix seconds) of every line that can be read; the newline counts as a character."""
    for file in sorted(bundle.glob(pattern)):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                at = _time(line, time)
                if at is not None:
                    yield line, at


def _time(line: str, name: str) -> float | None:
    try:
        at = json.loads(line)[name]
    except (ValueError, KeyError, TypeError):
        return None
    return float(at) if isinstance(at, (int, float)) else None
