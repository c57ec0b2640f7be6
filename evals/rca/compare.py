"""`warroom eval rca --compare FILE`: an earlier run beside this one, by set and method."""

from collections.abc import Sequence

from ...errors import InputError
from ..framework.grid import NOTHING, ResultGrid, bare, signed
from ..framework.statistics import Paired
from .results import RcaEvaluation, RcaRun

HEADS = ["set, method", "n", "AC@1", "change of AC@1", "AC@3", "change of AC@3", "won", "lost"]
DEPTHS = (1, 3)
NOTE = "n: cases scored in both runs; [low-high]: 95 % by 2,000 resamples of their differences"
LISTED = 12
"""Names of cases in a note."""


def rca_compared(now: RcaEvaluation, before: RcaEvaluation) -> ResultGrid:
    """A row a set and method that both ran, and one over all sets.

    Raises InputError where nothing was scored in both.
    """
    rows, notes = [], [NOTE, *_parts(now, before)]
    sets = now.sets() if len(now.sets()) == 1 else [*now.sets(), ""]
    for name in sets:
        for method in now.methods():
            one, three = (paired(before.of(method, name), now.of(method, name), k) for k in DEPTHS)
            if one.names:
                rows.append(_row(f"{name or 'all'}: {method}", one, three))
                notes += _names(f"{name}: {method}", one) if name else []
    if not rows:
        had = f"{', '.join(before.methods())} on {', '.join(before.sets())}"
        raise InputError(
            "the earlier run scored no case and method of this one; compare runs of the same "
            f"cases (it has {had})"
        )
    return ResultGrid(f"Against the run of {before.made_at:%Y-%m-%d %H:%M} UTC", HEADS, rows, notes)


def _row(title: str, one: Paired, three: Paired) -> list[str]:
    cells = []
    for found in (one, three):
        was, now = (sum(marks) / len(marks) for marks in (found.before, found.now))
        cells += [f"{bare(was)} → {bare(now)}", signed(found.difference)]
    counts = [str(len(one.moved(up))) for up in (True, False)]
    return [title, str(len(one.names)), *cells, *counts]


def _parts(now: RcaEvaluation, before: RcaEvaluation) -> list[str]:
    """What makes the two hard to compare."""
    if now.without == before.without:
        return []
    was, hidden = (", ".join(found.without) or "nothing" for found in (before, now))
    return [f"the earlier run hid {was}, this one {hidden}"]


def _names(title: str, found: Paired) -> list[str]:
    """Which cases changed their first place."""
    both = {"won": found.moved(up=True), "lost": found.moved(up=False)}
    parts = [f"{word} {_listed(names)}" for word, names in both.items() if names]
    return [f"{title}: {'; '.join(parts)}"] if parts else []


def _listed(names: list[str]) -> str:
    ids = [name.partition("/")[2] for name in names]
    more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
    return ", ".join(ids[:LISTED]) + more if ids else NOTHING


def paired(before: Sequence[RcaRun], now: Sequence[RcaRun], k: int) -> Paired:
    """Marks at rank k of cases that are scored in both."""
    known = {(run.set, run.id): run.marks for run in before if run.marks}
    both = [
        (f"{run.set}/{run.id}", marks.at[k - 1], run.marks.at[k - 1])
        for run in now
        if run.marks and (marks := known.get((run.set, run.id)))
    ]
    names, old, new = zip(*both, strict=True) if both else ((), (), ())
    return Paired(list(names), list(old), list(new))
