"""A feature flag turns on code that does not know every product category."""

from ...actions.flag_off import FlagOff
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator


def inject(shop: Shop) -> None:
    """Somebody turns volume pricing on for everyone."""
    shop.set_flag(
        "volume-pricing",
        "on",
        author="Checkout team <checkout@shop.example>",
        message="Offer volume pricing to everyone",
    )


FAULT = DrillFault(
    name="bad-flag",
    title="A feature flag turns on broken code",
    truth=FaultTruth(
        service="checkout",
        kind=FaultKind.bad_flag,
        # Two carts in five hold a category without steps and fail: a core function badly hurt.
        severity=Severity.P1,
        effective_actions=((FlagOff.kind, "volume-pricing"),),
        loudest="checkout",
        symptom=Indicator("checkout", SignalName.error_rate, 0.05),
    ),
    inject=inject,
)
