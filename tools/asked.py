"""What evidence is about, by its rows and arguments: whose, which metrics, traces, changes. By that
people are shown how to ask the backends the same; and the windows that it takes to ask it again.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..incident.evidence import AskedWindows, BackendQuery
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import CATALOGUE
from ..telemetry.sources.links import backend_queries
from ..telemetry.sources.source import About
from .base import Bench, Frame

WHOSE = ("service", "services", "caller", "callee")
TARGETS = ("target", "targets")
"""Fields that hold "service/signal"."""
SIGNALS = ("signal", "signals", "metric")
MOST = 6
"""Of each, the most frequent: a link to everything shows nothing."""
MOST_IDS = 2
Record = Mapping[str, Any]


def about(rows: Sequence[Record], arguments: Record, frame: Frame, window: Window) -> About:
    """What evidence with these rows is about."""
    told = [arguments, *rows]
    pairs = [text.partition("/") for text in _texts(told, TARGETS) if "/" in text]
    services = _first([*_texts(told, WHOSE), *(pair[0] for pair in pairs)], MOST)
    signals = _first([*_texts(told, SIGNALS), *(pair[2] for pair in pairs)], MOST)
    needed = (CATALOGUE[s].recipe.needs if s in CATALOGUE else (s,) for s in signals)
    return About(
        window,
        frozenset(services or filter(None, [frame.service])),
        frozenset(metric for metrics in needed for metric in metrics),
        tuple(_first(_texts(told, ("trace_id",)), MOST_IDS)),
        tuple(_first(_texts(rows, ("id",)), MOST_IDS)),
    )


def asked_by(bench: Bench, metric: str, services: Iterable[str]) -> list[BackendQuery]:
    """How the backends were asked for what we keep as a metric of ours, and for traces."""
    sources, meant = bench.live.sources if bench.live else (), frozenset(services)
    return backend_queries(
        sources, ("metrics", "traces"), About(bench.frame.whole, meant, frozenset([metric]))
    )


def _texts(told: Iterable[Record], names: Sequence[str]) -> Iterator[str]:
    for record in told:
        for name in names:
            value = record.get(name)
            for text in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(text, str) and text:
                    yield text


def _first(texts: Iterable[str], most: int) -> list[str]:
    """The most frequent; of equally frequent ones the first."""
    return [text for text, _ in Counter(texts).most_common(most)]


def windows_of(frame: Frame) -> AskedWindows | None:
    """A frame as evidence keeps it; None for one without ends."""
    pairs = {"baseline": frame.baseline, "incident": frame.incident, "between": frame.between}
    if not all(math.isfinite(w.start) and math.isfinite(w.end) for w in pairs.values() if w):
        return None
    return AskedWindows(
        **{name: _pair(window) for name, window in pairs.items() if window},
        alerted=frame.alerted,
        onset=frame.onset,
        first=[_pair(window) for window in frame.first or ()],
    )


def frame_of(kept: AskedWindows, service: str, metric: str) -> Frame:
    """The frame that was kept, of an alert of this service and metric."""
    first = [Window(*pair) for pair in kept.first]
    return Frame(
        Window(*kept.baseline),
        Window(*kept.incident),
        service=service,
        metric=metric,
        alerted=kept.alerted,
        onset=kept.onset,
        between=Window(*kept.between) if kept.between else None,
        first=(first[0], first[1]) if len(first) == 2 else None,
    )


def _pair(window: Window) -> tuple[float, float]:
    return window.start, window.end
