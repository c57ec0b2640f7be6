"""Requests of both windows as columns: their spans, what these did, and when each began."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..analysis.requests.pattern_counts import Events, events_of
from ..analysis.requests.tables import NONE, Bools, Floats, SpanTable, rows_of
from ..analysis.templates import statements
from ..telemetry.model import Window
from ..telemetry.recording import Recording
from .base import Bench

LOUD = ("error", "critical")
NO_SPAN = 0


@dataclass(frozen=True)
class Requests:
    """Spans from the begin of the baseline to the end of the incident."""

    telemetry: Recording
    window: Window
    table: SpanTable

    @cached_property
    def began(self) -> Floats:
        """When each span's request began, unix seconds; shape (n,)."""
        first = np.full(int(self.table.trace.max(initial=-1)) + 1, np.inf)
        np.minimum.at(first, self.table.trace, self.table.start)
        return first[self.table.trace]

    @cached_property
    def events(self) -> Events:
        """What the spans did; a log line counts for the span that it names."""
        lines = self.telemetry.log_table(self.window)
        row = rows_of(self.table, lines.span)
        named = (lines.span != NO_SPAN) & (row != NONE)
        lines, row = lines.chosen(named), row[named]
        services = [lines.services[number] for number in lines.service.tolist()]
        said, label = statements(self.telemetry.messages(lines), services)
        return events_of(self.table, row, label, said, lines.of_levels(LOUD))

    def within(self, window: Window) -> Bools:
        """Spans of the requests that began inside a window."""
        return (self.began >= window.start) & (self.began < window.end)

    def trace_id(self, number: int) -> str:
        """The id behind a trace's number in the table."""
        row = int(np.flatnonzero(self.table.trace == number)[0])
        return self.telemetry.spans_of(self.table, np.array([row]))[0].trace_id


def requests(bench: Bench) -> Requests:
    """The requests of the bench's windows by the alert, read once."""
    healthy, incident = bench.frame.by_alert
    telemetry = bench.telemetry
    window = Window(min(healthy.start, incident.start), max(healthy.end, incident.end))

    def read() -> Requests:
        telemetry.log_table(window)  # what these requests rest on as well, though it is used later
        return Requests(telemetry, window, telemetry.span_table(window))

    return telemetry.remember(("requests", window), read)


def listed_calls(bench: Bench) -> set[tuple[str, str]]:
    """(caller, callee) pairs of the catalogue."""
    catalogue = bench.telemetry.catalogue()
    return {(s.name, callee) for s in catalogue.services for callee in s.depends_on}


def comparisons(bench: Bench, found: Requests) -> list[tuple[Bools, Bools]]:
    """(spans before, spans now), each pair to be compared; none where there is nothing to compare.

    Nobody knows yet when it began: healthy requests are held against the whole incident window,
    and against what came since the alert. Without healthy ones, what came before the alert takes
    their place: what was ill already then does not show.
    """
    healthy, incident = bench.frame.by_alert
    alerted = min(max(bench.frame.alerted or incident.start, incident.start), incident.end)
    early, since = Window(incident.start, alerted), Window(alerted, incident.end)
    before = found.within(healthy)
    if not before.any():
        pairs = [(found.within(early), found.within(since))]
    elif 0 < since.seconds < incident.seconds:
        pairs = [(before, found.within(incident)), (before, found.within(since))]
    else:
        pairs = [(before, found.within(incident))]
    return [(then, now) for then, now in pairs if then.any() and now.any()]
