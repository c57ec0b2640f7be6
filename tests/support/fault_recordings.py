"""Small incidents made up for tests: a tree of services, and one fault of a known kind.

A request goes down the whole tree; each call is a client span of the caller around a server span
of the callee, and every service writes a line about it. Metrics are read off the spans, beside
some that nothing has to do with them. Chance is the same each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

DETECTED = 1_700_000_000.0
FIRST, BEGAN, ALERTED_FROM, LAST = -45, -3, -4, 4
"""Minutes from the detection: of the first record, the fault, the incident window, the end."""
STEP = 60
EVERY = 12.0
"""Seconds between requests."""
NAMES = ("basil", "carob", "dill", "fennel", "hyssop", "lovage", "mace")
CALLS = {0: (1, 2), 1: (3, 4), 2: (5, 6)}
"""By place in the tree, whom the service there calls, one after the other."""
ADDED_MS = 150.0


class Fault(StrEnum):
    """What is wrong with the guilty service."""

    slow = "slow inside"
    network = "slow network"
    exception = "exception with a new error line"
    call = "call no longer made"
    cpu = "CPU rise in metrics only"


PLACE = {Fault.slow: 3, Fault.network: 1, Fault.exception: 4, Fault.call: 2, Fault.cpu: 5}
"""Where in the tree each fault sits."""
SYMPTOM = {
    Fault.slow: (0, "response_time_ms"),
    Fault.network: (0, "response_time_ms"),
    Fault.exception: (0, "failed_ratio"),
    Fault.call: (6, "calls_per_minute"),
}
"""Where people notice it, and by which metric; nobody notices the other ones."""


class Span(NamedTuple):
    """As traces.csv.gz has it, with times in seconds and milliseconds."""

    trace: str
    id: str
    parent: str
    service: str
    operation: str
    start: float
    ms: float
    failed: bool = False


class Line(NamedTuple):
    """As logs.csv.gz has it, with its time in seconds."""

    at: float
    service: str
    level: str
    trace: str
    span: str
    message: str


@dataclass(frozen=True)
class Recording:
    """One incident, as it was recorded."""

    guilty: str
    symptom: tuple[str, str] | None
    ts: list[float]
    metrics: dict[tuple[str, str], list[float]]
    """(service, metric): a value a row of `ts`; rows before the window are the baseline."""
    logs: list[Line]
    spans: list[Span]
    edges: list[tuple[str, str]]
    detected_at: float = DETECTED


def recorded(fault: Fault) -> Recording:
    """The incident of one kind of fault; the guilty service is the one at its PLACE."""
    writer = _Writer(fault)
    rng = np.random.default_rng(5)
    for at in np.arange(60.0 * FIRST, 60.0 * LAST, EVERY):
        writer.request(float(at), rng)
    minutes = list(range(FIRST, LAST))
    noticed = SYMPTOM.get(fault)
    return Recording(
        NAMES[PLACE[fault]],
        (NAMES[noticed[0]], noticed[1]) if noticed else None,
        [DETECTED + 60.0 * minute for minute in minutes],
        dict(_metrics(writer.spans, minutes, fault)),
        writer.logs,
        writer.spans,
        [(NAMES[above], NAMES[below]) for above, all in CALLS.items() for below in all],
    )


@dataclass
class _Writer:
    """Writes requests; `ill` while the fault lasts."""

    fault: Fault
    spans: list[Span] = field(default_factory=list)
    logs: list[Line] = field(default_factory=list)
    trace: str = ""
    ill: bool = False

    def request(self, at: float, rng: np.random.Generator) -> None:
        """One request down the tree; `at` in seconds from the detection."""
        self.ill = at >= 60 * BEGAN
        self.trace = f"{int(at - 60 * FIRST) + 1:032x}"
        self.serve(0, "", DETECTED + at, rng)

    def has(self, fault: Fault, place: int) -> bool:
        """Whether the service there has this fault now."""
        return self.ill and self.fault is fault and PLACE[fault] == place

    def serve(
        self, place: int, parent: str, start: float, rng: np.random.Generator
    ) -> tuple[float, bool]:
        """Seconds that the service there takes, and whether it fails."""
        id, failed = self._id(place, "a"), self.has(Fault.exception, place)
        end = start + (5 + ADDED_MS * self.has(Fault.slow, place)) * _about(rng) / 1e3
        callees = () if failed else CALLS.get(place, ())
        for callee in callees[: -1 if self.has(Fault.call, place) else None]:
            took, ill = self._call(place, callee, id, end, rng)
            end, failed = end + took, failed or ill
        end += 0.002 * _about(rng)
        self._span(id, parent, place, f"Serve{place}", start, end, failed)
        self._log(place, id, start + 0.001, "info", f"handled {int(start) % 977} items in all")
        if self.has(Fault.exception, place):
            self._log(place, id, end, "error", "KeyError: no tariff row 'gold' in the table")
        return end - start, failed

    def _call(
        self, place: int, callee: int, parent: str, start: float, rng: np.random.Generator
    ) -> tuple[float, bool]:
        slow = self.has(Fault.network, place) or self.has(Fault.network, callee)
        way = (1 + ADDED_MS / 2 * slow) * _about(rng) / 1e3
        id = self._id(callee, "c")
        took, failed = self.serve(callee, id, start + way, rng)
        end = start + took + 2 * way
        self._span(id, parent, place, f"Ask{callee}", start, end, failed)
        return end - start, failed

    def _id(self, place: int, side: str) -> str:
        return f"{self.trace[-10:]}{side}{place:05x}"

    def _span(self, id: str, parent: str, place: int, name: str, start: float, end: float, failed):
        row = Span(self.trace, id, parent, NAMES[place], name, start, 1e3 * (end - start), failed)
        self.spans.append(row)

    def _log(self, place: int, span: str, at: float, level: str, message: str) -> None:
        self.logs.append(Line(at, NAMES[place], level, self.trace, span, message))


def _about(rng: np.random.Generator) -> float:
    return float(rng.lognormal(0, 0.05))


def _metrics(
    spans: list[Span], minutes: list[int], fault: Fault
) -> Iterator[tuple[tuple[str, str], list[float]]]:
    rng = np.random.default_rng(6)
    for place, name in enumerate(NAMES):
        served = [s for s in spans if s.service == name and s.operation.startswith("Serve")]
        minute = np.array([np.floor((s.start - DETECTED) / 60 + 1e-6) for s in served])
        ms, bad = np.array([s.ms for s in served]), np.array([s.failed for s in served])
        of = [minute == m for m in minutes]
        ill = np.array([m >= BEGAN for m in minutes])
        busy = 1 + 4 * (ill & (fault is Fault.cpu and PLACE[fault] == place))
        noise = rng.lognormal(0, 0.03, (3, len(minutes)))
        yield (name, "response_time_ms"), [_mean(ms[m]) for m in of]
        yield (name, "calls_per_minute"), [float(m.sum()) for m in of]
        yield (name, "failed_ratio"), [_mean(bad[m]) for m in of]
        yield (name, "cpu_millicores"), (150 * busy * noise[0]).tolist()
        yield (name, "heap_mb"), (300 * noise[1]).tolist()
        yield (name, "zorbs"), (7 * noise[2]).tolist()


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
