"""What the service's memory does over many alerts: its resident size after each so many."""

from collections.abc import Sequence

import numpy as np

from ..framework.grid import ResultGrid
from .figure import Figure, target
from .installation import installation
from .sending import posts, send

MARKS, WARM = 10, 2
"""Measurements, evenly over the alerts; those that come before caches and modules are there."""
EACH = 10
"""Alerts in a delivery."""
FLAT_MB = 2.0
"""What may be added from one mark to the next, uncertainty included."""


def memory(database: str, alerts: int, seed: int) -> Figure:
    """Send as fast as they are taken, look after each tenth; incidents are worked meanwhile."""
    step, sizes, rows = alerts // MARKS, [], []
    with installation(database) as made, made.serving() as serving:
        for mark in range(MARKS):
            sent = send(made, serving, posts(step, EACH, seed, mark * step), connections=8)
            told = serving.metrics()
            sizes.append(told["process_resident_memory_bytes"] / 1e6)
            kept = f"{told['warroom_alerts_total']:,.0f}"
            speed = f"{len(sent.acknowledged) / sent.seconds:,.0f}"
            rows.append([f"{(mark + 1) * step:,}", kept, speed, f"{sizes[-1]:.0f}"])
    slope, error = trend(sizes[WARM:])
    notes = [
        f"slope after the first {WARM * step:,}: {slope:+.2f} ± {2 * error:.2f} MB per {step:,} "
        "alerts (two standard errors)",
        target(f"at most {FLAT_MB:g} MB", met := slope + 2 * error <= FLAT_MB),
    ]
    heads = ["alerts sent", "in the database", "acknowledged/s", "resident MB"]
    return Figure(ResultGrid(f"Memory of `warroom serve`: {database}", heads, rows, notes), met)


def trend(values: Sequence[float]) -> tuple[float, float]:
    """Slope from one value to the next by least squares, and its standard error."""
    x = np.arange(len(values)) - (len(values) - 1) / 2
    y = np.asarray(values) - np.mean(values)
    slope = float(x @ y / (x @ x))
    rest = y - slope * x
    return slope, float(np.sqrt(rest @ rest / (len(values) - 2) / (x @ x)))
