"""What an evaluation found, as a file: every run, so that figures can be computed anew."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from ...errors import InputError
from ...incident.timeline import utc_now
from ..framework.figures import figures
from .cases import Case, Truth
from .raw_paste import raw_paste
from .run import Run

FORMAT = "warroom-eval/1"


class Asked(BaseModel):
    """A case as it was when it was run."""

    name: str = Field(description="the case's name")
    tags: list[str] = Field(default_factory=list, description="words to group by")
    truth: Truth = Field(description="what was really the case")
    raw_lines: int = Field(description="lines of telemetry within the windows")
    raw_tokens: int = Field(description="estimated tokens of those lines pasted into a prompt")


class Evaluation(BaseModel):
    """All runs of one `warroom eval`."""

    format: Literal["warroom-eval/1"] = Field(default=FORMAT, description="of this file")
    made_at: datetime = Field(default_factory=utc_now, description="when, UTC")
    rehearsed: bool = Field(default=False, description="actions were rehearsed, not rejected")
    cases: list[Asked] = Field(description="what was asked")
    runs: list[Run] = Field(default_factory=list, description="who answered what")

    def methods(self) -> list[str]:
        """Names of the methods, in the order in which they ran."""
        return list(dict.fromkeys(run.method for run in self.runs))

    def of(self, method: str, case: str = "") -> list[Run]:
        """The runs of a method; of one case where it is named."""
        return [r for r in self.runs if r.method == method and case in ("", r.case)]

    def about(self, names: set[str]) -> "Evaluation":
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
        return {**self.model_dump(mode="json"), "figures": computed}


def asked(case: Case) -> Asked:
    """The case as it is kept, with what pasting its telemetry would take."""
    paste = raw_paste(case)
    return Asked(
        name=case.name,
        tags=list(case.tags),
        truth=case.truth,
        raw_lines=paste.lines,
        raw_tokens=paste.tokens,
    )


def save(found: Evaluation, file: Path) -> None:
    """Write the JSON; an earlier one of the same name is replaced whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    text = json.dumps(found.to_json(), indent=1, ensure_ascii=False)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(file)


def stored(file: Path) -> Evaluation:
    """An earlier run's JSON. Raises InputError where it is none."""
    try:
        return Evaluation.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{file} is no result of `warroom eval --json` ({where}: {first['msg']})"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
