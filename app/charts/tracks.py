"""The signals that tell an incident's story: which ones, and their values over time."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import WarroomError
from ...incident.action import Measure
from ...incident.document import Incident
from ...telemetry.model import Window
from ...telemetry.recording import Recording
from ...telemetry.signal_catalogue import SignalName
from ...telemetry.signals import read_signals
from ...tools.shifts import SignalShift

if TYPE_CHECKING:
    from ...agents.runtime.context import ResponseContext

Payload = Callable[[str], Any]
MOST = 3
CLEAR = 6.0
"""Anomaly score from which a signal is surely off."""
FAR = 0.5
"""Deviation from which a measured signal is part of the story."""
FIRST = (
    SignalName.error_rate,
    SignalName.latency_p95,
    SignalName.login_failure_share,
    SignalName.ai_error_share,
    SignalName.memory_share,
)
"""What a reader understands at once, of signals that are equally far off."""


@dataclass(frozen=True)
class Track:
    """One signal over the incident: a value per scrape, NaN where unknown."""

    service: str
    signal: str
    unit: str
    ts: list[float]
    values: list[float]


def guilty(document: Incident, payload: Payload) -> list[tuple[str, str]]:
    """(service, signal) pairs that went wrong most, of the blamed and the alerting service first.

    They come from the record: measured after an action, or compared with their baseline.
    """
    levels = [measure for execution in document.executions for measure in execution.measures]
    off = sorted((m for m in levels if deviation(m) > FAR), key=deviation, reverse=True)
    measured = [(m.service, m.signal) for m in off if m.signal in FIRST and not m.route]
    worse = [row for row in _compared(document, payload) if row.worse]
    rows = [row for row in worse if (row.score or 0.0) >= CLEAR] or worse
    ordered = sorted(rows, key=lambda row: _order(row, _suspects(document)))
    pairs = [*measured, *((row.service, row.signal) for row in ordered)]
    return _varied(dict.fromkeys(pairs))


def deviation(measure: Measure) -> float:
    """How far off a signal was before the action, relative to its level or its healthy level."""
    if measure.before is None or measure.baseline is None:
        return 0.0
    larger = max(abs(measure.baseline), abs(measure.before), 1e-9)
    return abs(measure.before - measure.baseline) / larger


def tracks(telemetry: Recording, window: Window, pairs: Iterable[tuple[str, str]]) -> list[Track]:
    """The pairs' values inside a window; a pair without any is left out."""
    found = []
    for service, name in pairs:
        try:
            signals = read_signals(telemetry, window, [service], [name])
        except WarroomError:
            continue  # a picture that cannot be drawn is no reason to stop
        found += [
            Track(service, name, each.unit, each.ts.tolist(), each.values.tolist())
            for each in signals
            if each.service == service and each.name == name
        ]
    return [track for track in found if any(math.isfinite(value) for value in track.values)]


def story(context: "ResponseContext", incident: Incident) -> list[Track]:
    """The guilty signals from the baseline's begin to now, or to where kept telemetry ends."""
    ends = [part.end for part in context.telemetry.coverage() if part.end]
    now = min(context.clock().timestamp(), max(ends, default=float("inf")))
    window = Window(incident.began.at.timestamp() - context.catalogue.windows.baseline_s, now)
    return tracks(context.telemetry, window, guilty(incident, context.store.payload))


SIGNALS = "signals.json"
"""What charts were drawn from, beside them: it outlives the telemetry."""


def tracks_json(tracks: Iterable[Track]) -> str:
    """As JSON; what is not known is null."""
    found = [vars(track) for track in tracks]
    known = [
        {**each, "values": [v if math.isfinite(v) else None for v in each["values"]]}
        for each in found
    ]
    return json.dumps(known) + "\n"


def kept_tracks(file: Path) -> list[Track]:
    """As they were kept; none where there is no such file."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    lines = [(each, [math.nan if v is None else v for v in each["values"]]) for each in found]
    return [Track(**{**each, "values": values}) for each, values in lines]


def _compared(document: Incident, payload: Payload) -> list[SignalShift]:
    """Rows of the latest comparison of signals in the record."""
    calls = [e for e in document.evidence if e.tool == "compare_signals" and e.rows]
    rows = payload(calls[-1].digest)["rows"] if calls else []
    return [SignalShift.of(row) for row in rows]


def _suspects(document: Incident) -> list[str]:
    leading = document.leading()
    names = [leading.service] if leading else []
    return [*names, document.alert.service]


def _order(row: SignalShift, suspects: list[str]) -> tuple[bool, int, int, float]:
    service, signal = row.service, row.signal
    place = suspects.index(service) if service in suspects else len(suspects)
    plain = FIRST.index(signal) if signal in FIRST else len(FIRST)
    return plain == len(FIRST), place, plain, -(row.score or 0.0)


def _varied(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first few, at most two of one service."""
    kept: list[tuple[str, str]] = []
    for pair in pairs:
        if sum(service == pair[0] for service, _ in kept) < 2 and len(kept) < MOST:
            kept.append(pair)
    return kept
