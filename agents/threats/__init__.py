"""What an attack, an exposure or an attempt to steer the responder looks like in telemetry.

Each check takes the observations and yields threats with their proof; on ordinary traffic it yields
nothing. None knows a service or a data set by name.
"""

from collections.abc import Callable, Iterable

from . import access, certificates, credentials, floods, instructions, probing, programs, secrets
from .observations import AccessObservations
from .threat import Threat

Check = Callable[[AccessObservations], Iterable[Threat]]

CHECKS: tuple[Check, ...] = (
    credentials.attacks,
    floods.floods,
    probing.probes,
    probing.refused_sources,
    access.refusals,
    programs.unusual,
    certificates.expiring,
    secrets.in_logs,
    instructions.in_telemetry,
)

__all__ = ["CHECKS", "AccessObservations", "Threat"]
