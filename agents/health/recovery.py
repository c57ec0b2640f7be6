"""Did it help? Judged on levels alone: healthy, before an action, just before it, after it.

Failed requests are counted, not only shared out: a few are chance, and so is their absence among
few requests. An objective beats any slack. What had gone before the action was not cured by it,
and errors that went because requests are refused are contained, not cured.
"""

import math
from collections.abc import Sequence

from ...analysis.rates import binomial_tail, rate_change
from ...incident.action import Execution, Measure, Outcome
from ...telemetry.signal_catalogue import SYMPTOMS, SignalName, floor

CHANCE = 0.05
"""What happens by chance so often is nobody's doing."""
RATHER = 0.5
"""What happens by chance more often is not even likely."""
ORDINARY = 0.005
"""Share of failed requests that is no symptom where nobody promised another one."""
BACK = 0.2
"""A signal that is not counted is back when at most this share of its deviation is left."""
WORSE = 1.5
"""Left of a deviation, in times of it, from which a symptom got worse."""
HALFWAY = 0.7
"""Left of a deviation below which it is on its way back."""
LONGER = 1.2
"""Watched for so many times the longest pause of a symptom that comes and goes."""
REFUSED = SignalName.throttled_rate
COUNTED = (SignalName.error_rate, REFUSED)


def conclude(
    execution: Execution, decisive: Sequence[Measure], watched_s: float = math.inf
) -> tuple[Outcome, bool]:
    """The outcome, and whether to measure again.

    Worse comes first: what got worse is to be undone, whatever else could not be measured.

    Args:
        execution: the action, which may have failed.
        decisive: what decides, as measured.
        watched_s: seconds that the window after it covers.
    """
    symptoms = [m for m in decisive if deviated(m)]
    measured = [m for m in symptoms if m.after is not None and m.healthy is not None]
    ill = [m for m in measured if not m.healthy]
    if any(_worse(m) for m in ill if m.signal in SYMPTOMS):
        return Outcome.worse, False
    if execution.outcome is Outcome.failed:
        return Outcome.unchanged, False
    unseen = [m for m in symptoms if m.signal in SYMPTOMS and m not in measured]
    if unseen:
        return Outcome.unverified, False
    if not ill:
        return _recovered(decisive, symptoms, watched_s)
    if all(m.signal == REFUSED for m in ill):
        return Outcome.contained, False
    improving = max(remaining(m) for m in ill) < HALFWAY
    return (Outcome.unverified if improving else Outcome.unchanged), improving


def _recovered(
    decisive: Sequence[Measure], symptoms: Sequence[Measure], watched_s: float
) -> tuple[Outcome, bool]:
    """All that was off is back: by whom, and for how long?"""
    if not any(m.healthy for m in decisive):
        return Outcome.unverified, False
    if all(_had_gone(m) for m in symptoms):
        return Outcome.by_itself, False
    pause = max((m.pause_s or 0.0 for m in symptoms), default=0.0)
    if not _proven(symptoms) or watched_s < LONGER * pause:
        return Outcome.unverified, True
    return Outcome.better, False


def _proven(symptoms: Sequence[Measure]) -> bool:
    """Whether the counts fell beyond chance: one of them clearly, and each rather than not. The
    clearest of several is clear by chance more often, so it is held to that many times more."""
    chances = [by_chance(m) for m in symptoms if m.signal in COUNTED]
    return not chances or (len(chances) * min(chances) < CHANCE and max(chances) <= RATHER)


def _had_gone(measure: Measure) -> bool:
    """Whether it was well already in the last seconds before the action."""
    return measure.last is not None and _well(measure, measure.last, measure.requests_last) is True


def by_chance(measure: Measure) -> float:
    """How likely as few failures as after the action are, had nothing changed; 1 where nothing
    was counted before or after."""
    before, after = (
        _failed(measure.before, measure.requests_before),
        _failed(measure.after, measure.requests_after),
    )
    if before is None or after is None or not measure.requests_before or not measure.requests_after:
        return 0.0 if measure.requests_before is None else 1.0
    change = rate_change(before, after, measure.requests_before, measure.requests_after)
    return 10**change.log10_p if change.direction < 0 else 1.0


def healthy(measure: Measure) -> bool | None:
    """Meeting its objective as far as the requests that came can say; without one, back at its
    healthy level. None: not measured."""
    return _well(measure, measure.after, measure.requests_after)


def _well(measure: Measure, level: float | None, requests: int | None) -> bool | None:
    if level is None:
        return None
    limit = _limit(measure)
    failed = _failed(level, requests)
    if measure.signal in COUNTED and failed is not None and requests:
        accepted = max(limit or 0.0, measure.baseline or 0.0, ORDINARY if limit is None else 0.0)
        return binomial_tail(failed, requests, accepted) >= CHANCE
    if limit is not None and measure.higher_is_worse:
        return level <= limit
    if measure.baseline is None:
        return None
    return _off(measure, level) <= max(_floor(measure), BACK * _deviation(measure))


def _limit(measure: Measure) -> float | None:
    """The objective's level, where the healthy time kept to it."""
    limit, healthy_level = measure.threshold, measure.baseline
    if limit is None or (healthy_level is not None and healthy_level > limit):
        return None
    return limit


def _failed(level: float | None, requests: int | None) -> int | None:
    return None if level is None or requests is None else round(level * requests)


def deviated(measure: Measure) -> bool:
    """Whether the signal was off its healthy level before the action, or is now."""
    if measure.healthy is False:
        return True
    if measure.baseline is None:
        return False
    before_well = _well(measure, measure.before, measure.requests_before)
    return _deviation(measure) > _floor(measure) or before_well is False


def remaining(measure: Measure) -> float:
    """Share of the deviation that is left: 0 healthy, 1 unchanged, more: worse."""
    if measure.after is None or measure.baseline is None:
        return 1.0
    return _off(measure, measure.after) / max(_deviation(measure), _floor(measure))


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
