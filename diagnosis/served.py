"""Whether users are served, by the metrics that are recorded beside operations.json."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from ..errors import TelemetryError
from ..telemetry.bundle import open_bundle
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import SignalName
from ..telemetry.signals import read_signals
from .look import Health, Look, measured

LAST_S = 60.0
MEASURES = {
    SignalName.error_rate: ("requests that fail", 100.0),
    SignalName.queue_oldest_s: ("age of the oldest job", 1.0),
}
"""Signals, how levels.yaml calls what is measured, and how much of its unit one is."""


def look_at_services(bundle: Path, clock: Callable[[], float] = time.time) -> list[Look]:
    """The last minute of each service, of a bundle that is being written."""
    try:
        with closing(open_bundle(bundle)) as recorder:
            last = Window((now := clock()) - LAST_S, now)
            found = read_signals(recorder.advance(), last, None, [*MEASURES])
    except TelemetryError as error:
        return [Look("service", bundle.name, Health.unseen, str(error))]
    means = [(each, each.values[np.isfinite(each.values)]) for each in found]
    looks = [
        measured("service", each.service, what, float(values.mean()) * factor)
        for each, values in means
        if values.size
        for what, factor in [MEASURES[SignalName(each.name)]]
    ]
    nothing = Look("service", bundle.name, Health.unseen, "no metrics of the last minute")
    return looks or [nothing]
