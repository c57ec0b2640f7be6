"""Rules to test with."""

from typing import Any

from warroom.actions.rules import Rule

GIVEN: dict[str, Any] = {
    "name": "restart-hung",
    "mode": "act",
    "actions": ["restart"],
    "causes": ["hung process"],
    "confidence": 0.7,
    "services": ["payments"],
    "severities": ["P0", "P1"],
    "hours": ["00:00-24:00"],
    "time_zone": "UTC",
}
"""As warroom.yaml has it: a hung process of payments is restarted at any time."""


def rule(**other: Any) -> Rule:
    """That one, but for what is given."""
    return Rule.model_validate(GIVEN | other)
