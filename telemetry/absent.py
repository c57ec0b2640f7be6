"""No telemetry at all: an alert came without any, and the record shall say so."""

from collections.abc import Callable, Collection, Hashable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..analysis.requests.log_table import LogTable, no_lines
from ..analysis.requests.span_table import SpanTable, no_spans
from .model import Catalogue, Change, Coverage, LogRecord, Series, Span, Window

T = TypeVar("T")

MODALITIES = ("metrics", "logs", "traces", "changes")


class NoTelemetry:
    """Implements `Telemetry` with nothing in it; `coverage` names the gap."""

    def catalogue(self) -> Catalogue:
        """Knows no service."""
        return Catalogue()

    def coverage(self) -> list[Coverage]:
        """Nothing of anything, in words."""
        return [
            Coverage(name, None, None, 0, "no telemetry was given with the alert")
            for name in MODALITIES
        ]

    def metrics(
        self, window: Window, names: list[str], services: list[str] | None = None
    ) -> list[Series]:
        """None."""
        return []

    def metric_names(self) -> list[tuple[str, str]]:
        """None."""
        return []

    def logs(
        self,
        window: Window,
        services: list[str] | None = None,
        levels: list[str] | None = None,
        contains: str = "",
        limit: int = 100_000,
        having: Collection[str] = (),
    ) -> list[LogRecord]:
        """None."""
        return []

    def spans(
        self,
        window: Window,
        services: list[str] | None = None,
        errors_only: bool = False,
        limit: int = 200_000,
        having: Collection[str] = (),
        route: str = "",
        trace_id: str = "",
        measured_but: Collection[str] = (),
        different: bool = False,
    ) -> list[Span]:
        """None."""
        return []

    def span_table(self, window: Window, linked: bool = True) -> SpanTable:
        """No rows."""
        return no_spans()

    def spans_of(self, table: SpanTable, rows: NDArray[np.int64]) -> list[Span]:
        """None."""
        return []

    def log_table(self, window: Window) -> LogTable:
        """No rows."""
        return no_lines()

    def messages(self, lines: LogTable) -> list[str]:
        """None."""
        return []

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """Made anew: nothing takes no time."""
        return make()

    def changes(self, window: Window) -> list[Change]:
        """None."""
        return []
