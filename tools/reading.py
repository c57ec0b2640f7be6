"""What the read tools share: windows, checked arguments, telemetry as analysis wants it."""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeVar

import numpy as np
from pydantic import BeforeValidator

from ..analysis.requests.tables import SpanTable
from ..errors import ToolRetry
from ..telemetry.model import Window
from ..telemetry.signals import known_services
from .base import MAX_ROWS, Bench, Row, Table

T = TypeVar("T")
R = TypeVar("R", bound=Row)
MOST_NAMES = 40
"""Names that a correction lists."""
Spelled = BeforeValidator(lambda word: "_".join(re.split(r"[\s-]+", str(word).strip().lower())))
"""A word of a few that there are, however it is written: "User agent" is user_agent."""
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
    if unknown:  # rarely: some have no metrics
        known += _without_metrics(bench)
        unknown = [name for name in unknown if name not in known]
    if unknown:
        there = nearest(unknown[0], known)
        raise ToolRetry(f"unknown service {', '.join(unknown)}; known are {there}")
    return asked


def _without_metrics(bench: Bench) -> list[str]:
    """Services that logs, spans or changes tell of."""
    window, source = bench.frame.whole, bench.telemetry
    found = {*source.log_table(window).services, *source.span_table(window, linked=False).services}
    found |= {change.service for change in source.changes(Window(0, window.end))}
    return sorted(found - {""})


def nearest(word: str, known: Iterable[str]) -> str:
    """What there is, in words: the names that are written most like this one first."""
    names = list(dict.fromkeys(known))
    names.sort(key=lambda name: -SequenceMatcher(None, word.casefold(), name.casefold()).ratio())
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}" if names else "none"


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


def facts(attributes: Mapping[str, Any], between: str = "\n") -> str:
    """Attributes as name=value, each on a line or with something else in between."""
    return between.join(f"{name}={value}" for name, value in attributes.items())


def table(rows: Sequence[R], summary: str, nothing: str, window: Window | None = None) -> Table[R]:
    """A table; without rows the summary says what was searched and that nothing is there."""
    if len(rows) > MAX_ROWS:
        summary += f"; {len(rows) - MAX_ROWS} of {len(rows)} rows are not shown"
    return Table(rows[:MAX_ROWS], summary if rows else nothing, window)


def seconds(window: Window) -> str:
    """A window's length in words."""
    return f"{window.seconds:.0f} s"
