"""The tables of an evaluation: figures, cases, tags, calibration, tokens. Trivial is in each."""

from collections.abc import Sequence
from statistics import mean, median

from ...errors import InputError
from ..framework.grid import NOTHING, ResultGrid
from .figures import UP, MethodFigure, figures, reliability
from .results import IncidentEvaluation
from .run import IncidentRun

CELLS = ("service", "kind", "severity", "action")
"""The marks in a case's cell, in this order."""
SHARE_OF_PASTE, MOST_TOKENS = 0.1, 30_000
"""What we aim for: a tenth of pasting, and this many tokens for all thirteen steps."""


def grids(found: IncidentEvaluation) -> list[ResultGrid]:
    """Every table, in the order in which they are read."""
    return [by_method(found), by_case(found), by_tag(found), calibration(found), tokens(found)]


def by_method(found: IncidentEvaluation) -> ResultGrid:
    """One row a figure, one column a method; how many runs each rests on."""
    methods = found.methods()
    columns = [figures(found.of(method)) for method in methods]
    rows = [
        [figure.title, *(with_n(column[key]) for column in columns)]
        for key, figure in columns[0].items()
    ]
    rows.append(["unscored: infrastructure failed", *(_unscored(found.of(m)) for m in methods)])
    note = "(n): runs or claims behind a figure; [least … most]: where repeats differ"
    return ResultGrid(_title(found), ["figure", *methods], rows, [note])


def by_case(found: IncidentEvaluation) -> ResultGrid:
    """Service, kind, severity and action of every case."""
    rows = [
        [case.name, *(_marks(found.of(method, case.name)) for method in found.methods())]
        for case in found.cases
    ]
    notes = [
        f"{', '.join(CELLS)}: ✓ right, ✗ wrong, ~ by repeat, · does not apply; ? unscored",
        *{
            f"? {run.method} on {run.case}: {run.unscored}": None
            for run in found.runs
            if run.unscored
        },
    ]
    return ResultGrid("By case", ["case", *found.methods()], rows, notes)


def by_tag(found: IncidentEvaluation) -> ResultGrid:
    """How often the cause is right, by what kind of case it is."""
    tags = sorted({tag for case in found.cases for tag in case.tags})
    rows = []
    for tag in tags:
        inside = found.about({case.name for case in found.cases if tag in case.tags})
        cells = [with_n(figures(inside.of(method))["cause"]) for method in found.methods()]
        rows.append([tag, *cells])
    return ResultGrid("Cause right, by tag", ["tag", *found.methods()], rows)


def calibration(found: IncidentEvaluation) -> ResultGrid:
    """Stated confidence against the share that was right."""
    columns = [reliability(found.of(method)) for method in found.methods()]
    rows = [
        [
            f"{bins[0].low:.1f} to {bins[0].high:.1f}",
            *(f"{shown(b.confidence, 'score')} → {shown(b.right, 'share')} ({b.n})" for b in bins),
        ]
        for bins in zip(*columns, strict=True)
    ]
    return ResultGrid(
        "Calibration: mean confidence → share right (n)", ["confidence", *found.methods()], rows
    )


def tokens(found: IncidentEvaluation) -> ResultGrid:
    """What a model is sent an incident, beside pasting the raw telemetry of the same windows."""
    raw = [case.raw_tokens for case in found.cases]
    pasted = median(raw)
    rows = [["pasting raw telemetry", f"≈ {pasted:,.0f}", f"≈ {max(raw):,}", "100 %", "", NOTHING]]
    rows += [_tokens_of(found, method, pasted) for method in found.methods()]
    heads = ["", "median", "most", "of pasting", "goal", "steps"]
    lines = mean(case.raw_lines for case in found.cases)
    note = (
        f"pasting: {lines:,.0f} lines an incident on average; tokens estimated as characters / 3.5"
    )
    return ResultGrid("Tokens an incident", heads, rows, [note])


def _tokens_of(found: IncidentEvaluation, method: str, pasted: float) -> list[str]:
    runs = [run for run in found.of(method) if run.answer]
    if not runs:
        return [method, *[NOTHING] * 5]
    used = [run.use.tokens for run in runs]
    about = "≈ " if any(run.use.estimated for run in runs) else ""
    share = median(used) / pasted if pasted else 0.0
    met = share <= SHARE_OF_PASTE and median(used) <= MOST_TOKENS
    goal = f"≤ {SHARE_OF_PASTE:.0%} and ≤ {MOST_TOKENS:,}: {'met' if met else 'MISSED'}"
    steps = median(len(run.answer.steps) for run in runs if run.answer)
    return [
        method,
        f"{about}{median(used):,.0f}",
        f"{about}{max(used):,}",
        f"{share:.1%}" if any(used) else NOTHING,
        goal if any(used) else "no model",
        f"{steps:g}" if steps else NOTHING,
    ]


def with_n(figure: MethodFigure) -> str:
    """A figure with its spread over repeats and the number behind it."""
    spread = ""
    if figure.low is not None and figure.high is not None and figure.low != figure.high:
        spread = f" [{shown(figure.low, figure.unit)} … {shown(figure.high, figure.unit)}]"
    n = f" ({figure.n})" if figure.value is not None else ""
    return f"{shown(figure.value, figure.unit)}{spread}{n}"


def shown(value: float | None, unit: str) -> str:
    """A value in its unit; a dash where there is none."""
    if value is None:
        return NOTHING
    forms = {"share": f"{value:.0%}", "score": f"{value:.3f}", "tokens": f"{value:,.0f}"}
    return forms.get(unit) or (f"{value:.2f} s" if unit == "s" else f"{value:.4g}")


def _title(found: IncidentEvaluation) -> str:
    repeats = max((run.repeat for run in found.runs), default=1)
    times = f", {repeats} times each" if repeats > 1 else ""
    acted = "rehearsed" if found.rehearsed else "rejected"
    cases = f"{len(found.cases)} case{'s' if len(found.cases) > 1 else ''}"
    return f"{cases}{times}; actions {acted}, texts declined"


def _unscored(runs: Sequence[IncidentRun]) -> str:
    return f"{sum(run.answer is None for run in runs)} of {len(runs)}"


def _marks(runs: Sequence[IncidentRun]) -> str:
    scored = [run for run in runs if run.answer]
    if not scored:
        return "?"
    return " ".join(_mark([(run.marks or {}).get(name) for run in scored]) for name in CELLS)


def _mark(values: Sequence[bool | None]) -> str:
    applying = [value for value in values if value is not None]
    if not applying:
        return "·"
    return "✓" if all(applying) else "~" if any(applying) else "✗"


def compared(now: IncidentEvaluation, before: IncidentEvaluation) -> ResultGrid:
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
    return ResultGrid(
        title, ["method and figure", "before", "now", "change"], rows, _notes(now, before)
    )


def _row(method: str, key: str, old: MethodFigure, new: MethodFigure) -> list[str]:
    cells = [shown(figure.value, figure.unit) for figure in (old, new)]
    return [f"{method}: {new.title}", *cells, _change(key, old, new)]


def _change(key: str, old: MethodFigure, new: MethodFigure) -> str:
    """The difference with its sign, and whether that is good."""
    if old.value is None or new.value is None:
        return NOTHING
    difference = new.value - old.value
    if shown(old.value, old.unit) == shown(new.value, new.unit):
        return "same"
    word = "better" if (difference > 0) == (key in UP) else "worse"
    size = shown(abs(difference), new.unit).replace("%", " points")
    return f"{'+' if difference > 0 else '-'}{size} {word}"


def _notes(now: IncidentEvaluation, before: IncidentEvaluation) -> list[str]:
    """What makes the two hard to compare."""
    notes = []
    if now.rehearsed != before.rehearsed:
        notes.append("one of the two rehearsed actions, the other rejected them: steps differ")
    if any(one.truth != other.truth for one, other in _pairs(now, before)):
        notes.append("the truth of some cases was changed in between")
    return notes


def _pairs(now: IncidentEvaluation, before: IncidentEvaluation):
    known = {case.name: case for case in before.cases}
    return [(case, known[case.name]) for case in now.cases if case.name in known]


def _listed(found: IncidentEvaluation) -> str:
    names = ", ".join(case.name for case in found.cases)
    return f"the methods {', '.join(found.methods())} on the cases {names}"
