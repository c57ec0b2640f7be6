"""An evaluation beside a stored earlier one: every figure of every method that both have.

Only cases that both have count, whatever each of them ran besides.
"""

from ...errors import InputError
from ..framework.figures import UP, Figure, figures
from ..framework.grid import Grid
from .results import Evaluation
from .tables import NOTHING, shown


def compared(now: Evaluation, before: Evaluation) -> Grid:
    """A row a method and figure: before, now, the change. Raises InputError for nothing shared."""
    names = {case.name for case in now.cases} & {case.name for case in before.cases}
    methods = [method for method in now.methods() if method in before.methods()]
    if not names or not methods:
        raise InputError(
            "the earlier run shares no case and method with this one; compare runs of the same "
            f"cases (it has {_listed(before)})"
        )
    rows = []
    for method in methods:
        old, new = (figures(run.about(names).of(method)) for run in (before, now))
        rows += [
            _row(method, key, old[key], new[key])
            for key in new
            if (old[key].value, new[key].value) != (None, None)
        ]
    title = f"Against the run of {before.made_at:%Y-%m-%d %H:%M} UTC; cases in common: {len(names)}"
    return Grid(title, ["method and figure", "before", "now", "change"], rows, _notes(now, before))


def _row(method: str, key: str, old: Figure, new: Figure) -> list[str]:
    cells = [shown(figure.value, figure.unit) for figure in (old, new)]
    return [f"{method}: {new.title}", *cells, _change(key, old, new)]


def _change(key: str, old: Figure, new: Figure) -> str:
    """The difference with its sign, and whether that is good."""
    if old.value is None or new.value is None:
        return NOTHING
    difference = new.value - old.value
    if shown(old.value, old.unit) == shown(new.value, new.unit):
        return "same"
    word = "better" if (difference > 0) == (key in UP) else "worse"
    size = shown(abs(difference), new.unit).replace("%", " points")
    return f"{'+' if difference > 0 else '-'}{size} {word}"


def _notes(now: Evaluation, before: Evaluation) -> list[str]:
    """What makes the two hard to compare."""
    notes = []
    if now.rehearsed != before.rehearsed:
        notes.append("one of the two rehearsed actions, the other rejected them: steps differ")
    if any(one.truth != other.truth for one, other in _pairs(now, before)):
        notes.append("the truth of some cases was changed in between")
    return notes


def _pairs(now: Evaluation, before: Evaluation):
    known = {case.name: case for case in before.cases}
    return [(case, known[case.name]) for case in now.cases if case.name in known]


def _listed(found: Evaluation) -> str:
    names = ", ".join(case.name for case in found.cases)
    return f"the methods {', '.join(found.methods())} on the cases {names}"
