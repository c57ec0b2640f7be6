"""The baseline for tokens: every raw line of telemetry within the responder's windows, pasted.

Tokens are estimated as everywhere (models/usage): tokenizers differ, and for JSON with many digits
most of them need more, so the estimate favours pasting.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...agents.runtime.context import frame_of
from ...incident.document import Incident
from ...incident.timeline import utc_now
from ...models.usage import estimated, weight
from ...telemetry.bundle import read_bundle
from ...telemetry.model import Window
from ...telemetry.sources.files import PATTERNS
from ...telemetry.tables import TIME
from .cases import Case


@dataclass(frozen=True)
class Paste:
    """What pasting would send."""

    lines: int
    characters: float  # as `weight` counts them

    @property
    def tokens(self) -> int:
        """An estimate."""
        return estimated(self.characters)


def raw_paste(case: Case) -> Paste:
    """The raw lines of a case inside the healthy and the incident window of its first step."""
    windows = windows_of(case)
    lengths = [
        weight(line)
        for modality, pattern in PATTERNS.items()
        for line, at in _lines(case.bundle, pattern, TIME[modality])
        if any(window.start <= at <= window.end for window in windows)
    ]
    return Paste(len(lengths), sum(lengths))


def windows_of(case: Case) -> tuple[Window, Window]:
    """Baseline and incident window, as a responder has them when it begins."""
    now = utc_now()
    document = Incident(id="INC-0", title=case.alert.name, opened_at=now, alert=case.alert)
    with closing(read_bundle(case.bundle)) as bundle:
        frame = frame_of(document, bundle.catalogue().windows, bundle.coverage(), now)
    return frame.baseline, frame.incident


def _lines(bundle: Path, pattern: str, time: str) -> Iterator[tuple[str, float]]:
    """(line, unix seconds) of every line that can be read; the newline counts as a character."""
    for file in sorted(bundle.glob(pattern)):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                at = _time(line, time)
                if at is not None:
                    yield line, at


def _time(line: str, name: str) -> float | None:
    try:
        at = json.loads(line)[name]
    except (ValueError, KeyError, TypeError):
        return None
    return float(at) if isinstance(at, (int, float)) else None
