"""A script tries leaked passwords from many addresses.

A limit on the route is no cure: it holds customers back together with the script.
"""

from ...actions.block_source import BlockSource
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator

NETWORKS = ["127.0.2.0/24", "127.0.3.0/24", "127.0.4.0/24"]


def inject(shop: Shop) -> None:
    """Forty addresses of each of three networks, all of them at the login."""
    shop.load(stuffing={"sources": 40, "rate": 25.0})


def settle(shop: Shop) -> None:
    """The script gives up."""
    shop.load(stuffing=None)


FAULT = DrillFault(
    name="credential-stuffing",
    title="Leaked passwords are tried against the login",
    truth=FaultTruth(
        service="login",
        kind=FaultKind.credential_attack,
        # An attack under way without a known account taken over; a breach would be P0.
        severity=Severity.P1,
        effective_actions=((BlockSource.kind, "gateway"),),
        loudest="login",
        symptom=Indicator("login", SignalName.login_failure_share, 0.4),
        parameters={
            (BlockSource.kind, "gateway"): {"sources": NETWORKS, "good_share": 0.0},
        },
    ),
    inject=inject,
    settle=settle,
)
