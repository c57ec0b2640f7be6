"""Changes judged without the mechanism that convicts them.

`python -m warroom.evals.held_out.mechanisms --cases DIR`

What is known of a change's harm was learned from diffs that were seen; a stranger's harm is one
that nobody wrote down. So each culprit is judged again by an engine that has no words for what its
diff does: is it still found by structure, is it open, or is somebody innocent named?
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from ...agents.causes.calibration import weighing_of
from ...agents.causes.judgement import candidates, judge
from ...agents.causes.observations import Observations
from ...agents.causes.studies import scene
from ...analysis.fusion import CONCLUSIVE
from ...errors import WarroomError
from ...incident.finding import Hypothesis
from ..framework.grid import ResultGrid, at_terminal
from ..rca.cases import VARIABLE, RcaCase, rca_cases
from ..rca.marks import same_commit
from ..rca.truth import RcaTruth, truths
from .replay import Replay

VIEWS = ("as it is", "without its mechanism", "the same, no reservation")
ENDS = ("named", "ahead, open", "open", "innocent ahead, open", "innocent named")


@dataclass(frozen=True)
class View:
    """One case judged in one way, and what came of it."""

    case: str
    view: str
    end: str


def views(cases: Iterable[RcaCase], known: dict[str, RcaTruth]) -> Iterator[View]:
    """Every case that has commits, in each view."""
    for case in cases:
        truth = known[case.name]
        if truth.culprit_commit is None:
            continue
        with TemporaryDirectory() as folder:
            replay = Replay(case, Path(folder) / "case")
            for view in VIEWS:
                found = _judged(replay, truth.culprit_commit, view)
                yield View(case.name, view, _end(found, truth.culprit_commit))
            replay.context.recorder.close()


def _judged(replay: Replay, culprit: str, view: str) -> Hypothesis | None:
    seen = Observations(replay.begun)
    if view != VIEWS[0]:
        _forget(seen, culprit)
    found = candidates(seen)
    if view == VIEWS[2]:
        for candidate in found:
            candidate.tied = True
    ranked = judge(found, replay.begun.document, weighing_of(seen))
    return ranked[0] if ranked else None


def _forget(seen: Observations, culprit: str) -> None:
    """Take the words for what the culprit does out of everything that was read."""
    now = scene(seen)
    guilty = [one for sha, one in now.changes.items() if same_commit(sha, culprit)]
    gone = {t.mechanism for one in guilty for t in one.contact.mechanism if t.mechanism}
    for studied in now.changes.values():
        left = tuple(t for t in studied.contact.mechanism if t.mechanism not in gone)
        studied.contact = replace(studied.contact, mechanism=left)
    for mechanism in gone & now.shown.keys():
        del now.shown[mechanism]


def _end(leading: Hypothesis | None, culprit: str) -> str:
    if leading is None or not leading.change:
        return ENDS[0] if culprit == "none" and leading else ENDS[2]
    right, sure = same_commit(leading.change, culprit), leading.confidence >= CONCLUSIVE
    return ENDS[(0 if sure else 1) if right else (4 if sure else 3)]


def study(
    cases: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar=VARIABLE, help="Folder with cases/SET/ID."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="Only this set.")
    ] = None,
) -> None:
    """Count how each view ends."""
    found = list(views(rca_cases(cases, set_), truths(cases or Path())))
    rows = []
    for view in VIEWS:
        ends = Counter(one.end for one in found if one.view == view)
        rows.append([view, *(str(ends[end]) for end in ENDS)])
    note = "named: stated at one half or more; a case without a guilty commit: no change leads"
    grid = ResultGrid("Guilty commits", ["view", *ENDS], rows, [note])
    Console().print(at_terminal(grid))
    for one in found:
        if one.end in (ENDS[3], ENDS[4]):
            Console().print(f"{one.case} {one.view}: {one.end}")


if __name__ == "__main__":
    try:
        typer.run(study)
    except WarroomError as problem:
        sys.exit(str(problem))
