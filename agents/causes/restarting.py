"""Whether a new process would be rid of what hurts, or would run into the same again."""

from ...telemetry.signal_catalogue import SignalName
from .observations import Observations, where
from .processes import growing, silent, working

HELD = ("memory", "db pool", "db connections")
"""Resources that a process holds until it ends."""
NEARLY_ALL = 0.9
"""Share of a database's connections in use from which a new process gets none."""
OWN = ("process", "restart")
"""Kinds of changed state that a new process is rid of."""


def why_no_restart(seen: Observations, service: str) -> str:
    """Why a restart of this service cures nothing; empty where it fits."""
    return _keeps_nothing(seen, service) or _held_elsewhere(seen, service)


def _keeps_nothing(seen: Observations, service: str) -> str:
    """It neither hangs, is gone, leaks nor holds on to something: it answers, if with errors."""
    full = any(
        row.resource in HELD and (row.utilisation or 0) >= 0.8
        for row in where(seen.saturation, service=service)
    )
    if full and working(seen, service):
        return f"{service} waits for statements that take longer than before"
    files = seen.signal(service, SignalName.open_fds)
    kept = full or bool(files and files.worse and (files.ratio or 0) >= 1.5)
    if kept or service in silent(seen) or service in growing(seen):
        return ""
    return (
        f"nothing says that {service} hangs, leaks or holds on to something; a restart cures "
        "nothing else"
    )


def _held_elsewhere(seen: Observations, service: str) -> str:
    """What it lacks is kept from it by others, or by how it is set up: that outlasts a process."""
    for wait in seen.sessions.rows:
        waits = _is_of(wait.waiting_application, wait.waiting_role, service)
        own = _is_of(wait.blocker_application, wait.blocker_role, service)
        if waits and not own and not wait.ended:
            holder = wait.blocker_application or wait.blocker_role
            return f"{service} waits for a lock that {holder} holds"
    for row in seen.connections.rows:
        if row.role in ("", service) and (row.share or 0.0) >= NEARLY_ALL:
            return f"{row.service} has {row.used} of {row.limit} connections in use"
    for row in where(seen.state, lasts=True):
        lately = row.seconds_before <= seen.case.frame.baseline.seconds
        if service in (row.service, row.role) and row.kind not in OWN and lately and not row.eases:
            return f"{row.summary}: a restart leaves that as it is"
    return ""


def _is_of(application: str, role: str, service: str) -> bool:
    """Whether a session is this service's own: by its program, else by its role."""
    return application.startswith(service) if application else role == service
