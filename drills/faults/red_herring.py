"""Control: an innocent deploy of checkout, seconds before inventory hangs.

Checkout asks inventory for every order, so it is checkout that fails right after its deploy.
"""

import os
import signal
import time
from typing import Any

from ...actions.restart import Restart
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from ..startup import answers, wait_until
from .fault import DrillFault, FaultTruth, Indicator

AUTHOR = "Checkout team <checkout@shop.example>"
EDITS = (("shop/checkout.py", '"the cart is empty"', '"there is nothing in the cart"'),)
BETWEEN_S = 3.0
"""From the finished deploy to the fault: checkout is seen healthy on its new version."""


def inject(shop: Shop) -> None:
    """Deploy a change of wording, then stop inventory."""
    deploy_beside(shop)
    time.sleep(BETWEEN_S)
    os.kill(shop.pid("inventory"), signal.SIGSTOP)


def deploy_beside(shop: Shop) -> None:
    """Start the new version beside the old one and hand over: no customer notices.

    `Shop.deploy` restarts a single instance, which fails requests: not so innocent.
    """
    old, new = shop.layout.of("checkout")
    releases, supervision = shop.parts.releases, shop.parts.supervision
    version = releases.release(EDITS, "Say what is missing from an empty cart", AUTHOR)
    releases.deploy("checkout", version, AUTHOR)
    supervision.call("startProcess", new.name)
    log = shop.layout.output / f"{new.name}.log"
    wait_until(answers(f"{new.url}/healthz"), new.name, log)

    def hand_over(content: dict[str, Any]) -> None:
        for entry in content["checkout"]:
            entry["active"] = entry["instance"] == new.name

    shop.write_config("endpoints.json", hand_over, f"Hand checkout over to {new.name}", AUTHOR)
    time.sleep(1.0)  # clients look every 0.3 s; requests under way end within that time
    supervision.call("stopProcess", old.name)


FAULT = DrillFault(
    name="red-herring",
    title="Control: an innocent deploy just before an unrelated fault",
    truth=FaultTruth(
        service="inventory",
        kind=FaultKind.hung_process,
        # Product pages and checkout hang for most users.
        severity=Severity.P1,
        effective_actions=((Restart.kind, "inventory"),),
        loudest="catalog",
        symptom=Indicator("gateway", SignalName.error_rate, 0.05),
        blameless=("checkout",),
    ),
    inject=inject,
)
