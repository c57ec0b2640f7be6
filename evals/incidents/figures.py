"""One method's figures over its scored runs, each with how many runs it rests on.

With repeats the least and the most of the repeats are given too: the spread of the method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from ..framework.statistics import Bin, binned, brier
from .marks import QUESTIONS
from .run import IncidentRun

Measure = tuple[float | None, int]
"""A value (None: nothing to measure) and the number of runs or claims behind it."""


@dataclass(frozen=True)
class MethodFigure:
    """One figure of one method."""

    title: str
    unit: str  # share, score, tokens, money, s
    value: float | None
    n: int
    low: float | None = None  # over repeats; None: only one
    high: float | None = None


def figures(runs: Sequence[IncidentRun]) -> dict[str, MethodFigure]:
    """All figures of one method, by key."""
    scored = [run for run in runs if run.answer is not None]
    repeats = sorted({run.repeat for run in scored})
    parts = [[run for run in scored if run.repeat == number] for number in repeats]
    return {key: _figure(key, scored, parts) for key in MEASURES}


def reliability(runs: Sequence[IncidentRun]) -> list[Bin]:
    """Confidence against the cause being right, per bin."""
    return binned(sure_and_right(runs))


def sure_and_right(runs: Sequence[IncidentRun]) -> list[tuple[float, bool]]:
    """(confidence, whether the whole cause is right) of every answer that states one."""
    return [
        (run.answer.confidence, bool((run.marks or {}).get("cause")))
        for run in runs
        if run.answer is not None and run.answer.confidence is not None
    ]


def _figure(
    key: str, scored: Sequence[IncidentRun], parts: Sequence[Sequence[IncidentRun]]
) -> MethodFigure:
    title, unit, measure = MEASURES[key]
    value, n = measure(scored)
    each = [found for part in parts if (found := measure(part)[0]) is not None]
    spread = (min(each), max(each)) if len(parts) > 1 and each else (None, None)
    return MethodFigure(title, unit, value, n, *spread)


def _share(key: str) -> Callable[[Sequence[IncidentRun]], Measure]:
    def measure(runs: Sequence[IncidentRun]) -> Measure:
        met = [mark for run in runs if (mark := (run.marks or {}).get(key)) is not None]
        return (mean(met) if met else None), len(met)

    return measure


def _grounded(runs: Sequence[IncidentRun]) -> Measure:
    answers = [run.answer for run in runs if run.answer]
    claims = sum(answer.claims for answer in answers)
    return (sum(a.resolved for a in answers) / claims if claims else None), claims


def _by_model(runs: Sequence[IncidentRun]) -> Measure:
    """Where a model is muddled the playbook answers: how much of it all is the model's."""
    answers = [run.answer for run in runs if run.answer and run.use.calls]
    reports = sum(answer.reports for answer in answers)
    return (sum(a.by_model for a in answers) / reports if reports else None), reports


def _brier(runs: Sequence[IncidentRun]) -> Measure:
    pairs = sure_and_right(runs)
    return brier(pairs), len(pairs)


def _median(
    pick: Callable[[IncidentRun], float | None],
) -> Callable[[Sequence[IncidentRun]], Measure]:
    def measure(runs: Sequence[IncidentRun]) -> Measure:
        values = [value for run in runs if (value := pick(run)) is not None]
        return (median(values) if values else None), len(values)

    return measure


MEASURES: dict[str, tuple[str, str, Callable[[Sequence[IncidentRun]], Measure]]] = {
    **{key: (title, "share", _share(key)) for key, title in QUESTIONS.items()},
    "grounded": ("groundedness: claims that resolve", "share", _grounded),
    "brier": ("calibration: Brier score, 0 is best", "score", _brier),
    "by model": ("reports that are the model's own", "share", _by_model),
    "tokens": ("tokens an incident, median", "tokens", _median(lambda run: run.use.tokens)),
    "money": ("money an incident, median", "money", _median(lambda run: run.use.money)),
    "seconds": ("seconds an incident, median", "s", _median(lambda run: run.use.seconds)),
}
"""Key: title, unit, how it is measured."""
UP = (*QUESTIONS, "grounded", "by model")
"""More is better; of the others less is."""
