"""Control: an innocent deploy of catalog, seconds before inventory hangs.

Catalog asks inventory for every product page, so it is catalog that runs out of workers.
"""

import os
import signal
import time

from ...incident.action import ActionKind
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ..environment import Shop
from .fault import Fault, Symptom, Truth

BETWEEN_S = 4.0
"""From the deploy to the fault: long enough to see catalog healthy on its new version."""


def inject(shop: Shop) -> None:
    """Deploy a harmless change of catalog, then stop inventory."""
    shop.deploy(
        "catalog",
        [("shop/catalog.py", "LARGEST_PAGE = 100", "LARGEST_PAGE = 96")],
        "Cap product pages at four screens",
        "Catalog team <catalog@shop.example>",
    )
    time.sleep(BETWEEN_S)
    os.kill(shop.pid("inventory"), signal.SIGSTOP)


FAULT = Fault(
    name="red-herring",
    title="Control: an innocent deploy just before an unrelated fault",
    truth=Truth(
        service="inventory",
        kind=FaultKind.hung_process,
        # Product pages and checkout hang for most users.
        severity=Severity.P1,
        effective_actions=((ActionKind.restart, "inventory"),),
        loudest="catalog",
        symptom=Symptom("gateway", "error_rate", 0.05),
        blameless=("catalog",),
    ),
    inject=inject,
)
