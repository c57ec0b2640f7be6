"""Requests of both windows as columns: their spans, what these did, and when each began; where they
take another way than they used to, and where they wait longer.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..analysis.requests.delays import Delay, delays
from ..analysis.requests.pattern_counts import Events, events_of
from ..analysis.requests.span_patterns import Blame, Oddity, blamed, oddities
from ..analysis.requests.tables import NONE, Bools, Floats, SpanTable, rows_of
from ..analysis.requests.waiting import Edge, Wait, waits
from ..analysis.templates import statements
from ..telemetry.model import Window
from ..telemetry.recording import Recording
from .base import Bench, Effect, Row, Table, tool
from .reading import by_alert, cut, number, seconds, table

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
        row = rows_of(lines.span, self.table.key)
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
    window = healthy.to(incident)

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


SHOWN = 60
"""Changes listed: fainter ones decide nothing."""


@dataclass(frozen=True, slots=True)
class ChangedPath(Row):
    """A call or log line of an operation that is new, gone, more or less; `first` unix seconds."""

    service: str
    weight: float
    change: str
    operation: str
    under: str
    event: str
    share_before: float | None
    share: float | None
    spans_before: int
    spans: int
    callers: str  # joined by ", "
    callee: str
    first: float | None
    trace_id: str


@tool(Effect.read, counts=("logs",), shares=("traces",))
def changed_paths(bench: Bench) -> Table[ChangedPath]:
    """Operations whose requests take another way than in the baseline: a call or a log line that
    is new, gone, or much more or less frequent, and calls after which work newly stops.

    `service` is whom it speaks against: the deepest operation that changed, or the callee that
    several callers (`callers`) stop after. Where it may as well be the callee, `callee` says
    who. `weight` (0..1) is how far the shares of spans that show it lie apart at least. The
    clearest first.
    """
    return by_alert(bench, "changed_paths", lambda: _changed(bench), bench.frame.tuning)


def _changed(bench: Bench) -> Table[ChangedPath]:
    found, (_, incident) = requests(bench), bench.frame.by_alert
    pairs, tuning = comparisons(bench, found), bench.frame.tuning
    clearest: dict[tuple[str, ...], Blame] = {}
    for before, now in pairs:
        for blame in blamed(found.table, oddities(found.table, found.events, before, now, tuning)):
            odd = blame.oddity
            key = (blame.service, odd.operation, odd.under, odd.event)
            if key not in clearest or blame.weight > clearest[key].weight:
                clearest[key] = blame
    ordered = sorted(clearest.values(), key=lambda blame: -blame.weight)[:SHOWN]
    rows = [_path(blame, found) for blame in ordered]
    summary = f"{len(clearest)} changes of requests' ways"
    if rows:
        summary += f"; clearest in {rows[0].service}: {rows[0].operation} {rows[0].event}"
    same = f"requests of {seconds(incident)} take the ways of the baseline"
    nothing = same if pairs else "no spans of the baseline to compare with"
    return table(rows, summary, nothing, incident)


def _path(blame: Blame, found: Requests) -> ChangedPath:
    odd = blame.oddity
    return ChangedPath(
        service=blame.service,
        weight=number(blame.weight, 3) or 0.0,
        change=_kind(odd, whole=not found.telemetry.drawn),
        operation=cut(odd.operation, 200),
        under=cut(odd.under, 200),
        event=cut(odd.event, 300),
        share_before=number(odd.before / odd.spans_before),
        share=number(odd.now / odd.spans_now),
        spans_before=odd.spans_before,
        spans=odd.spans_now,
        callers=", ".join(blame.callers),
        callee=blame.callee,
        first=number(odd.first),
        trace_id=found.trace_id(odd.trace),
    )


def _kind(odd: Oddity, whole: bool) -> str:
    if odd.new:
        return "new" if whole and odd.before == 0 else "more"
    return "gone" if whole and odd.now == 0 else "less"


@dataclass(frozen=True, slots=True)
class AddedWait(Row):
    """What one service adds to calls; `first` in unix seconds."""

    service: str
    strength: float
    place: str
    operation: str
    added_ms: float
    times_noise: float
    before_ms: float | None
    now_ms: float | None
    calls: int
    first: float | None


@tool(Effect.read, shares=("traces",))
def added_waits(bench: Bench) -> Table[AddedWait]:
    """Services that delay requests: time inside them, or time on the calls they take part in
    (network, queues, a starved process) that neither end works.

    `added_ms` is what the service adds to each such call, `times_noise` the same in units of the
    usual spread; `strength` (0..1) is 0 up to 10 times and 1 from 1,000 times the noise. `place`
    is where it shows most. The clearest first.
    """
    calls = frozenset(listed_calls(bench))
    return by_alert(bench, "added_waits", lambda: _added(bench, calls), calls, bench.frame.tuning)


def _added(bench: Bench, calls: frozenset[Edge]) -> Table[AddedWait]:
    found, (_, incident) = requests(bench), bench.frame.by_alert
    clearest: dict[str, Delay] = {}
    for compared in by_alert(bench, "waits", lambda: _compared(bench, found)):
        for delay in delays(compared, calls, bench.frame.tuning):
            known = clearest.get(delay.service)
            if known is None or delay.times_noise > known.times_noise:
                clearest[delay.service] = delay
    ordered = sorted(clearest.values(), key=lambda d: (-d.times_noise, d.service))
    rows = [_wait(delay) for delay in ordered if delay.times_noise >= 1]
    summary = f"{len(rows)} services add time to requests"
    if rows:
        summary += f"; most clearly {rows[0].service}: {rows[0].added_ms} ms a call, "
        summary += f"{rows[0].place}"
    nothing = f"no kind of span that both windows hold takes longer in {seconds(incident)}"
    return table(rows, summary, nothing, incident)


def _compared(bench: Bench, found: Requests) -> list[list[Wait]]:
    return [waits(found.table, before, now) for before, now in comparisons(bench, found)]


def _wait(delay: Delay) -> AddedWait:
    wait = delay.waits[0]
    caller, callee = wait.place
    return AddedWait(
        service=delay.service,
        strength=number(delay.strength, 3) or 0.0,
        place=f"{caller} -> {callee}" if callee else f"inside {caller}",
        operation=cut(wait.operation, 200),
        added_ms=number(delay.ms) or 0.0,
        times_noise=number(delay.times_noise, 3) or 0.0,
        before_ms=number(wait.before_ms),
        now_ms=number(wait.now_ms),
        calls=wait.calls,
        first=number(wait.first),
    )
