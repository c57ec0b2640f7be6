"""The payments process stops: its port is open, its supervisor content, nobody answers."""

import os
import signal

from ...actions.restart import Restart
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator


def inject(shop: Shop) -> None:
    """Stop the process where it stands."""
    os.kill(shop.pid("payments"), signal.SIGSTOP)


FAULT = DrillFault(
    name="hung-dependency",
    title="A process hangs with its port open",
    truth=FaultTruth(
        service="payments",
        kind=FaultKind.hung_process,
        # Nobody can buy anything: one core function is out, the rest of the shop works.
        severity=Severity.P1,
        effective_actions=((Restart.kind, "payments"),),
        loudest="checkout",
        symptom=Indicator("checkout", SignalName.error_rate, 0.05),
    ),
    inject=inject,
)
