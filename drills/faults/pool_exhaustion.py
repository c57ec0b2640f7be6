"""Declined cards of one brand keep their database connections: payments runs out of them."""

import time

from ...actions.restart import Restart
from ...errors import DrillError
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

HELD = "SELECT count(*) AS held FROM pg_stat_activity WHERE usename = 'payments' AND state = %s"
MOST_S = 15.0


def inject(shop: Shop) -> None:
    """A burst of purchases with cards of a rare brand, until every connection is held.

    The burst is over then: the connections stay where they are.
    """
    shop.load(brand={"name": "jcb", "rate": 2.0, "declined": 1.0})
    deadline = time.monotonic() + MOST_S
    while shop.sql(HELD, ("idle in transaction",))[0]["held"] < 6:
        if time.monotonic() > deadline:
            raise DrillError("payments still has free connections after the burst")
        time.sleep(0.3)
    settle(shop)


def settle(shop: Shop) -> None:
    """No more cards of that brand."""
    shop.load(brand=None)


FAULT = DrillFault(
    name="pool-exhaustion",
    title="A connection pool runs dry",
    truth=FaultTruth(
        service="payments",
        kind=FaultKind.pool_exhaustion,
        # Nobody can buy anything while the rest of the shop works.
        severity=Severity.P1,
        effective_actions=((Restart.kind, "payments"),),
        loudest="payments",
        symptom=Indicator("checkout", SignalName.error_rate, 0.05),
    ),
    inject=inject,
    settle=settle,
)
