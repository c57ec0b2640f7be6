"""One signal around an action, from its levels alone: is it well, was it off, did it get worse?

Failed requests are counted, not only shared out: a few are chance, and so is their absence among
few requests. An objective beats any slack.
"""

from ...analysis.rates import RateChange, binomial_tail, rate_change
from ...incident.action import Measure
from ...telemetry.signal_catalogue import SignalName, floor

CHANCE = 0.05
"""What happens by chance so often is nobody's doing."""
ORDINARY = 0.005
"""Share of failed requests that is no symptom where nobody promised another one."""
BACK = 0.2
"""A signal that is not counted is back when at most this share of its deviation is left."""
WORSE = 1.5
"""Left of a deviation, in times of it, from which a symptom got worse."""
HALFWAY = 0.7
"""Left of a deviation below which it is on its way back."""
SEVERAL = 2
"""Failures before that make one route a failing one."""
REFUSED = SignalName.throttled_rate
COUNTED = (SignalName.error_rate, REFUSED)


def counts(measure: Measure) -> bool:
    """Whether its level now is a share of so many requests."""
    return measure.signal in COUNTED and bool(measure.requests_after)


def by_chance(measure: Measure) -> float:
    """How likely as few failures as after the action are, had nothing changed; 0 for what is no
    count, 1 where nothing was counted before or after."""
    if measure.requests_before is None:
        return 0.0
    change = _change(measure)
    return 10**change.log10_p if change and change.direction < 0 else 1.0


def _change(measure: Measure) -> RateChange | None:
    """From the failures before to those after; where it paused before, from those of all the time
    that it had hurt."""
    level, requests = measure.before, measure.requests_before
    if measure.requests_during and _well(measure, level, requests) is not False:
        level, requests = measure.during, measure.requests_during
    before, after = _failed(level, requests), _failed(measure.after, measure.requests_after)
    if before is None or after is None or not requests or not measure.requests_after:
        return None
    return rate_change(before, after, requests, measure.requests_after)


def by_chance_gone(measure: Measure) -> float:
    """How likely as few failures as in the last seconds before the action are by chance."""
    before, last = (measure.before, measure.requests_before), (measure.last, measure.requests_last)
    failed, few = _failed(*before), _failed(*last)
    if failed is None or few is None or not measure.requests_before or not measure.requests_last:
        return 1.0
    change = rate_change(failed, few, measure.requests_before, measure.requests_last)
    return 10**change.log10_p if change.direction < 0 else 1.0


def by_chance_ill(measure: Measure) -> float:
    """How likely so many failures as after the action are, were it well."""
    failed = _failed(measure.after, measure.requests_after) or 0
    return binomial_tail(failed, measure.requests_after or 0, _usual(measure))


def healthy(measure: Measure) -> bool | None:
    """Meeting its objective as far as the requests that came can say; without one, back at its
    healthy level. None: not measured."""
    return _well(measure, measure.after, measure.requests_after)


def had_gone(measure: Measure) -> bool:
    """Whether it was well already in the last seconds before the action."""
    return measure.last is not None and _well(measure, measure.last, measure.requests_last) is True


def _well(measure: Measure, level: float | None, requests: int | None) -> bool | None:
    if level is None:
        return None
    limit = _limit(measure)
    failed = _failed(level, requests)
    if measure.signal in COUNTED and failed is not None and requests:
        return binomial_tail(failed, requests, _usual(measure)) >= CHANCE
    if limit is not None and measure.higher_is_worse:
        return level <= limit
    if measure.baseline is None:
        return None
    return _off(measure, level) <= max(_floor(measure), BACK * _deviation(measure))


def _usual(measure: Measure) -> float:
    """The share of failures that is accepted."""
    limit = _limit(measure)
    return max(limit or 0.0, measure.baseline or 0.0, ORDINARY if limit is None else 0.0)


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
    if measure.route and (_failed(measure.during, measure.requests_during) or 0) < SEVERAL:
        return False
    before = (measure.before, measure.requests_before), (measure.during, measure.requests_during)
    ill = any(_well(measure, *level) is False for level in before)
    return _deviation(measure) > _floor(measure) or ill


def remaining(measure: Measure) -> float:
    """Share of the deviation that is left: 0 healthy, 1 unchanged, more: worse."""
    if measure.after is None or measure.baseline is None:
        return 1.0
    return _off(measure, measure.after) / max(_deviation(measure), _floor(measure))


def falling(measure: Measure) -> bool:
    """Whether it came well down within the window: a queue takes its time to empty."""
    if measure.ending is None or measure.after is None:
        return False
    return _off(measure, measure.ending) < HALFWAY * _off(measure, measure.after)


def worse(measure: Measure) -> bool:
    """Half as far again from healthy as before; far off, where it was healthy before; of requests
    that are counted, beyond chance."""
    change = _change(measure) if counts(measure) else None
    if change and (change.direction <= 0 or 10**change.log10_p >= CHANCE):
        return False
    if falling(measure):
        return False
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
