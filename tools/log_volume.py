"""How many log lines a service writes for what it works: where they stop, where they flood."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..analysis.rates import largest_step, rate_change
from ..analysis.requests.tables import Floats, LogTable
from ..analysis.templates import mask_all
from ..telemetry.model import Window
from ..telemetry.outcomes import answers
from .base import Bench
from .reading import cut

SURE = -6.0
"""log10 of the chance from which lines stopped, or flood."""
FEWEST = 5
"""Requests from which a service works."""
OTHERS = 3
"""Services that write lines, all others that work, from which one that writes none is missed."""
QUIET = ("debug", "info")
"""Levels whose lines can flood while nothing fails; louder ones tell of failures."""
TIMES, LEAST_PER_S = 5.0, 5.0
"""Times as many lines for the same work, and lines a second, from which they flood."""
IDLE = 0.05
"""Requests a second that stand for what is written without any."""
CELLS, SAMPLED = 600, 500
"""Into how many parts time is cut to find the begin; lines that are read to tell what they say."""


@dataclass(frozen=True)
class LogStep:
    """A service whose log lines stopped or flood; lines per second, times in unix seconds."""

    service: str
    since: float
    before: float
    after: float | None
    """None where they stopped."""
    served: int | None = None
    """Requests that it worked since they stopped."""
    says: str = ""
    """The most frequent line of a flood."""


def log_steps(bench: Bench, window: Window) -> Iterator[LogStep]:
    """Services that work as their spans show, and write no lines any more, or many times as many
    for the same work. One that never wrote any is missed where the alert is about it and all others
    write."""
    lines = bench.telemetry.log_table(window)
    work = {service: at for service, at in _worked(bench, window) if at.size >= FEWEST}
    own = {service: lines.chosen(lines.of_services([service])) for service in work}
    mute = [service for service in work if not len(own[service])]
    for service in mute if mute == [bench.frame.service] and len(work) > OTHERS else []:
        yield LogStep(service, float(work[service][0]), 0.0, None, work[service].size)
    for service in (name for name in work if name not in mute):
        yield from _stopped(service, own[service], work[service])
        yield from _flood(bench, service, own[service], work[service])


def _worked(bench: Bench, window: Window) -> Iterator[tuple[str, Floats]]:
    """When the requests of each service ended, sorted: by its spans; where those are a sample, by
    the begins of the cells in which metrics count them."""
    if "traces" in bench.telemetry.sampled:
        cells: dict[str, list[Floats]] = defaultdict(list)
        for one in answers(bench.telemetry, window):
            at = np.asarray(one.start + one.step * np.arange(one.every.size), np.float64)
            cells[one.service].append(np.repeat(at, one.every.round().astype(np.int64)))
        yield from ((service, np.sort(np.concatenate(each))) for service, each in cells.items())
        return
    spans = bench.telemetry.span_table(window)
    serving = spans.of_kind("server", "consumer")
    for number, service in enumerate(spans.services):
        yield service, np.sort(spans.end[serving & (spans.service == number)])


def _stopped(service: str, lines: LogTable, work: Floats) -> Iterator[LogStep]:
    last = float(lines.ts[-1])
    served = int(np.sum(work > last))
    if FEWEST <= served < work.size:
        change = rate_change(len(lines), 0, work.size - served, served)
        if change.log10_p <= SURE:
            per_s = len(lines) / max(1.0, last - float(lines.ts[0]))
            yield LogStep(service, last, per_s, None, served)


def _flood(bench: Bench, service: str, lines: LogTable, work: Floats) -> Iterator[LogStep]:
    lines = lines.chosen(lines.of_levels(QUIET))
    if not len(lines):
        return
    edges = np.linspace(min(work[0], lines.ts[0]), max(work[-1], lines.ts[-1]), CELLS + 1)
    width = float(edges[1] - edges[0])
    counts, requests = (np.histogram(at, edges)[0].astype(float) for at in (lines.ts, work))
    step = largest_step(counts, requests + IDLE * width, (1.0, 1.0), rising=True)
    if step is None or step.change.log10_p > SURE or not step.before:
        return  # of what has no past nothing can be told
    before, after = step.before / (step.at * width), step.after / ((CELLS - step.at) * width)
    if after >= LEAST_PER_S and step.rate_after >= TIMES * step.rate_before:
        since = float(edges[step.at])
        texts = bench.telemetry.messages(lines.chosen(lines.ts >= since))[-SAMPLED:]
        masks = mask_all(texts)
        [(most, _)] = Counter(masks).most_common(1)
        yield LogStep(service, since, before, after, says=cut(texts[masks.index(most)], 120))
