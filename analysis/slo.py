"""Error budget and burn rate of a service level objective.

Source: The Site Reliability Workbook (Google, 2018), chapter 5 "Alerting on SLOs", the
multiwindow, multi-burn-rate alert of its table 5-8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Fires when both windows burn at least this fast."""

    name: str
    long_s: float
    short_s: float
    burn: float


WORKBOOK: tuple[BurnRule, ...] = (
    BurnRule("page, fast", 3600, 300, 14.4),
    BurnRule("page, slow", 6 * 3600, 1800, 6.0),
    BurnRule("ticket", 3 * 86400, 6 * 3600, 1.0),
)
"""For a 30-day objective: 2%, 5% and 10% of the budget gone in the long window."""


@dataclass(frozen=True, slots=True)
class Burn:
    """One rule's two burn rates; None where a window has no traffic."""

    rule: BurnRule
    long: float | None
    short: float | None
    firing: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """What an objective allows over its window, and what is left of it."""

    sli: float
    """Share of good events, 0..1."""
    objective: float
    total: float
    bad: float
    used_share: float
    """1 = all of it; above 1 = overspent."""
    left_share: float
    """Never below 0."""
    left_events: float
    """Bad events that may still happen; negative when overspent."""
    left_minutes: float
    """Minutes of full outage that are left."""
    window_minutes: float
    """Minutes of full outage that the whole window allows."""


def burn_rate(good: ArrayLike, total: ArrayLike, objective: float) -> float | None:
    """Error share ÷ the share the objective allows; 1 spends the budget exactly in its window.

    `good` and `total` are event counts (arrays are summed, NaN counts as nothing). None without
    traffic; inf for an objective of 1 with any bad event.
    """
    _check(objective)
    bad, events = _bad_and_total(good, total)
    if events <= 0:
        return None
    allowed = 1.0 - objective
    if allowed == 0.0:
        return float("inf") if bad else 0.0
    return bad / events / allowed


def error_budget(
    good: ArrayLike, total: ArrayLike, objective: float, window_s: float
) -> Budget | None:
    """The budget over the events given, which should be those of the objective's window.

    None without traffic.
    """
    burn = burn_rate(good, total, objective)
    if burn is None:
        return None
    bad, events = _bad_and_total(good, total)
    left, minutes = max(0.0, 1.0 - burn), (1.0 - objective) * window_s / 60
    return Budget(
        sli=1.0 - bad / events,
        objective=objective,
        total=events,
        bad=bad,
        used_share=burn,
        left_share=left,
        left_events=(1.0 - objective) * events - bad,
        left_minutes=left * minutes,
        window_minutes=minutes,
    )


def multiwindow(
    ts: ArrayLike,
    good: ArrayLike,
    total: ArrayLike,
    objective: float,
    now: float,
    *,
    rules: Sequence[BurnRule] = WORKBOOK,
) -> list[Burn]:
    """Burn over both windows of each rule, looking back from `now` over (now - window, now].

    `good` and `total` are the increases of each sample, not counters. With less history than a
    window, the burn is over what there is.
    """
    t, g, n = (np.asarray(a, float) for a in (ts, good, total))

    def over(seconds: float) -> float | None:
        inside = (t > now - seconds) & (t <= now)
        return burn_rate(g[inside], n[inside], objective)

    return [_judge(rule, over(rule.long_s), over(rule.short_s)) for rule in rules]


def _judge(rule: BurnRule, long: float | None, short: float | None) -> Burn:
    firing = long is not None and short is not None and min(long, short) >= rule.burn
    return Burn(rule, long, short, firing)


def scaled(rules: Iterable[BurnRule], factor: float) -> tuple[BurnRule, ...]:
    """The same rules with windows shrunk or stretched, for objectives over another period."""
    return tuple(
        replace(rule, long_s=rule.long_s * factor, short_s=rule.short_s * factor) for rule in rules
    )


def _bad_and_total(good: ArrayLike, total: ArrayLike) -> tuple[float, float]:
    g, n = np.asarray(good, float), np.asarray(total, float)
    events = float(np.nansum(n))
    # Two counters scraped a moment apart can show more good events than events.
    return min(events, max(0.0, events - float(np.nansum(g)))), events


def _check(objective: float) -> None:
    if not 0.0 <= objective <= 1.0:
        raise ValueError(f"objective must be a share between 0 and 1, such as 0.999: {objective}")
