"""The tables of an evaluation: figures, cases, tags, calibration, tokens. Trivial is in each."""

from collections.abc import Sequence
from statistics import mean, median

from ..framework.figures import Figure, figures, reliability
from ..framework.grid import Grid
from .results import Evaluation
from .run import Run

NOTHING = "·"
CELLS = ("service", "kind", "severity", "action")
"""The marks in a case's cell, in this order."""
SHARE_OF_PASTE, MOST_TOKENS = 0.1, 30_000
"""What we aim for: a tenth of pasting, and this many tokens for all thirteen steps."""


def grids(found: Evaluation) -> list[Grid]:
    """Every table, in the order in which they are read."""
    return [by_method(found), by_case(found), by_tag(found), calibration(found), tokens(found)]


def by_method(found: Evaluation) -> Grid:
    """One row a figure, one column a method; how many runs each rests on."""
    methods = found.methods()
    columns = [figures(found.of(method)) for method in methods]
    rows = [
        [figure.title, *(with_n(column[key]) for column in columns)]
        for key, figure in columns[0].items()
    ]
    rows.append(["unscored: infrastructure failed", *(_unscored(found.of(m)) for m in methods)])
    note = "(n): runs or claims behind a figure; [least … most]: where repeats differ"
    return Grid(_title(found), ["figure", *methods], rows, [note])


def by_case(found: Evaluation) -> Grid:
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
    return Grid("By case", ["case", *found.methods()], rows, notes)


def by_tag(found: Evaluation) -> Grid:
    """How often the cause is right, by what kind of case it is."""
    tags = sorted({tag for case in found.cases for tag in case.tags})
    rows = []
    for tag in tags:
        inside = found.about({case.name for case in found.cases if tag in case.tags})
        cells = [with_n(figures(inside.of(method))["cause"]) for method in found.methods()]
        rows.append([tag, *cells])
    return Grid("Cause right, by tag", ["tag", *found.methods()], rows)


def calibration(found: Evaluation) -> Grid:
    """Stated confidence against the share that was right."""
    columns = [reliability(found.of(method)) for method in found.methods()]
    rows = [
        [
            f"{bins[0].low:.1f} to {bins[0].high:.1f}",
            *(f"{shown(b.confidence, 'score')} → {shown(b.right, 'share')} ({b.n})" for b in bins),
        ]
        for bins in zip(*columns, strict=True)
    ]
    return Grid(
        "Calibration: mean confidence → share right (n)", ["confidence", *found.methods()], rows
    )


def tokens(found: Evaluation) -> Grid:
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
    return Grid("Tokens an incident", heads, rows, [note])


def _tokens_of(found: Evaluation, method: str, pasted: float) -> list[str]:
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


def with_n(figure: Figure) -> str:
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


def _title(found: Evaluation) -> str:
    repeats = max((run.repeat for run in found.runs), default=1)
    times = f", {repeats} times each" if repeats > 1 else ""
    acted = "rehearsed" if found.rehearsed else "rejected"
    cases = f"{len(found.cases)} case{'s' if len(found.cases) > 1 else ''}"
    return f"{cases}{times}; actions {acted}, texts declined"


def _unscored(runs: Sequence[Run]) -> str:
    return f"{sum(run.answer is None for run in runs)} of {len(runs)}"


def _marks(runs: Sequence[Run]) -> str:
    scored = [run for run in runs if run.answer]
    if not scored:
        return "?"
    return " ".join(_mark([run.marks.get(name) for run in scored]) for name in CELLS)


def _mark(values: Sequence[bool | None]) -> str:
    applying = [value for value in values if value is not None]
    if not applying:
        return "·"
    return "✓" if all(applying) else "~" if any(applying) else "✗"
