"""Five whys, built only from what is in evidence; where the record ends, it says so."""

from ..incident.finding import FaultKind, Hypothesis
from ..tools.base import Row
from .clues import Clues, first

SYSTEMIC = {
    FaultKind.bad_deploy: "the record shows no stage between the release and all of the traffic",
    FaultKind.slow_release: "the record shows no load test or canary between release and traffic",
    FaultKind.bad_flag: "the flag reached every request at once; no gradual roll-out is recorded",
    FaultKind.hung_process: "nothing replaced a process that was alive but answered nobody",
    FaultKind.traffic_surge: "capacity did not follow the arrivals by itself",
    FaultKind.memory_leak: "nothing bounded the growth or restarted the process before its limit",
    FaultKind.pool_exhaustion: "nothing took back connections that were never returned",
    FaultKind.credential_attack: "nothing limited failed logins per source",
    FaultKind.data_corruption: "nothing checked the rows before requests met them",
    FaultKind.provider_quota: "no fallback took over when the provider refused",
    FaultKind.provider_outage: "no fallback took over when the provider failed",
}


def five_whys(clues: Clues, cause: Hypothesis) -> list[str]:
    """Question and answer, from the alert down to the system's own weakness."""
    alert = clues.case.document.alert
    path = clues.origin.rows[0]["path"] if clues.origin.rows else cause.service
    error, change = _error(clues, cause), _change(clues, cause)
    return [
        f"Why did {alert.name} fire? {alert.summary or alert.name}",
        f"Why is {alert.service or 'the edge'} hurt? The calls lead to {cause.service}: {path}",
        f"Why is {cause.service} hurt? {error}",
        f"Why now? {change}",
        f"Why could it reach users? {SYSTEMIC.get(cause.kind, 'the record does not say')}",
    ]


def _error(clues: Clues, cause: Hypothesis) -> str:
    new = (r for r in clues.errors.rows if r["new"] and cause.service in r["services"].split(", "))
    row: Row | None = next(new, None)
    if row:
        return f"{row['exception']} at {row['location']}"
    return cause.support[0].text if cause.support else cause.statement


def _change(clues: Clues, cause: Hypothesis) -> str:
    row = first(clues.changes, id=cause.change) if cause.change else None
    if row is None:
        return "no change just before the onset explains it"
    name = f"{row['kind']} {row['version'] or row['id']}"
    return f"{name} came {row['seconds_before']:.0f} s before the onset: {row['summary']}"
