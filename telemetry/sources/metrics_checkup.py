"""What a Prometheus measures, by a few queries over what signals can use: which signals can be
computed, whose they are, how many series that is, how often they come.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ...cluster.objects import named
from ...errors import TelemetryError
from ..model import Window
from ..promql import quoted
from ..recipes import Restarts
from ..signal_catalogue import CATALOGUE
from .conventions import CONVENTIONS, NAME, any_of
from .datasource import Datasource
from .http import HttpApi
from .metric_plan import MOST_SERIES
from .otlp import fields, number, objects, text

LOOKED_AT_S = 600
"""So much of a metric tells how often it is scraped, seconds."""
INTERVALS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300)
"""What people set, seconds: a scrape comes a little earlier or later."""
KNOWN = {
    theirs: ours
    for known in reversed(CONVENTIONS)
    for theirs, ours in (known.named | known.native).items()
}
"""Metrics that signals can use, by any convention: what they are to us."""


@dataclass(frozen=True)
class Measured:
    """What there is; nothing where `series` is empty."""

    api: HttpApi
    series: Mapping[str, int]
    """How many, by metric."""
    signals: tuple[str, ...] = ()
    label: str = ""
    services: tuple[str, ...] = ()
    interval_s: float | None = None

    def there(self, window: Window) -> bool:
        """Whether one of these metrics has samples in a window."""
        query = f"count(count_over_time({_one(self.series)}[{max(1, round(window.seconds))}s]))"
        return bool(counted(self.api, query, window.end))

    def advice(self, source: Datasource) -> Iterator[str]:
        """What would be better otherwise, and how."""
        tried, own = source.whose.service, source.jsonData.timeInterval
        if not self.series:
            yield "it has no metric that a signal is made of (docs/datasources.md, Metrics)"
            return
        if not self.services:
            yield f"no label of {', '.join(tried)} is there: name one in labels.service"
        elif self.label == named(tried[-1]):
            yield f"services are told by {self.label} alone: is it a service? else labels.service"
        if self.interval_s and not 0.5 < self.interval_s / own < 2:
            yield f"it scrapes every {self.interval_s:g} s: set jsonData.timeInterval to that"
        every = sum(self.series.values())
        if every > MOST_SERIES * max(1, len(self.services)):
            most = max(self.series, key=lambda name: self.series[name])
            yield f"{most} has {self.series[most]} series: drop a label of it"


def measured(source: Datasource) -> Measured:
    """What a datasource measures. Raises TelemetryError where it does not say."""
    api = HttpApi(source)
    series = counted(api, f"count by ({NAME}) ({_any(KNOWN)})", time.time(), NAME)
    if not series:
        return Measured(api, {})
    label, services = _whose(api, source, series)
    ours = {KNOWN[name] for name in series if name in KNOWN}
    signals = tuple(name for name in CATALOGUE if _computable(name, ours))
    return Measured(api, series, signals, label, services, _interval(api, series))


def _computable(signal: str, ours: set[str]) -> bool:
    recipe = CATALOGUE[signal].recipe
    if isinstance(recipe, Restarts):  # either will do
        return bool(ours.intersection(recipe.needs))
    return ours.issuperset(recipe.needs or [recipe.metric])


def _whose(
    api: HttpApi, source: Datasource, series: Mapping[str, int]
) -> tuple[str, tuple[str, ...]]:
    """The first label that tells services, and those: what is configured, then a convention's."""
    plain = {name for known in CONVENTIONS if not known.service for name in known.named}
    tried = [(named(label), plain) for label in source.whose.service]
    tried += [(own.label, {*known.named}) for known in CONVENTIONS for own in known.service]
    for label, names in tried:
        selector = _any(series.keys() & names, f"{label}!={quoted('')}")
        query = f"count by ({label}) ({selector})"
        if series.keys() & names and (found := counted(api, query, time.time(), label)):
            return label, tuple(sorted(found))
    return "", ()


def _interval(api: HttpApi, series: Mapping[str, int]) -> float | None:
    """Between samples of one metric, the median; None where it came once at most."""
    params = {"query": f"{_one(series)}[{LOOKED_AT_S}s]", "time": f"{time.time():.3f}"}
    answer = fields(api.json("api", "v1", "query", params=params, form=True))
    gaps = [
        later - before
        for one in objects(fields(answer.get("data")).get("result"))
        for before, later in pairwise(number(pair[0]) or 0.0 for pair in one.get("values") or ())
    ]
    if not gaps:
        return None
    about = median(gaps)
    usual = min(INTERVALS, key=lambda one: abs(one - about))
    return float(usual) if abs(usual - about) < 0.2 * usual else round(about, 1)


def counted(api: HttpApi, query: str, at: float, label: str = "") -> dict[str, int]:
    """The whole numbers of an instant query, by a label."""
    params = {"query": query, "time": f"{at:.3f}"}
    answer = fields(api.json("api", "v1", "query", params=params, form=True))
    found = fields(answer.get("data")).get("result")
    if not isinstance(found, list):
        raise TelemetryError("answered no numbers: is it really prometheus?")
    counted = dict[str, int]()
    for one in objects(found):
        value = one.get("value")
        amount = number(value[1]) if isinstance(value, list) and len(value) == 2 else None
        if amount:
            counted[text(one, "metric", label)] = int(amount)
    return counted


def _any(names: Iterable[str], *matchers: str) -> str:
    """A selector of these metrics."""
    return "{" + ",".join([f"{NAME}=~{quoted(any_of(names))}", *matchers]) + "}"


def _one(series: Mapping[str, int]) -> str:
    """A selector of one of them: the one with the fewest series."""
    return f"{{{NAME}={quoted(min(series, key=lambda name: series[name]))}}}"
