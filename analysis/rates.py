"""Did events become more frequent: two counts under different exposures.

Source: the conditional test of Przyborowski & Wilenski (Biometrika 31, 1940): given the sum of
two Poisson counts, the second is binomial with the exposures' shares. Exact for up to
`EXACT_UP_TO` events, then the signed likelihood ratio (Wilks, 1938).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXACT_UP_TO = 2000


@dataclass(frozen=True, slots=True)
class RateChange:
    """How a rate of events changed and how surely."""

    ratio: float
    """Rate after ÷ rate before; inf from nothing, NaN when neither happened."""
    log10_p: float
    """log10 of the one-sided p in the observed direction: -3 is one in a thousand."""
    direction: int
    """+1 rose, -1 fell, 0 unchanged."""


def rate_change(
    before: int, after: int, exposure_before: float, exposure_after: float
) -> RateChange:
    """Compare two counts over their exposures (seconds, requests: any unit, the same for both).

    Real events come in bursts, which the test does not know: ask for a material ratio as well.
    """
    if exposure_before <= 0 or exposure_after <= 0:
        raise ValueError("both exposures must be above 0")
    ratio = _ratio(before / exposure_before, after / exposure_after)
    n, p = before + after, exposure_after / (exposure_before + exposure_after)
    if n == 0 or ratio == 1.0:
        return RateChange(ratio, 0.0, 0)
    rose = after > n * p
    k, share = (after, p) if rose else (before, 1.0 - p)
    tail = _exact_tail(k, n, share) if n <= EXACT_UP_TO else _wilks_tail(k, n, share)
    return RateChange(ratio, min(0.0, tail / math.log(10)), 1 if rose else -1)


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X >= k), X ~ Binomial(n, p): how likely so many of n are where each has the chance p."""
    if k <= 0 or p >= 1:
        return 1.0
    return math.exp(min(0.0, _exact_tail(k, n, p))) if p > 0 else 0.0


def _ratio(before: float, after: float) -> float:
    if before == 0.0:
        return float("nan") if after == 0.0 else float("inf")
    return after / before


def _exact_tail(k: int, n: int, p: float) -> float:
    """Natural log of P(X >= k), X ~ Binomial(n, p): the log masses by their recurrence."""
    first = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    first += k * math.log(p) + (n - k) * math.log1p(-p)
    i = np.arange(k, n)
    steps = np.cumsum(np.log((n - i) / (i + 1.0)) + math.log(p) - math.log1p(-p))
    masses = np.append(0.0, steps)
    peak = float(masses.max())
    return first + peak + math.log(float(np.exp(masses - peak).sum()))


def _wilks_tail(k: int, n: int, p: float) -> float:
    """The same tail by the signed root of the likelihood ratio, for k/n above p."""
    deviance = k * math.log(k / (n * p))
    if n > k:
        deviance += (n - k) * math.log((n - k) / (n * (1.0 - p)))
    root = math.sqrt(max(0.0, 2.0 * deviance))
    tail = 0.5 * math.erfc(root / math.sqrt(2))
    # Past z = 37 erfc underflows; Mills' ratio gives the log of the tail.
    return math.log(tail) if tail > 0 else -(root**2) / 2 - math.log(root * math.sqrt(2 * math.pi))


@dataclass(frozen=True, slots=True)
class Beginning:
    """Since when events came more often than before, and how surely."""

    since: float
    """The first event of the better time, in the units of the times."""
    before: int
    after: int
    log10_p: float
    """As in RateChange, times the number of begins that were tried; 0 at most."""


SPLITS = 50
"""Begins that are tried, spread over the events."""


def beginning(times: ArrayLike, chances: ArrayLike) -> Beginning | None:
    """The begin after which events are most clearly more frequent; None without one.

    Args:
        times: when the events came, sorted; shape (n,).
        chances: when one could have come (requests), sorted; shape (m,).
    """
    events, requests = np.asarray(times, float), np.asarray(chances, float)
    if not events.size or not requests.size:
        return None
    tried = np.unique(np.linspace(0, events.size - 1, SPLITS).round().astype(int))
    found: list[Beginning] = []
    for before in tried.tolist():
        healthy = int(np.searchsorted(requests, events[before]))
        if 0 < healthy < requests.size:
            after = events.size - before
            change = rate_change(before, after, healthy, requests.size - healthy)
            if change.direction > 0:
                chance = min(0.0, change.log10_p + math.log10(tried.size))
                found.append(Beginning(float(events[before]), before, after, chance))
    return min(found, key=lambda one: one.log10_p, default=None)


# Since when: the change point of a rate that changed once.


@dataclass(frozen=True, slots=True)
class RateStep:
    """Where a rate of events changed most, and what it was on both sides."""

    at: int
    """First cell of the second stretch."""
    before: int
    after: int
    exposure_before: float
    exposure_after: float
    change: RateChange
    """Its chance already pays for every place at which the change was looked for."""

    def paying(self, tests: int) -> "RateStep":
        """The same where it is the surest of so many tests."""
        paid = min(0.0, self.change.log10_p + math.log10(tests))
        return replace(self, change=replace(self.change, log10_p=paid))

    @property
    def rate_before(self) -> float:
        """Events per unit of exposure."""
        return self.before / self.exposure_before

    @property
    def rate_after(self) -> float:
        """Events per unit of exposure."""
        return self.after / self.exposure_after


def largest_step(
    counts: NDArray[np.float64],
    exposure: NDArray[np.float64],
    least: tuple[float, float],
    rising: bool,
) -> RateStep | None:
    """The split of cells at which one rate before and another one after explain most.

    counts, exposure: events and what they are counted over (requests, seconds), shape (cells,).
    least: exposure that each side must have. rising: whether a rise or a fall is looked for.
    Source: likelihood ratio of one Poisson change point (Worsley, Biometrika 73, 1986). None where
    no split has enough on both sides.
    """
    k, e = np.cumsum(np.nan_to_num(counts)), np.cumsum(np.nan_to_num(exposure))
    if not k.size:
        return None
    k2, e2 = k[-1] - k, e[-1] - e
    with np.errstate(divide="ignore", invalid="ignore"):
        r1, r2 = k / e, k2 / e2
        gain = _log_likelihood(k, r1) + _log_likelihood(k2, r2)
    fit = (e >= least[0]) & (e2 >= least[1]) & ((r2 > r1) if rising else (r2 < r1))
    if not fit.any():
        return None
    i = int(np.argmax(np.where(fit, gain, -np.inf)))
    counted = round(float(k[i])), round(float(k2[i]))
    found = rate_change(*counted, float(e[i]), float(e2[i]))
    paid = min(0.0, found.log10_p + math.log10(int(fit.sum())))
    change = RateChange(found.ratio, paid, found.direction)
    return RateStep(i + 1, *counted, float(e[i]), float(e2[i]), change)


def _log_likelihood(events: NDArray[np.float64], rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(events > 0, events * np.log(np.where(rate > 0, rate, 1.0)), 0.0)
