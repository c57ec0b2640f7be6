"""The tables over root-cause cases: each set by itself, all together, kinds of fault, calibration.

A set is small: one case moves a share by 4 to 8 points, which the intervals show.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import mean

from ..framework.grid import NOTHING, ResultGrid, interval
from ..framework.statistics import Bin, binned, brier, share
from .marks import RcaMarks, accuracy, average
from .results import RcaEvaluation, RcaRun
from .witnesses import witness_grids

HEADS = ["method", "n", "AC@1", "AC@3", "AC@5", "Avg@5", "s/case"]
RIGHT = "right: the exact sha, a beginning of 7 or more of it, or 'none' where there is none"
REWARD = (
    "reward: 1 for the commit, 0 for a decoy, else half of (.5 service, .3 share of the blast "
    "radius, .2 remediation)"
)
BASE_RATE = "base rate: the share that is right, stated of every case; who beats it knows more"
INTERVALS = "[low-high]: 95 % by 2,000 bootstrap resamples of the cases; ties count as the worst"


REFERENCES: dict[str, list[str]] = {
    "nezha_ob": ["Nezha AC@1 .893, AC@3 .929, AC@5 .929 (authors' log; logs and traces whole)"],
    "nezha_tt": ["Nezha AC@1 .913, AC@3 1, AC@5 1 (authors' code; logs and traces whole)"],
    "petshop": [
        "ranked correlation AC@1 .577, AC@3 .769; traversal .500, .769; CIRCA .385, .923; "
        "RCD .269, .346; random walk 0, .077; epsilon-diagnosis 0, 0 (authors' code)"
    ],
    "rootcausebench": [
        "culprit commit: always 'none' 3/12; latest deploy 1/12 and 10 decoys; latest deploy of "
        "the alerting service 3/12 and 8; scripted-rca 4/12 and 8",
        "culprit commit by models with a shell, 3 attempts each: gpt-oss-20b 25 %, gpt-oss-120b "
        "36 %, claude-haiku-4.5 47 %, qwen3-235b 67 %, gpt-5.4-mini 78 %, claude-opus-4.8 97 %, "
        "gpt-5.6-sol 100 %; their mean graded reward: .356, .406, .512, .700, .797, .972, 1",
    ],
}
"""By the name of a set; of one that is not here nothing is known."""


def rca_grids(found: RcaEvaluation) -> list[ResultGrid]:
    """Every table, in the order in which they are read."""
    sets = [_services(found, name) for name in found.sets()]
    whole = [_services(found, "")] if len(sets) > 1 else []
    others = (_commits(found), _by_fault(found), _calibration(found))
    return [*sets, *whole, *(grid for grid in others if grid.rows), *witness_grids(found)]


def _services(found: RcaEvaluation, name: str) -> ResultGrid:
    """A row a method; which service is guilty. No name: all sets together."""
    rows = [_service_row(method, found.of(method, name)) for method in found.methods()]
    published = [f"published, not run here: {text}" for text in REFERENCES.get(name, [])]
    reasons = Counter(
        (run.method, run.unscored) for run in found.runs if run.unscored and name in ("", run.set)
    )
    unscored = [
        f"unscored: {method} on {count} cases: {reason}"
        for (method, reason), count in reasons.items()
    ]
    title = f"Guilty service: {name or 'all sets together, every case counts the same'}"
    title += f" (without {', '.join(found.without)})" if found.without else ""
    return ResultGrid(title, HEADS, rows, [INTERVALS, *published, *unscored])


def _service_row(method: str, runs: Sequence[RcaRun]) -> list[str]:
    marks = marks_in(runs)
    if not marks:
        return [method, "0", *[NOTHING] * 5]
    shares = [*(accuracy(marks, k) for k in (1, 3, 5)), average(marks)]
    seconds = mean(run.seconds for run in runs if run.marks)
    return [method, str(len(marks)), *(interval(one) for one in shares), f"{seconds:.2f}"]


def _commits(found: RcaEvaluation) -> ResultGrid:
    """Of methods that name commits, on cases that have a culprit or 'none'."""
    rows = []
    for method in found.methods():
        marks = [one for one in marks_in(found.of(method)) if one.commit is not None]
        if marks:
            right = share([one.commit for one in marks if one.commit is not None])
            decoys = sum(one.decoy or 0.0 for one in marks)
            graded = share([one.reward for one in marks if one.reward is not None])
            count = str(len(marks))
            rows.append([method, count, interval(right), f"{decoys:g}", interval(graded)])
    heads = ["method", "n", "right", "decoys named", "graded reward"]
    return ResultGrid("Guilty commit", heads, rows, [RIGHT, REWARD])


def _by_fault(found: RcaEvaluation) -> ResultGrid:
    """AC@1 by the set's own word for the fault, and how often a method's kind fits it."""
    pairs = list(dict.fromkeys((run.set, run.fault_type) for run in found.runs))
    rows = []
    for name, fault in sorted(pair for pair in pairs if pair[1]):
        cells = []
        for method in found.methods():
            runs = [run for run in found.of(method, name) if run.fault_type == fault]
            cells.append(_fault_cell(marks_in(runs)))
        rows.append([f"{name}: {fault}", *cells])
    note = "share of services right (n); kind: share of named kinds of fault that fit the word"
    return ResultGrid("AC@1 by kind of fault", ["fault", *found.methods()], rows, [note])


def _fault_cell(marks: Sequence[RcaMarks]) -> str:
    if not marks:
        return NOTHING
    kinds = [one.kind for one in marks if one.kind is not None]
    kind = f", kind {mean(kinds):.0%}" if kinds else ""
    return f"{mean(one.at[0] for one in marks):.0%} ({len(marks)}){kind}"


def _calibration(found: RcaEvaluation) -> ResultGrid:
    """Stated probability against the share that was right, of methods that state one."""
    pairs = {method: stated(marks_in(found.of(method))) for method in found.methods()}
    pairs = {method: given for method, given in pairs.items() if given}
    if not pairs:
        return ResultGrid("Calibration", [""], [])
    rows = [
        [f"{bins[0].low:.1f} to {bins[0].high:.1f}", *(_bin(one) for one in bins)]
        for bins in zip(*(binned(given) for given in pairs.values()), strict=True)
    ]
    rows.append(["Brier score, 0 is best", *(_brier(given) for given in pairs.values())])
    rows.append(["Brier of the base rate", *(_base_rate(given) for given in pairs.values())])
    title = "Calibration: mean probability of the first → share right (n)"
    return ResultGrid(title, ["probability", *pairs], rows, [BASE_RATE])


def _brier(pairs: Sequence[tuple[float, bool]]) -> str:
    return f"{brier(pairs):.3f} ({len(pairs)})"


def _base_rate(pairs: Sequence[tuple[float, bool]]) -> str:
    """What who states the share that is right of every case would get."""
    rate = mean(right for _stated, right in pairs)
    return _brier([(rate, right) for _stated, right in pairs])


def _bin(one: Bin) -> str:
    return f"{one.confidence:.2f} → {one.right:.0%} ({one.n})" if one.n else NOTHING


def marks_in(runs: Sequence[RcaRun]) -> list[RcaMarks]:
    """Of the runs that could be scored."""
    return [run.marks for run in runs if run.marks]


def stated(marks: Sequence[RcaMarks]) -> list[tuple[float, bool]]:
    """(probability, right) of the answers that state one."""
    return [
        (one.stated, bool(one.first))
        for one in marks
        if one.stated is not None and one.first is not None
    ]
