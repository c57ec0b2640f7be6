"""The drill's own look at the shop: is what the fault did still to be seen?"""

import time

import numpy as np

from ..telemetry.model import Window
from ..telemetry.recording import Recording
from ..telemetry.signals import read_signals
from .faults.fault import Symptom

LOOK_S = 6.0


def left(telemetry: Recording, symptom: Symptom | None) -> float | None:
    """The symptom's signal over the last seconds (median); None: nothing measured."""
    if symptom is None:
        return None
    now = time.time()
    window = Window(now - LOOK_S, now)
    found = read_signals(telemetry, window, [symptom.service], [symptom.signal])
    values = [value for signal in found for value in signal.values if np.isfinite(value)]
    return float(np.median(values)) if values else None
