"""Before and after: the level of named signals around an action, beside their healthy level."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.rates import rate_change
from ..errors import ToolRetry
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import SignalName, Unit, definition
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import EdgeRequest, edge_requests, edge_services
from .reading import number

JUST = 1 / 3
"""Part of a window that counts as its last seconds."""


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


@tool(Effect.read)
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
    services = sorted({service for service, _ in pairs})
    names = sorted({signal for _, signal in pairs} | {SignalName.request_rate})
    begin, end = before
    windows = (
        bench.frame.baseline,
        Window(begin, end),
        Window(end - (end - begin) * JUST, end),
        Window(*after),
        Window(min(bench.frame.incident.start, begin), end),
    )
    # Each window by itself: between them may lie a year that nobody asked about.
    found = [_Looked(bench, window, services, names) for window in windows]
    rows = [_row(pair, found) for pair in pairs]
    rows += _routes(bench, windows, set(pairs))
    measured = sum(row.after is not None for row in rows)
    text = f"{measured} of {len(rows)} signals measured after the action"
    return Table(rows, text, Window(begin, after[1]))


class _Looked:
    """The signals in one window; nothing for an empty one."""

    def __init__(self, bench: Bench, window: Window, services: list[str], names: list[str]) -> None:
        self.window = window
        full = window.seconds > 0
        found = read_signals(bench.telemetry, window, services, names) if full else []
        self.signals: dict[tuple[str, str], Signal] = {(s.service, s.name): s for s in found}

    @property
    def last(self) -> Window:
        """Its last part."""
        return Window(self.window.end - self.window.seconds * JUST, self.window.end)

    def level(self, pair: tuple[str, str], part: Window | None = None) -> float | None:
        """In the window or a part of it; four significant digits."""
        window = part or self.window
        signal = self.signals.get(pair)
        if signal is None:
            return None
        values = signal.within(window)
        known = np.isfinite(values)
        if not known.any():
            return None
        if counted(signal) and (weights := _weights(signal, window)[known]).sum() > 0:
            return number(float(np.average(values[known], weights=weights)))
        return number(float(np.median(values[known])))

    def to_its_end(self, pair: tuple[str, str]) -> bool:
        """Whether it, or its service's requests, are still measured in the last part of the window:
        where telemetry was lost nothing is known, however well it looked before."""
        found = [self.signals.get(name) for name in (pair, (pair[0], SignalName.request_rate))]
        return any(s is not None and np.isfinite(s.within(self.last)).any() for s in found)

    def requests(self, pair: tuple[str, str]) -> int | None:
        """How many requests a share rests on; None for what is no share of requests."""
        signal, rate = self.signals.get(pair), self.signals.get((pair[0], SignalName.request_rate))
        if signal is None or rate is None or not counted(signal):
            return None
        values = rate.within(self.window)
        values = values[np.isfinite(values)]
        return round(float(values.mean()) * self.window.seconds) if values.size else None

    def pause(self, pair: tuple[str, str], healthy: float | None) -> float | None:
        """Seconds of the longest stretch of healthy cells between two ill ones."""
        signal = self.signals.get(pair)
        if signal is None or healthy is None:
            return None
        values = np.nan_to_num(signal.within(self.window), nan=healthy)
        off = values - healthy if signal.known.higher_is_worse else healthy - values
        ill = np.flatnonzero(off > signal.known.floor.deviation)
        gaps = np.diff(ill) - 1
        return float(gaps.max() * signal.step) if gaps.size and gaps.max() > 0 else None


def counted(signal: Signal) -> bool:
    """Whether it is a share of requests."""
    return signal.events is not None and signal.unit == "share"


def _weights(signal: Signal, window: Window) -> np.ndarray:
    events = signal.events if signal.events is not None else np.ones(signal.values.size)
    chosen = (signal.ts >= window.start - 1e-6) & (signal.ts < window.end - 1e-6)
    return np.nan_to_num(events[chosen])


def _row(pair: tuple[str, str], found: list[_Looked]) -> SignalLevels:
    healthy, before, last, after, whole = found
    signal = next((part.signals[pair] for part in found if pair in part.signals), None)
    baseline = healthy.level(pair)
    return SignalLevels(
        service=pair[0],
        route="",
        signal=pair[1],
        unit=signal.unit if signal else "",
        baseline=baseline,
        before=before.level(pair),
        last=last.level(pair),
        during=whole.level(pair),
        after=after.level(pair) if after.to_its_end(pair) else None,
        ending=after.level(pair, after.last) if after.signals else None,
        requests_before=before.requests(pair),
        requests_last=last.requests(pair),
        requests_during=whole.requests(pair),
        requests_after=after.requests(pair),
        pause_s=whole.pause(pair, baseline),
        higher_is_worse=definition(pair[1]).higher_is_worse if signal else True,
    )


ANSWERS = {
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


def _routes(
    bench: Bench, windows: Sequence[Window], pairs: set[tuple[str, str]]
) -> Iterator[SignalLevels]:
    """Shares of each route of an edge, where a request before or after the action counts."""
    edge = next(
        (name for name in edge_services(bench) if (name, SignalName.error_rate) in pairs), ""
    )
    found = [edge_requests(bench, w) if edge and w.seconds > 0 else [] for w in windows]
    end = windows[3].end - windows[3].seconds * JUST
    if not any(request.at >= end for request in found[3]):
        found[3] = []  # traces have stopped
    for route in sorted({request.route for requests in found[1:] for request in requests}):
        here = [[r for r in requests if r.route == route] for requests in found]
        for signal, counts in ANSWERS.items():
            shares = [_share(requests, counts) for requests in here]
            usual = [signal in FAILING or _otherwise(here[0], part, counts) for part in here]
            if (shares[3] and usual[3]) or (shares[4] and usual[4]):
                yield _of_route(edge, route, signal, shares, [len(requests) for requests in here])


def _otherwise(
    healthy: list[EdgeRequest], requests: list[EdgeRequest], counts: Callable[[EdgeRequest], bool]
) -> bool:
    """Whether so many more are answered so than when it was healthy, beyond chance."""
    if not healthy or not requests:
        return False
    before, now = sum(map(counts, healthy)), sum(map(counts, requests))
    change = rate_change(before, now, len(healthy), len(requests))
    return change.direction > 0 and -change.log10_p >= CHANGED


def _share(requests: list[EdgeRequest], counts: Callable[[EdgeRequest], bool]) -> float | None:
    return number(sum(map(counts, requests)) / len(requests)) if requests else None


def _of_route(
    edge: str, route: str, signal: SignalName, shares: list[float | None], counted: list[int]
) -> SignalLevels:
    return SignalLevels(
        service=edge,
        route=route,
        signal=signal,
        unit=Unit.share,
        baseline=shares[0],
        before=shares[1],
        last=shares[2],
        during=shares[4],
        after=shares[3],
        ending=None,
        requests_before=counted[1],
        requests_last=counted[2],
        requests_during=counted[4],
        requests_after=counted[3],
        pause_s=None,
        higher_is_worse=True,
    )
