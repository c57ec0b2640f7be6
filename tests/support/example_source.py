"""An example of a source: a backend that is asked by time and keeps no place for anybody.

One file and its registration (`OPENERS["example"] = open_example`) are all that it takes; the
contract in tests/telemetry/test_sources.py is held against it as against the others.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warroom.errors import TelemetryError
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.source import MODALITIES, Batch, Source, SourceQuery
from warroom.telemetry.tables import TIME


@dataclass(frozen=True)
class Example:
    """One modality of a backend: here a file of everything it has, in any order."""

    backend: Path
    modality: str
    whole = False

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"{self.modality} of the example"

    def read(self, ask: SourceQuery) -> Batch:
        """The rows of the scope and window. Raises TelemetryError where it does not answer."""
        try:
            rows = json.loads(self.backend.read_text()).get(self.modality, [])
        except (OSError, ValueError) as error:
            raise TelemetryError(f"does not answer ({type(error).__name__})") from error
        window, time = ask.window, TIME[self.modality]
        inside = [row for row in rows if window.start <= float(row[time]) < window.end]
        return Batch.of((row for row in inside if ask.scope.holds(row["service"])), ask.budget)


def open_example(where: Datasource) -> Sequence[Source]:
    """A source for each modality."""
    return [Example(Path(where.url), modality) for modality in MODALITIES]
