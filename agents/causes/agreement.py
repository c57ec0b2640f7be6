"""Whether anything that was measured agrees with a cause, at its place: a word alone moves
nothing."""

from collections.abc import Iterator

from ...incident.finding import Hypothesis
from .data import damaged
from .observations import Observations

CLEAR = 6.0
"""Anomaly score from which a signal is off by itself; half a score convicts nobody."""
RISEN = 0.1
"""Rise of the share of failed calls from which an edge is ill."""
OTHERWISE = 0.5
"""Weight from which another way of requests, or a wait, is beyond chance."""
LIKELY = 0.1
"""Probability from which a metric of any name tells of its service."""
FULL = 0.8
"""Share of a limit in use."""


def agrees(seen: Observations, cause: Hypothesis) -> bool:
    """Whether one measured signal is off where the cause says that it is: its service, or the
    table, provider or caller that an action would name."""
    places = {cause.service, cause.resource} - {""}
    return any(places & set(found) for found in (_signals(seen), _requests(seen), _state(seen)))


def _signals(seen: Observations) -> Iterator[str]:
    yield from (r.service for r in seen.signals.rows if r.worse and r.score >= CLEAR)
    yield from (r.service for r in seen.measured.rows if (r.probability or 0.0) >= LIKELY)
    yield from (r.service for r in seen.saturation.rows if (r.utilisation or 0.0) >= FULL)


def _requests(seen: Observations) -> Iterator[str]:
    for row in seen.new_failures.rows:
        yield from (row.service, row.callee)
    for row in seen.edges.rows:
        if row.error_rise >= RISEN:
            yield from (row.caller, row.callee)
    yield from (row.service for row in seen.failures.rows)
    yield from (row.service for row in seen.waits.rows if row.strength >= OTHERWISE)
    yield from (row.service for row in seen.paths.rows if row.weight >= OTHERWISE)


def _state(seen: Observations) -> Iterator[str]:
    yield from (row.service for row in seen.state.rows)
    yield from (row.service for row in seen.sessions.rows)
    yield from (row.table for row in damaged(seen))
    yield from (row.object for row in (seen.cluster.rows if seen.cluster else ()))
