"""When it began: the first symptom, and between which moments that lies.

The alert fires after its window has filled, so the first symptom is looked for before it: where the
telling signals and the alert's own metric left their level, and the first failures that were not
there before.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...analysis.departure import last_departure
from ...telemetry.signal_catalogue import SignalName, definition
from ...tools.series import signal_series
from ...tools.shifts import SignalShift
from ...tools.symptoms import Symptom
from ..causes.observations import Observations
from ..causes.said import sender_masked
from .anomalies import CLEAR

STRONGEST = 4
"""Signals looked at closely."""
COMPARABLE = 0.5
"""Signals that score at least this share of the strongest one: weaker ones may be chance."""
POINTS = 240
LOOKS_BACK_S = 10.0
"""A rate looks back: what it shows began by the sample before, or this much earlier."""
FAILURE = 0.9
"""Strength from which a new line or span is a failure, and no lone one."""
EVENTS = ("log", "span")
"""Symptoms that are seen at a moment; a metric is known between two samples."""


class FirstSymptom(NamedTuple):
    """When it began, unix seconds, and between which moments that lies: the last that was healthy
    and the first that was not."""

    at: float
    earliest: float
    latest: float

    def by(self, moment: float) -> "FirstSymptom":
        """Not after a moment: who complained had seen it."""
        return FirstSymptom(*(min(at, moment) for at in self))


def find_onset(seen: Observations) -> FirstSymptom | None:
    """The first symptom; never later than the alert that told of it. None: nothing is known to have
    left its level, so it began at the latest with the alert."""
    exact = [*_failures(seen), *_own_metric(seen)]
    levels = list(_levels(seen))
    within = seen.case.catalogue.windows.detect_s
    sharp = [begun for begun in levels if begun.latest - begun.earliest <= within]
    first = min(exact + sharp, default=min(levels, default=None))
    fired = seen.case.frame.alerted
    return first if first is None or fired is None else first.by(fired)


def _failures(seen: Observations) -> Iterator[FirstSymptom]:
    """The first of each kind of failure that is new."""
    moments = [row.since for row in seen.new_failures.rows]
    moments += [row.first for row in seen.symptoms.rows if _fails(row) and row.first]
    for at in moments:
        yield FirstSymptom(at, at, at)


def first_error(seen: Observations) -> Symptom | None:
    """The first line that tells of a failure which was not there before; where no program wrote
    one, the first failing span."""
    rows = (row for row in seen.symptoms.rows if _fails(row) and row.first)
    failing = [row for row in rows if sender_masked(row.text)]
    return min(failing, key=lambda row: (row.source != "log", row.first), default=None)


def _fails(row: Symptom) -> bool:
    return row.source in EVENTS and row.strength >= FAILURE


def _own_metric(seen: Observations) -> Iterator[FirstSymptom]:
    """Where the metric that the alert names left its level."""
    alert = seen.case.document.alert
    named = (alert.labels.get("metric", ""), alert.name)
    for row in seen.symptoms.rows:
        if row.service == alert.service and row.text in named and row.first:
            yield FirstSymptom(row.first, row.first, row.until or row.first)


def _levels(seen: Observations) -> Iterator[FirstSymptom]:
    """Where the telling signals left their band, followed back from the baseline's start."""
    for row in _telling([row for row in seen.signals.rows if row.worse]):
        begun = _departure(seen, row)
        if begun is not None:
            yield begun


def _telling(worse: list[SignalShift]) -> list[SignalShift]:
    """The rows that say when: failures before signals that only drift, strong before weak."""
    top = max(worse, key=lambda row: row.score, default=None)
    if top is None:
        return []
    failures = [row for row in worse if row.signal == SignalName.error_rate]
    errors = [row for row in failures if row.score >= CLEAR]
    if errors and (definition(top.signal).drifts or top in failures):
        worse = errors
    least = COMPARABLE * max(row.score for row in worse)
    return [row for row in worse if row.score >= least][:STRONGEST]


def _departure(seen: Observations, row: SignalShift) -> FirstSymptom | None:
    """Where one signal left its level for good; what it did after the alert counts only where it
    had done nothing before."""
    series = seen.ask(signal_series, service=row.service, signal=row.signal, points=POINTS)
    ts = np.array([point.ts for point in series.rows], float)
    values = np.array([point.value for point in series.rows], float)
    if row.baseline is not None and row.current is not None:
        fired = seen.case.frame.alerted
        known = ts.size if fired is None else int(np.searchsorted(ts, fired, side="right"))
        for end in (known, ts.size):
            index = last_departure(values[:end], row.baseline, row.current)
            if index is not None:
                before = max(ts[index] - LOOKS_BACK_S, ts[max(0, index - 1)])
                return FirstSymptom(before, before, ts[index + 1])
    if row.onset is None:
        return None
    spacing = float(np.median(np.diff(ts))) if ts.size > 1 else 0.0
    return FirstSymptom(row.onset, row.onset - spacing, row.onset)
