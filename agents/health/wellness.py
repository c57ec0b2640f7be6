"""Whether the system is positively shown well. Only then an alert that nothing backs is noise: that
nothing was seen to be wrong is no proof that nothing is.
"""

from ...analysis.quantities import percent
from ...telemetry.signal_catalogue import SignalName
from ..causes.observations import Observations, first, where
from .anomalies import CHANCE

ENOUGH = 20
"""Requests at the edge that it takes to say that nothing is wrong."""


def doubt_of(seen: Observations) -> str:
    """Why the system is not positively shown well; empty where it is: enough requests, every
    objective met, outcomes as ever, and the alert's condition false for long enough."""
    requests, own = _requests(seen), list(where(seen.condition, alerted=True))
    if requests < ENOUGH:
        return f"only {requests} requests were seen since the alert"
    short = next((row for row in seen.objectives.rows if row.breached), None)
    if short:
        return f"{short.service} {short.name} is at {percent(short.current)}"
    doubt = next((row for row in seen.outcomes.rows if row.score >= CHANCE), None)
    if doubt:
        return doubt.words()
    fires = first(seen.condition, holds=True)
    if fires:
        return fires.words
    if not own:
        return "the alert's condition is not known and could not be evaluated again"
    early = next((row for row in own if (row.quiet_s or 0) < row.rhythm_s), None)
    return f"{early.words}: too short a time" if early else ""


def _requests(seen: Observations) -> int:
    """Requests of the incident window: counted at the edge, else by rate."""
    total = first(seen.impact, route="*")
    if total:
        return total.requests
    places = seen.of_kind("edge") or {seen.case.document.alert.service}
    rates = where(seen.signals, signal=SignalName.request_rate)
    per_s = sum(row.current or 0 for row in rates if row.service in places)
    return int(per_s * seen.case.frame.incident.seconds)
