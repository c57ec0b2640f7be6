"""Many more customers than catalog has workers for."""

from ...actions.scale import Scale
from ...actions.throttle import Throttle
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

SURGE = {"search": 12.5}
ORDINARY = 6.0
"""Searches per second that the shop is meant to serve at its edge while it is crowded out."""


def inject(shop: Shop) -> None:
    """A campaign sends everyone to the search page."""
    shop.load(surge=SURGE)


def settle(shop: Shop) -> None:
    """The campaign ends."""
    shop.load(surge=None)


FAULT = DrillFault(
    name="traffic-surge",
    title="Real traffic exceeds capacity",
    truth=FaultTruth(
        service="catalog",
        kind=FaultKind.traffic_surge,
        # Most pages come from catalog: slow or shed for most users.
        severity=Severity.P1,
        effective_actions=((Scale.kind, "catalog"), (Throttle.kind, "gateway")),
        loudest="catalog",
        symptom=Indicator("gateway", SignalName.latency_p95, 0.6),
        parameters={
            (Scale.kind, "catalog"): {"instances": 3},
            (Throttle.kind, "gateway"): {"route": "/search", "rate": ORDINARY},
        },
    ),
    inject=inject,
    settle=settle,
)
