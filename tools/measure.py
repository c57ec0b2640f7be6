"""Before and after: the level of named signals around an action, beside their healthy level."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..analysis.rates import rate_change
from ..errors import ToolRetry
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import SignalName, Unit
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import EdgeRequest, edge_requests, edge_services, number_of
from .reading import number

JUST = 1 / 3
"""Part of a window that counts as its last seconds."""
Pair = tuple[str, str]
"""Service and signal."""


@dataclass(frozen=True, slots=True)
class SignalLevels(Row):
    """One signal, of all requests or of one route: healthy, before an action, in the last seconds
    before it, and after it.

    A share of requests is that of all requests of a window, and `requests_…` says how many there
    were; any other level is the median. `during` is the whole incident before the action.
    `ending` is the last part of the window after it. `pause_s` is the longest time that it was well
    between two times that it was ill, before the action.
    """

    service: str
    route: str
    signal: str
    unit: str
    baseline: float | None
    before: float | None
    last: float | None
    during: float | None
    after: float | None
    ending: float | None
    requests_before: int | None
    requests_last: int | None
    requests_during: int | None
    requests_after: int | None
    pause_s: float | None
    higher_is_worse: bool


@tool(Effect.read, shares=("traces",))
def measure(
    bench: Bench,
    targets: list[str],
    before: tuple[float, float],
    after: tuple[float, float],
) -> Table[SignalLevels]:
    """Level of signals before and after an action, beside the healthy baseline; of an edge also
    route by route, where requests of it failed or were refused.

    Args:
        targets: "service/signal", for example "gateway/error_rate".
        before: begin and end, unix seconds, of the window before the action.
        after: begin and end of the window after the stabilisation.
    """
    pairs = [(service, signal) for service, _, signal in (t.partition("/") for t in targets)]
    if not all(signal for _, signal in pairs):
        raise ToolRetry('targets are "service/signal", for example "gateway/error_rate"')
    begin, end = before
    windows = (
        bench.frame.baseline,
        Window(begin, end),
        _ending(Window(begin, end)),
        Window(min(bench.frame.incident.start, begin), end),
        Window(*after),
    )
    services = sorted({service for service, _ in pairs})
    names = sorted({signal for _, signal in pairs} | {SignalName.request_rate})
    # Each window by itself: between them may lie a year that nobody asked about.
    found = [_Looked(bench, window, services, names) for window in windows]
    rows = [_row(pair, found) for pair in pairs]
    rows += _routes(bench, windows, set(pairs))
    measured = sum(row.after is not None for row in rows)
    text = f"{measured} of {len(rows)} signals measured after the action"
    return Table(rows, text, Window(begin, after[1]))


def _ending(window: Window) -> Window:
    """Its last part."""
    return Window(window.end - window.seconds * JUST, window.end)


class Read(NamedTuple):
    """A level in one window, and how many requests it rests on."""

    level: float | None
    requests: int | None


class _Looked:
    """The signals in one window; nothing for an empty one."""

    def __init__(self, bench: Bench, window: Window, services: list[str], names: list[str]) -> None:
        self.window = window
        full = window.seconds > 0
        found = read_signals(bench.telemetry, window, services, names) if full else []
        self.signals: dict[Pair, Signal] = {(s.service, s.name): s for s in found}

    def read(self, pair: Pair) -> Read:
        """The level, and how many requests a share rests on; None for what is no share of them."""
        signal, rate = self.signals.get(pair), self.signals.get((pair[0], SignalName.request_rate))
        if signal is None or rate is None or not _counted(signal):
            return Read(self.level(pair, self.window), None)
        values = rate.within(self.window)
        values = values[np.isfinite(values)]
        requests = round(float(values.mean()) * self.window.seconds) if values.size else None
        return Read(self.level(pair, self.window), requests)

    def level(self, pair: Pair, window: Window) -> float | None:
        """In the window or a part of it; four significant digits."""
        signal = self.signals.get(pair)
        if signal is None:
            return None
        values = signal.within(window)
        known = np.isfinite(values)
        if not known.any():
            return None
        if _counted(signal):
            weights = np.nan_to_num(replace(signal, values=signal.events).within(window)[known])
            if weights.sum() > 0:
                return number(float(np.average(values[known], weights=weights)))
        return number(float(np.median(values[known])))

    def to_its_end(self, pair: Pair) -> bool:
        """Whether it, or its service's requests, are still measured in the last part of the window:
        where telemetry was lost nothing is known, however well it looked before."""
        found = [self.signals.get(name) for name in (pair, (pair[0], SignalName.request_rate))]
        last = _ending(self.window)
        return any(s is not None and np.isfinite(s.within(last)).any() for s in found)

    def pause(self, pair: Pair, healthy: float | None) -> float | None:
        """Seconds of the longest stretch of healthy cells between two ill ones."""
        signal = self.signals.get(pair)
        if signal is None or healthy is None:
            return None
        values = np.nan_to_num(signal.within(self.window), nan=healthy)
        off = values - healthy if signal.known.higher_is_worse else healthy - values
        ill = np.flatnonzero(off > signal.known.floor.deviation)
        gaps = np.diff(ill) - 1
        return float(gaps.max() * signal.step) if gaps.size and gaps.max() > 0 else None


def _counted(signal: Signal) -> bool:
    """Whether it is a share of requests."""
    return signal.events is not None and signal.unit == Unit.share


def _row(pair: Pair, found: list[_Looked]) -> SignalLevels:
    *_, whole, after = found
    signal = next((part.signals[pair] for part in found if pair in part.signals), None)
    reads = [part.read(pair) for part in found]
    levels = _levels(pair, "", signal.unit if signal else "", reads)
    return replace(
        levels,
        after=levels.after if after.to_its_end(pair) else None,
        ending=after.level(pair, _ending(after.window)),
        pause_s=whole.pause(pair, levels.baseline),
        higher_is_worse=signal is None or signal.known.higher_is_worse,
    )


def _levels(pair: Pair, route: str, unit: str, reads: Sequence[Read]) -> SignalLevels:
    healthy, before, last, during, after = reads
    return SignalLevels(
        service=pair[0],
        route=route,
        signal=pair[1],
        unit=unit,
        baseline=healthy.level,
        before=before.level,
        last=last.level,
        during=during.level,
        after=after.level,
        ending=None,
        requests_before=before.requests,
        requests_last=last.requests,
        requests_during=during.requests,
        requests_after=after.requests,
        pause_s=None,
        higher_is_worse=True,
    )


ANSWERS: dict[SignalName, Callable[[EdgeRequest], bool]] = {
    SignalName.error_rate: lambda request: request.failed,
    SignalName.throttled_rate: lambda request: request.status == 429,
    SignalName.not_found_share: lambda request: request.status == 404,
    SignalName.unauthorised_share: lambda request: request.status == 401,
}
"""What is counted of each route. A block that people approved answers 403."""
FAILING = (SignalName.error_rate, SignalName.throttled_rate)
"""Failures at any number; the others are ordinary answers unless there are more of them."""
CHANGED = 4.0
"""They are more where chance explains it in less than one of 10^4 cases: there are many routes."""


def _routes(bench: Bench, windows: Sequence[Window], pairs: set[Pair]) -> Iterator[SignalLevels]:
    """Shares of each route of an edge, where a request before or after the action counts."""
    edges = (name for name in edge_services(bench) if (name, SignalName.error_rate) in pairs)
    edge = next(edges, "")
    found = [edge_requests(bench, w) if edge and w.seconds > 0 else [] for w in windows]
    if found[-1] and not edge_requests(bench, _ending(windows[-1])):
        found[-1] = []  # nobody tells any more what became of them
    for route in sorted({request.route for requests in found[1:] for request in requests}):
        here = [[r for r in requests if r.route == route] for requests in found]
        for signal, counts in ANSWERS.items():
            every = [number_of(requests) for requests in here]
            usual, *hits = [number_of(filter(counts, requests)) for requests in here]
            reads = [
                Read(number(n / of) if of else None, of)
                for n, of in zip((usual, *hits), every, strict=True)
            ]
            told = signal in FAILING
            if any(
                n and (told or _more(usual, n, every[0], of))
                for n, of in zip(hits[-2:], every[-2:], strict=True)
            ):
                yield _levels((edge, signal), route, Unit.share, reads)


def _more(before: int, now: int, of_before: int, of_now: int) -> bool:
    """Whether so many more are answered so than when it was healthy, beyond chance."""
    if not of_before:
        return False
    change = rate_change(before, now, of_before, of_now)
    return change.direction > 0 and -change.log10_p >= CHANGED
