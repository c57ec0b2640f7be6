"""Requests refused for want of rights (401, 403), where no source stands out as an attacker."""

from collections.abc import Iterator

from ...actions.block_source import BlockSource
from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName
from ..causes.observations import cite
from .observations import AccessObservations
from .threat import Threat

SHARE, CERTAIN, ENOUGH = 0.2, 6.0, 20
"""Refused share, score and number from which it is worth a line: mistyped passwords are not."""


def refusals(observations: AccessObservations) -> Iterator[Threat]:
    """A service that refuses many more than before, though nobody in particular is refused."""
    if observations.attackers() or _we_blocked(observations):
        return
    for row in observations.signals.rows:
        if row["signal"] != SignalName.unauthorised_share or not row["worse"]:
            continue
        if (row["current"] or 0) < SHARE or (row["score"] or 0) < CERTAIN:
            continue
        if _requests(observations, row["service"]) * row["current"] < ENOUGH:
            continue
        text = (
            f"{row['service']} refuses {row['current']:.0%} of its requests (401, 403), "
            f"{row['baseline'] or 0:.0%} before, and no source stands out: a broken check or an "
            "expired credential is likelier than an attack"
        )
        quotes = cite(observations.signals, row, "service", "current", "baseline")
        finding = Finding(statement=text, service=row["service"], kind="auth", quotes=quotes)
        yield Threat("refusals without an attacker", 0.3, (finding,))


def _requests(observations: AccessObservations, service: str) -> float:
    """Requests of the incident window, about."""
    rate = observations.signal(service, SignalName.request_rate)
    return ((rate["current"] or 0) if rate else 0) * observations.case.frame.incident.seconds


def _we_blocked(observations: AccessObservations) -> bool:
    """Whether refusals are what our own action asked for."""
    document = observations.case.document
    plans = [document.plan(execution.plan) for execution in document.executions]
    return any(plan and plan.kind == BlockSource.kind for plan in plans)
