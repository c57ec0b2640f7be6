"""What the read tools share: windows, checked arguments, telemetry as analysis wants it."""

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..analysis.requests.spans import GraphSpan
from ..analysis.requests.tables import LogTable, SpanTable
from ..errors import TelemetryError, ToolFailed, ToolRetry
from ..telemetry.model import LogRecord, Span, Window, peer, span_failed
from ..telemetry.signals import Signal, known_services, read_signals
from .base import MAX_ROWS, Bench, Row, Table
from .patience import go_on

T = TypeVar("T")
R = TypeVar("R", bound=Row)


def attempt(read: Callable[[], T]) -> T:
    """What telemetry answers; ToolFailed when the source cannot be read, or nobody waits for it."""
    go_on()
    try:
        return read()
    except TelemetryError as error:
        raise ToolFailed(str(error)) from error


def by_alert(bench: Bench, name: str, make: Callable[[], T], *facts: Hashable) -> T:
    """What hangs on the alert's windows and these facts alone: it is made once, whatever onset is
    read later on."""
    frame = bench.frame
    key = (name, frame.by_alert, frame.alerted, frame.service, frame.metric, *facts)
    return attempt(lambda: bench.telemetry.remember(key, make))


def services_of(bench: Bench) -> list[str]:
    """Every service of the catalogue or of telemetry."""
    return attempt(lambda: known_services(bench.telemetry))


def checked(bench: Bench, services: Iterable[str] | None) -> list[str] | None:
    """The services asked for. Raises ToolRetry naming the known ones if one is unknown."""
    if services is None:
        return None
    asked, known = list(services), services_of(bench)
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise ToolRetry(f"unknown service {', '.join(unknown)}; known are {', '.join(known)}")
    return asked


def one_of(name: str, value: str, allowed: Iterable[str]) -> str:
    """The value, if it is allowed. Raises ToolRetry naming what is."""
    options = list(allowed)
    if value not in options:
        raise ToolRetry(f"{name} must be one of {', '.join(options)}, not {value!r}")
    return value


def signals(
    bench: Bench,
    window: Window,
    services: list[str] | None = None,
    names: list[str] | None = None,
) -> list[Signal]:
    """Canonical signals inside a window."""
    return attempt(lambda: read_signals(bench.telemetry, window, services, names))


def logs(
    bench: Bench,
    window: Window,
    services: list[str] | None = None,
    levels: list[str] | None = None,
    having: Collection[str] = (),
) -> list[LogRecord]:
    """Log records inside a window; `having` one of these attributes."""
    return attempt(lambda: bench.telemetry.logs(window, services, levels, having=having))


def log_lines(bench: Bench, window: Window) -> LogTable:
    """All log lines inside a window as columns."""
    return attempt(lambda: bench.telemetry.log_table(window))


def spans(
    bench: Bench,
    window: Window,
    services: list[str] | None = None,
    having: Collection[str] = (),
    route: str = "",
) -> list[Span]:
    """Spans that start inside a window; `having` one of these attributes, of routes like this."""
    return attempt(lambda: bench.telemetry.spans(window, services, having=having, route=route))


def traces(bench: Bench, window: Window) -> SpanTable:
    """The spans that start inside a window as columns, each with its parent."""
    return attempt(lambda: bench.telemetry.span_table(window))


def every_span(bench: Bench, window: Window) -> SpanTable:
    """The spans that start inside a window as columns, as they came, without parents."""
    return attempt(lambda: bench.telemetry.span_table(window, linked=False))


def records(bench: Bench, table: SpanTable, rows: np.ndarray) -> list[Span]:
    """The whole records behind these rows of a table."""
    return attempt(lambda: bench.telemetry.spans_of(table, rows))


def graph_spans(found: Iterable[Span]) -> list[GraphSpan]:
    """Spans as the analysis of traces wants them."""
    return [
        GraphSpan(
            span.trace_id,
            span.span_id,
            span.parent_id,
            span.service,
            span.name,
            span.kind,
            span.start,
            span.duration_ms,
            span_failed(span),
            peer(span) if span.kind == "client" else "",
        )
        for span in found
    ]


def whole(bench: Bench) -> Window:
    """From the begin of the baseline to the end of the incident window."""
    frame = bench.frame
    return Window(
        min(frame.baseline.start, frame.incident.start), max(frame.baseline.end, frame.incident.end)
    )


def number(value: float | None, digits: int = 4) -> float | None:
    """Rounded to significant digits; None for what is no finite number.

    Times in unix seconds keep milliseconds.
    """
    if value is None or not math.isfinite(value):
        return None
    if value == 0:
        return 0.0
    if abs(value) >= 1e9:
        return round(float(value), 3)
    return round(float(value), max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def ratio(after: float | None, before: float | None) -> float | None:
    """after ÷ before, None where that says nothing."""
    if after is None or not before:
        return None
    return number(after / before, 3)


def cut(text: Any, longest: int) -> str:
    """Text of at most so many characters; what is missing is marked."""
    line = str(text or "")
    return line if len(line) <= longest else f"{line[: longest - 2]} …"


def table(rows: Sequence[R], summary: str, nothing: str, window: Window | None = None) -> Table[R]:
    """A table; without rows the summary says what was searched and that nothing is there."""
    if len(rows) > MAX_ROWS:
        summary += f"; {len(rows) - MAX_ROWS} of {len(rows)} rows are not shown"
    return Table(rows[:MAX_ROWS], summary if rows else nothing, window)


def seconds(window: Window) -> str:
    """A window's length in words."""
    return f"{window.seconds:.0f} s"
