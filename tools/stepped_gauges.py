"""Gauges that stood still in health and have stepped: a setting that is another one, a wait that
left zero, a process that began again, a target that fell silent; and log lines that stopped, or
that flood.

A constant that changes is a change that nobody had to record.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np

from ..telemetry.model import Series, Window
from ..yaml_tables import AnyCase, Entry, read_table
from .base import Bench, Effect, Row, Table, tool
from .log_volume import log_steps
from .reading import number, seconds, table

FEWEST = 5
"""Samples in health that must agree before one may speak of a constant."""
LASTING = 2
"""Samples that a step must last."""
COUNTERS = ("_total", "_count", "_sum", "_bucket", "_created")
QUIET_SCRAPES = 4.0
"""A series that misses so many of its intervals has ended."""
LOG_LINES = "log lines"
"""What stands for a metric where lines are counted, per second."""


class Step(StrEnum):
    """What has stepped, what says most first."""

    setting = "setting"
    wait = "wait"
    held = "held"
    silent = "silent"
    flood = "flood"
    restart = "restart"


class GaugeWords(Entry):
    """gauge_words.yaml, which says what each is for."""

    setting: AnyCase
    measured: AnyCase
    wait: AnyCase
    held: AnyCase
    start: AnyCase


@cache
def _words() -> GaugeWords:
    return read_table("tools/gauge_words.yaml", GaugeWords)


@dataclass(frozen=True, slots=True)
class SteppedGauge(Row):
    """One gauge before and now; `since` in unix seconds."""

    service: str
    instance: str
    metric: str
    labels: str
    """name=value, joined by ", "; of a flood its most frequent line."""
    step: str
    before: float
    now: float | None
    """The level since; None for what fell silent."""
    since: float
    served: int | None
    """Requests that the service began to work after it fell silent; None for other steps."""

    @property
    def called(self) -> str:
        """The metric with its labels, as one reads it."""
        return f"{self.metric} ({self.labels})" if self.labels else self.metric


@tool(Effect.read, counts=("logs",))
def stepped_gauges(bench: Bench) -> Table[SteppedGauge]:
    """Gauges that were constant while healthy and are not what they were: `step` says whether it
    is a setting (a size, a limit), a wait that left zero (locks, queues, throttling), sessions that
    hold what others want, the start of a process, a target that no longer reports, or a service
    that writes no log lines any more or a flood of them. The earliest first."""
    window = bench.frame.looked_at
    names = [name for name in _names(bench) if not name.endswith(COUNTERS)]
    found = bench.telemetry.metrics(window, names)
    rows = [row for series in found if (row := _step(series, bench.frame.whole))]
    rows += [*_silent(bench, window), *_written(bench, window)]
    rows.sort(key=lambda row: (row.since, row.service, row.metric))
    summary = f"{len(rows)} gauges stepped"
    if rows:
        summary += f"; first {rows[0].called} of {rows[0].service}"
    nothing = f"no gauge that stood still has stepped in {seconds(window)}"
    return table(rows, summary, nothing, window)


def _names(bench: Bench) -> list[str]:
    return sorted({name for _, name in bench.telemetry.metric_names()})


def _step(series: Series, seen: Window) -> SteppedGauge | None:
    values = series.values
    healthy = values[series.ts < seen.start + seen.seconds / 3]
    if healthy.size < FEWEST or values.size < healthy.size + LASTING:
        return None
    words = _words()
    text = " ".join([series.name, *series.labels.values()])
    if words.start.search(series.name):
        return _restarted(series)
    if words.setting.search(series.name) and not words.measured.search(series.name):
        return _set_anew(series, float(healthy[0]))
    if words.held.search(text):
        return _left_zero(series, healthy, Step.held)
    return _left_zero(series, healthy, Step.wait) if words.wait.search(text) else None


def _restarted(series: Series) -> SteppedGauge | None:
    """The last start that came after the first sample."""
    later = np.flatnonzero(np.diff(series.values) > 0)
    if not later.size:
        return None
    at = int(later[-1]) + 1
    return _row(series, Step.restart, at, float(series.values[at]))


def _set_anew(series: Series, before: float) -> SteppedGauge | None:
    """A step from one constant to another: what moves more than twice is measured, not set."""
    changes = np.flatnonzero(np.diff(series.values)) + 1
    now = float(series.values[-1])
    if not 0 < changes.size <= 2 or now == before or series.values.size - changes[-1] < LASTING:
        return None
    return _row(series, Step.setting, int(changes[0]), now)


def _left_zero(series: Series, healthy: np.ndarray, step: Step) -> SteppedGauge | None:
    """Something waits that did not, for most of the time since the last run of nothing."""
    if np.mean(healthy > 0) > 0.1:
        return None
    above = series.values > 0
    calm = np.flatnonzero(~above[1:-1] & ~above[:-2] & ~above[2:])  # three samples of nothing
    begin = int(calm[-1]) + 3 if calm.size else 0
    since = series.values[begin:]
    if since.size < LASTING or np.mean(since > 0) < 0.6 or since.sum() <= LASTING:
        return None
    return _row(series, step, begin, float(np.median(since)))


def _silent(bench: Bench, window: Window) -> Iterator[SteppedGauge]:
    """Services none of whose instances is measured any longer, while others are."""
    ends: dict[str, float] = defaultdict(float)
    gaps: dict[str, float] = {}
    started = filter(_words().start.search, _names(bench))
    for series in bench.telemetry.metrics(window, ["up", *started]):
        answering = series.ts[series.values > 0]
        if answering.size < FEWEST:
            continue
        ends[series.service] = max(ends[series.service], float(answering[-1]))
        gaps[series.service] = float(np.median(np.diff(answering)))
    latest = max(ends.values(), default=0.0)
    for service, end in ends.items():
        if latest - end > QUIET_SCRAPES * gaps[service]:
            at, served = number(end) or end, _served(bench, service, end + 2 * gaps[service])
            yield SteppedGauge(service, "", "up", "", Step.silent, 1.0, None, at, served)


def _served(bench: Bench, service: str, since: float) -> int:
    """Requests that it worked since, by its own spans or by those of its callers: what is lost may
    be all of its telemetry."""
    spans = bench.telemetry.span_table(bench.frame.looked_at)
    own = [op.service == service and op.kind in ("server", "consumer") for op in spans.ops]
    calls = [op.peer == service and op.kind == "client" for op in spans.ops]
    late = spans.start > since
    worked = late & np.array(own, bool)[spans.op]
    answered = late & np.array(calls, bool)[spans.op] & ~spans.error
    return max(int(worked.sum()), int(answered.sum()))


def _written(bench: Bench, window: Window) -> Iterator[SteppedGauge]:
    """Services whose log lines stopped though they work, and those whose lines flood."""
    for one in log_steps(bench, window):
        step = Step.silent if one.after is None else Step.flood
        now, before = number(one.after), number(one.before) or 0.0
        at, name = number(one.since) or one.since, one.service
        yield SteppedGauge(name, "", LOG_LINES, one.says, step, before, now, at, one.served)


def _row(series: Series, step: Step, index: int, now: float) -> SteppedGauge:
    labels = ", ".join(f"{key}={value}" for key, value in sorted(series.labels.items()))
    at = now if step == Step.restart else float(series.ts[index])
    return SteppedGauge(
        service=series.service,
        instance=series.instance,
        metric=series.name,
        labels=labels,
        step=step,
        before=number(float(series.values[max(0, index - 1)])) or 0.0,
        now=number(now),
        since=number(at) or at,
        served=None,
    )
