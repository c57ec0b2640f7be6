"""A release of checkout that raises for every cart without a coupon."""

from ...actions.roll_back import RollBack
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

BEFORE = """\
    if not code:
        return 0
    percent = COUPONS.get(code.upper(), 0)
"""
AFTER = """\
    percent = COUPONS.get(code.strip().upper(), 0)
"""


def inject(shop: Shop) -> None:
    """Deploy a change that looks like a tidy-up."""
    shop.deploy(
        "checkout",
        [("shop/pricing.py", BEFORE, AFTER)],
        "Accept coupon codes with blanks around them",
        "Checkout team <checkout@shop.example>",
    )


FAULT = DrillFault(
    name="bad-deploy",
    title="A release raises exceptions on one path",
    truth=FaultTruth(
        service="checkout",
        kind=FaultKind.bad_deploy,
        # About two thirds of the checkouts fail: a core function badly hurt, not a full outage.
        severity=Severity.P1,
        effective_actions=((RollBack.kind, "checkout"),),
        loudest="checkout",
        symptom=Indicator("checkout", SignalName.error_rate, 0.05),
    ),
    inject=inject,
)
