"""Error budget and burn rate of a service level objective.

Source: The Site Reliability Workbook (Google, 2018), chapter 5 "Alerting on SLOs", the
multiwindow, multi-burn-rate alert of its table 5-8.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Fires when both windows burn at least this fast."""

    long_s: float
    short_s: float
    burn: float


@dataclass(frozen=True, slots=True)
class Burn:
    """A rule's two burn rates; None where a window has no traffic."""

    long: float | None
    short: float | None
    firing: bool


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


def budget_left(good: ArrayLike, total: ArrayLike, objective: float) -> float | None:
    """Share of the error budget that is left, 0 where it is overspent.

    Over the events given, which should be those of the objective's window. None without traffic.
    """
    burn = burn_rate(good, total, objective)
    return None if burn is None else max(0.0, 1.0 - burn)


def multiwindow(
    ts: ArrayLike, good: ArrayLike, total: ArrayLike, objective: float, now: float, rule: BurnRule
) -> Burn:
    """Burn over both windows of the rule, looking back from `now` over (now - window, now].

    `good` and `total` are the increases of each sample, not counters. With less history than a
    window, the burn is over what there is.
    """
    t, g, n = (np.asarray(a, float) for a in (ts, good, total))

    def over(seconds: float) -> float | None:
        inside = (t > now - seconds) & (t <= now)
        return burn_rate(g[inside], n[inside], objective)

    long, short = over(rule.long_s), over(rule.short_s)
    firing = long is not None and short is not None and min(long, short) >= rule.burn
    return Burn(long, short, firing)


def _bad_and_total(good: ArrayLike, total: ArrayLike) -> tuple[float, float]:
    g, n = np.asarray(good, float), np.asarray(total, float)
    events = float(np.nansum(n))
    # Two counters scraped a moment apart can show more good events than events.
    return min(events, max(0.0, events - float(np.nansum(g)))), events


def _check(objective: float) -> None:
    if not 0.0 <= objective <= 1.0:
        raise ValueError(f"objective must be a share between 0 and 1, such as 0.999: {objective}")
