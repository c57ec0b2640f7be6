"""How surely the weights of a case may be read: by what evidence is at hand.

The same log-odds are right more often where requests are compared than where lines are counted. How
much more is measured on incidents whose cause is known (`evals/calibration`) and kept in
calibration.yaml. The first seconds of an incident are evidence of their own and are never read more
surely than they were reasoned: an action may follow from them.
"""

from enum import StrEnum
from functools import cache

from pydantic import Field

from ...analysis.fusion import Weighing
from ...yaml_tables import Entry, read_table
from .location import traced
from .observations import Observations

MOMENTS_S = 120.0
"""Seconds of incident below which all of it is moments: no set whose answers are known has less."""


class Basis(StrEnum):
    """What an account rests on."""

    requests = "requests"  # compared before and during it, and metrics beside them
    metrics = "metrics"
    parts = "parts"  # spans or log lines, and no metrics
    moments = "moments"  # the first minutes, whatever is seen of them


class Reading(Entry):
    """One row of calibration.yaml."""

    sharpness: float = Field(gt=0)
    unknown: float


class CalibrationTable(Entry):
    """calibration.yaml."""

    requests: Reading
    metrics: Reading
    parts: Reading
    moments: Reading


@cache
def _table() -> CalibrationTable:
    return read_table("agents/causes/calibration.yaml", CalibrationTable)


def basis_of(seen: Observations) -> Basis:
    """The best evidence that the case has."""
    if seen.case.frame.incident.seconds < MOMENTS_S:
        return Basis.moments
    if not seen.measured.rows:
        return Basis.parts
    return Basis.requests if traced(seen) else Basis.metrics


def weighing_of(seen: Observations) -> Weighing:
    """How surely the weights of this case are read."""
    reading: Reading = getattr(_table(), basis_of(seen).value)
    return Weighing(reading.sharpness, reading.unknown)
