"""Constants chosen without the set they are scored on: `python -m warroom.evals.held_out.study`.

For every set in turn each knob (knobs.py) is chosen on the other sets, and the set that was
held out is scored with what was chosen. Cases are replayed as far as a judgement needs
(replay.py); how many then rank otherwise than in the whole response is part of the output.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from ...errors import InputError, WarroomError
from ..framework.grid import NOTHING, ResultGrid, as_markdown, at_terminal, bare
from ..framework.runs import Method
from ..rca.answers import RcaAnswer
from ..rca.cases import VARIABLE, RcaCase, rca_cases
from ..rca.results import answered
from .knobs import (
    KNOBS,
    SetFigures,
    Setting,
    Worth,
    chosen,
    differences,
    figures_of,
    present,
    worth,
)
from .replay import Scores, Workers

GRIDS = {knob.name: knob.grid() for knob in KNOBS}


@dataclass
class HeldOutFigures:
    """Figures of settings, each worked out once."""

    root: Path
    workers: Workers
    every: int = 1
    """For choosing each so many-th case of a set is used."""
    told: Console = field(default_factory=lambda: Console(stderr=True))

    @property
    def sets(self) -> list[str]:
        """Names, in the order of the cases."""
        return list(dict.fromkeys(case.set for case in self.workers.cases))

    def figures(
        self, settings: Sequence[Setting], sets: Sequence[str], every: int = 1
    ) -> list[dict[str, SetFigures]]:
        """For each setting the figures of each of these sets."""
        cases = [case for name in sets for case in self._of(name)[::every]]
        found = self.workers.scores(settings, [case.name for case in cases])
        return [self._marked(cases, scores) for scores in found]

    def chosen_on(self, sets: list[str], rounds: int) -> dict[str, float]:
        """The knobs as these sets would have them."""

        def worths(settings: list[Setting]) -> list[Worth]:
            found = self.figures(settings, sets, self.every)
            return [worth(list(figures.values())) for figures in found]

        return chosen(present(), GRIDS, worths, rounds)

    def differing(self) -> list[str]:
        """Cases that the whole response scores otherwise than the replay."""
        names = [case.name for case in self.workers.cases]
        (replayed,) = self.workers.scores([present()], names)
        whole = self.workers.whole()
        return [name for name in names if ranking(whole[name]) != ranking(replayed[name])]

    def _of(self, name: str) -> list[RcaCase]:
        return [case for case in self.workers.cases if case.set == name]

    def _marked(self, cases: list[RcaCase], scores: dict[str, Scores]) -> dict[str, SetFigures]:
        def answer(case: RcaCase) -> list[RcaAnswer]:
            own = scores[case.name]
            return [RcaAnswer(scores=own, probability=max(own.values(), default=None))]

        runs = list(answered(cases, [Method("replay", answer, "")], self.root))
        return {
            name: figures_of([run for run in runs if run.set == name])
            for name in dict.fromkeys(case.set for case in cases)
        }


@dataclass(frozen=True)
class Found:
    """One set, scored as it stands and with knobs that the other sets chose."""

    set: str
    now: SetFigures
    then: SetFigures
    others: Sequence[SetFigures]
    """As they stand."""
    others_then: Sequence[SetFigures]
    values: Setting


def ranking(scores: Scores) -> list[tuple[str, float]]:
    """Services by score, the highest first."""
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def measured(of: HeldOutFigures, rounds: int) -> list[ResultGrid]:
    """Both tables; raises InputError where no set is left to choose on."""
    sets = of.sets
    if len(sets) < 2:
        raise InputError("one set alone leaves nothing to choose on; name two or more")
    differing = of.differing()
    of.told.print(f"{len(differing)} cases rank otherwise than in the whole response")
    (now,) = of.figures([present()], sets)
    turned = [{**present(), k.name: k.times(f)} for k in KNOBS for f in (0.5, 2.0)]
    sensitivity = sensitivity_grid(now, turned, of.figures(turned, sets))
    of.told.print(at_terminal(sensitivity))
    rows = [_without(of, name, now, rounds) for name in sets]
    notes = [_compared(differing, len(of.workers.cases)), _chosen_by(of.every, rounds)]
    return [held_out_grid(rows, notes), sensitivity]


def _without(of: HeldOutFigures, name: str, now: dict[str, SetFigures], rounds: int) -> Found:
    """The set scored with what the others choose; and these themselves, whole."""
    others = [other for other in of.sets if other != name]
    values = of.chosen_on(others, rounds)
    of.told.print(f"without {name}: {differences(present(), values)}", highlight=False)
    return found_of(of, name, now, values)


def found_of(of: HeldOutFigures, name: str, now: dict[str, SetFigures], values: Setting) -> Found:
    """Every set under the values that were chosen without this one."""
    (then,) = of.figures([values], of.sets)
    others = [other for other in of.sets if other != name]
    before, after = ([found[other] for other in others] for found in (now, then))
    return Found(name, now[name], then[name], before, after, values)


def _compared(differing: list[str], of: int) -> str:
    which = f": {', '.join(differing)}" if differing else ""
    return f"{len(differing)} of {of} cases rank otherwise than in the whole response{which}"


def _chosen_by(every: int, rounds: int) -> str:
    part = "every case" if every == 1 else f"one case of {every}"
    return f"chosen on {part} of the other sets, {rounds} round(s), by AC@1, Avg@5, Brier score"


def held_out(
    cases: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar=VARIABLE, help="Folder with cases/SET/ID."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME", help="Only this set; may be repeated."),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Choose on one case of so many.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Times each knob is turned, at most.")] = 1,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables as Markdown.")
    ] = None,
) -> None:
    """Score every set with constants that were chosen on the others."""
    found = rca_cases(cases, set_)
    with TemporaryDirectory() as folder, Workers(found, Path(folder)) as workers:
        grids = measured(HeldOutFigures(cases or Path(), workers, every), rounds)
    for grid in grids:
        Console().print(at_terminal(grid))
    if markdown:
        markdown.write_text("\n".join(map(as_markdown, grids)), encoding="utf-8")


MEAN = "mean of sets"
HELD_OUT = [
    "set held out",
    "present AC@1 / AC@3 / Brier",
    "held out AC@1 / AC@3 / Brier",
    "the others, present",
    "the others, chosen on them",
    "knobs that differ",
]
HALVED = (
    "AC@1 with one knob halved / doubled, the others as they are; a dot: as present. "
    "Weights stop at 1. Of MOST_PASSED the rest to 1 is halved and doubled"
)


def held_out_grid(rows: Sequence[Found], notes: list[str]) -> ResultGrid:
    """A row a set, and their mean."""
    start = present()
    cells = [[one.set, *_row(one), differences(start, one.values)] for one in rows]
    both = [_figures([one.now for one in rows]), _figures([one.then for one in rows])]
    cells.append([MEAN, *both, NOTHING, NOTHING, NOTHING])
    return ResultGrid("Constants chosen without the set they are scored on", HELD_OUT, cells, notes)


def _row(one: Found) -> list[str]:
    return [_figures(sets) for sets in ([one.now], [one.then], one.others, one.others_then)]


def _figures(sets: Sequence[SetFigures]) -> str:
    """Of one set, or the means of several."""
    stating = [one.brier for one in sets if one.brier is not None]
    values = [mean(one.first for one in sets), mean(one.third for one in sets)]
    return " / ".join([*map(bare, values), bare(mean(stating)) if stating else NOTHING])


def sensitivity_grid(
    now: Mapping[str, SetFigures],
    settings: Sequence[Setting],
    figures: Sequence[Mapping[str, SetFigures]],
) -> ResultGrid:
    """A row a knob; `settings` are each knob halved, then doubled, in the order of the knobs."""
    rows = [["present", NOTHING, *(bare(now[name].first) for name in now)]]
    for number, knob in enumerate(KNOBS):
        low, high = 2 * number, 2 * number + 1
        values = " / ".join(f"{settings[at][knob.name]:g}" for at in (low, high))
        cells = [_pair(now[name], figures[low][name], figures[high][name]) for name in now]
        rows.append([f"{knob.name} {knob.value:g}", values, *cells])
    title = "How much each constant matters: AC@1"
    return ResultGrid(title, ["knob", "halved / doubled", *now], rows, [HALVED])


def _pair(now: SetFigures, low: SetFigures, high: SetFigures) -> str:
    if low.first == high.first == now.first:
        return NOTHING
    return f"{bare(low.first)} / {bare(high.first)}"


if __name__ == "__main__":
    try:
        typer.run(held_out)
    except WarroomError as problem:
        sys.exit(str(problem))
