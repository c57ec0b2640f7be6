"""Has a signal recovered? Judged from its levels: healthy, before the action, after it.

Better: every symptom is back at its healthy level. Worse: one that users feel got worse.
Improving: on its way back, so it is measured again.
"""

from ...incident.action import Execution, Measure, Outcome
from ...telemetry.signal_catalogue import SYMPTOMS, floor

BACK = 0.2
"""A signal is back when at most this share of its deviation is left."""
WORSE = 1.5
"""Left of a deviation, in times of it, from which a symptom got worse."""
HALFWAY = 0.7
"""Left of a deviation below which it is on its way back."""


def healthy(measure: Measure) -> bool | None:
    """Meeting its objective, or back within a fifth of the deviation of its healthy level."""
    if measure.after is None:
        return None
    limit = measure.threshold
    if limit is not None and measure.higher_is_worse and measure.after <= limit:
        return True
    if measure.baseline is None:
        return None
    return _off(measure, measure.after) <= max(_floor(measure), BACK * _deviation(measure))


def deviated(measure: Measure) -> bool:
    """Whether the signal was off its healthy level before the action, or is now."""
    off_now = measure.after is not None and measure.healthy is False
    return measure.baseline is not None and (_deviation(measure) > _floor(measure) or off_now)


def remaining(measure: Measure) -> float:
    """Share of the deviation that is left: 0 healthy, 1 unchanged, more: worse."""
    if measure.after is None or measure.baseline is None:
        return 1.0
    return _off(measure, measure.after) / max(_deviation(measure), _floor(measure))


def conclude(execution: Execution, symptoms: list[Measure]) -> tuple[Outcome, bool]:
    """The outcome, and whether things are on their way back.

    Worse comes first: what got worse is to be undone, whatever else could not be measured.
    """
    measured = [m for m in symptoms if m.after is not None and m.healthy is not None]
    ill = [m for m in measured if not m.healthy]
    if any(_worse(m) for m in ill if m.signal in SYMPTOMS):
        return Outcome.worse, False
    if execution.outcome is Outcome.failed:
        return Outcome.unchanged, False
    unseen = [m for m in symptoms if m.signal in SYMPTOMS and m not in measured]
    if not measured or unseen:
        return Outcome.unverified, False
    if not ill:
        return Outcome.better, False
    improving = max(remaining(m) for m in ill) < HALFWAY
    return (Outcome.unverified if improving else Outcome.unchanged), improving


def _worse(measure: Measure) -> bool:
    """Half as far again from healthy as before; far off, where it was healthy before."""
    was_off = _deviation(measure) > _floor(measure)
    return remaining(measure) > (WORSE if was_off else 2 * WORSE)


def _off(measure: Measure, level: float | None) -> float:
    """How far a level is from healthy in the bad direction; 0 where it is not."""
    if level is None or measure.baseline is None:
        return 0.0
    distance = level - measure.baseline
    return max(0.0, distance if measure.higher_is_worse else -distance)


def _deviation(measure: Measure) -> float:
    return _off(measure, measure.before)


def _floor(measure: Measure) -> float:
    relative = 0.25 * abs(measure.baseline or 0.0)
    return max(floor(measure.unit).deviation, relative)
