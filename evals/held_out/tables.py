"""The tables of the held-out check: what each set scores, and which constants matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from ..framework.grid import Grid
from ..rca.tables import NOTHING, bare
from .choice import SetFigures, differences
from .knobs import KNOBS, Setting, present

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


def held_out_grid(rows: Sequence[Found], notes: list[str]) -> Grid:
    """A row a set, and their mean."""
    start = present()
    cells = [[one.set, *_row(one), differences(start, one.values)] for one in rows]
    both = [_figures([one.now for one in rows]), _figures([one.then for one in rows])]
    cells.append([MEAN, *both, NOTHING, NOTHING, NOTHING])
    return Grid("Constants chosen without the set they are scored on", HELD_OUT, cells, notes)


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
) -> Grid:
    """A row a knob; `settings` are each knob halved, then doubled, in the order of the knobs."""
    rows = [["present", NOTHING, *(bare(now[name].first) for name in now)]]
    for number, knob in enumerate(KNOBS):
        low, high = 2 * number, 2 * number + 1
        values = " / ".join(f"{settings[at][knob.name]:g}" for at in (low, high))
        cells = [_pair(now[name], figures[low][name], figures[high][name]) for name in now]
        rows.append([f"{knob.name} {knob.value:g}", values, *cells])
    title = "How much each constant matters: AC@1"
    return Grid(title, ["knob", "halved / doubled", *now], rows, [HALVED])


def _pair(now: SetFigures, low: SetFigures, high: SetFigures) -> str:
    if low.first == high.first == now.first:
        return NOTHING
    return f"{bare(low.first)} / {bare(high.first)}"
