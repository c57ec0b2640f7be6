"""Control: an innocent deploy of checkout, seconds before inventory hangs.

Checkout asks inventory for every order, so it is checkout that fails right after its deploy.
"""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from ...actions.restart import Restart
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from ..releases import Edit
from ..startup import answers, wait_until
from .fault import DrillFault, FaultTruth, Indicator

AUTHOR = "Checkout team <checkout@shop.example>"
EDITS = (("shop/checkout.py", '"the cart is empty"', '"there is nothing in the cart"'),)
BETWEEN_S = 3.0
"""From the finished deploy to the fault: checkout is seen healthy on its new version."""


def inject(shop: Shop) -> None:
    """Deploy a change of wording, then stop inventory."""
    deploy_beside(shop, "checkout", EDITS, "Say what is missing from an empty cart", AUTHOR)
    time.sleep(BETWEEN_S)
    os.kill(shop.pid("inventory"), signal.SIGSTOP)


def deploy_beside(
    shop: Shop, service: str, edits: Sequence[Edit], message: str, author: str
) -> None:
    """Start the new version beside the old one and hand over: no customer notices.

    `Shop.deploy` restarts a single instance, which fails requests: not so innocent.
    """
    old, new, *_ = shop.layout.of(service)
    releases, supervision = shop.parts.releases, shop.parts.supervision
    version = releases.release(edits, message, author)
    releases.deploy(service, version, author)
    supervision.call("startProcess", new.name)
    log = shop.layout.output / f"{new.name}.log"
    wait_until(answers(f"{new.url}/healthz"), new.name, log)

    def hand_over(content: dict[str, Any]) -> None:
        for entry in content[service]:
            entry["active"] = entry["instance"] == new.name

    shop.write_config("endpoints.json", hand_over, f"Hand {service} over to {new.name}", author)
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
