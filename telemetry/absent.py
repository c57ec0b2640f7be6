"""No telemetry at all: an alert came without any, and the record shall say so."""

from .model import Catalogue, Change, Coverage, LogRecord, Series, Span, Window

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
    ) -> list[LogRecord]:
        """None."""
        return []

    def spans(
        self,
        window: Window,
        services: list[str] | None = None,
        errors_only: bool = False,
        limit: int = 200_000,
    ) -> list[Span]:
        """None."""
        return []

    def changes(self, window: Window) -> list[Change]:
        """None."""
        return []
