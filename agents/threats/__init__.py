"""What an attack, an exposure or an attempt to steer the responder looks like in telemetry.

Each check takes the observations and yields threats with their proof; on ordinary traffic it yields
nothing. None knows a service or a data set by name.
"""

from collections.abc import Callable, Iterable

from . import exposure, guards, logins, unwanted_traffic
from .observations import AccessObservations, Threat

Check = Callable[[AccessObservations], Iterable[Threat]]

CHECKS: tuple[Check, ...] = (
    logins.attacks,
    unwanted_traffic.floods,
    unwanted_traffic.probes,
    unwanted_traffic.refused_sources,
    logins.refusals,
    guards.on_guard,
    unwanted_traffic.unusual_programs,
    exposure.expiring,
    exposure.secrets_in_logs,
    exposure.instructions,
)

__all__ = ["CHECKS", "AccessObservations", "Threat"]
