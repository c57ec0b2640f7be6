"""The AI provider's quota is used up: every suggestion is refused."""

from ...actions.switch_provider import SwitchProvider
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.signal_catalogue import SignalName
from ..environment import Shop
from .fault import DrillFault, FaultTruth, Indicator


def inject(shop: Shop) -> None:
    """Nothing is left of the quota at the provider in use."""
    shop.set_quota("primary", 0)


def settle(shop: Shop) -> None:
    """A new billing period begins."""
    shop.set_quota("primary", 1_000_000)


FAULT = DrillFault(
    name="ai-quota",
    title="The AI provider's quota is exhausted",
    truth=FaultTruth(
        service="ai-primary",
        kind=FaultKind.provider_quota,
        # Suggestions are a convenience of the lowest tier; buying works.
        severity=Severity.P2,
        effective_actions=((SwitchProvider.kind, "recommendations"),),
        loudest="recommendations",
        symptom=Indicator("recommendations", SignalName.error_rate, 0.05),
        parameters={(SwitchProvider.kind, "recommendations"): {"to": "fallback"}},
    ),
    inject=inject,
    settle=settle,
)
