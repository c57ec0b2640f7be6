"""What the read tools share: windows, checked arguments, telemetry as analysis wants it."""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..analysis.requests.tables import SpanTable
from ..errors import ToolRetry
from ..telemetry.model import Window
from ..telemetry.signals import known_services
from .base import MAX_ROWS, Bench, Row, Table

T = TypeVar("T")
R = TypeVar("R", bound=Row)
Lengths = tuple[float, float]
"""Seconds of the baseline and of the incident."""


def by_alert(bench: Bench, name: str, make: Callable[[], T], *facts: Hashable) -> T:
    """What hangs on the alert's windows and these facts alone: it is made once, whatever onset is
    read later on."""
    frame = bench.frame
    key = (name, frame.by_alert, frame.alerted, frame.service, frame.metric, *facts)
    return bench.telemetry.remember(key, make)


def checked(bench: Bench, services: Iterable[str] | None) -> list[str] | None:
    """The services asked for. Raises ToolRetry naming the known ones if one is unknown."""
    if services is None:
        return None
    asked, known = list(services), known_services(bench.telemetry)
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


def traces(bench: Bench, linked: bool = True) -> tuple[SpanTable, SpanTable]:
    """The spans of the baseline and of the incident as columns, each with its parent; unlinked as
    they came."""
    frame, read = bench.frame, bench.telemetry.span_table
    return read(frame.baseline, linked), read(frame.incident, linked)


def durations(bench: Bench) -> Lengths:
    """Seconds of the baseline and of the incident, as one divides by them."""
    return max(bench.frame.baseline.seconds, 1e-3), max(bench.frame.incident.seconds, 1e-3)


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


def median(values: np.ndarray) -> float | None:
    """Of the finite values; None of none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None


def ratio(after: float | None, before: float | None) -> float | None:
    """after ÷ before, None where that says nothing."""
    if after is None or not before:
        return None
    return number(after / before, 3)


def share(part: float | None, whole: float | None) -> float | None:
    """A part of a whole, None of none; an unknown part is nothing."""
    return number((part or 0.0) / whole) if whole else None


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
