"""What a fault is: how it is brought about, and the truth that a response is scored against."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from ...incident.action import ActionKind
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ..environment import Shop

Cure = tuple[ActionKind, str]
"""An action of the catalogue and its target."""


@dataclass(frozen=True)
class Indicator:
    """A canonical signal of one service that shows the fault: above `level` it is there."""

    service: str
    signal: str
    level: float

    def shows(self, value: float | None) -> bool:
        """Whether this value shows the fault; unknown shows nothing."""
        return value is not None and value > self.level


class Known(Protocol):
    """A truth that can be written down."""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        ...


@dataclass(frozen=True)
class FaultTruth:
    """What is really the case; known to drills only."""

    service: str  # the guilty service or third party; "" where nothing is wrong
    kind: FaultKind
    severity: Severity
    effective_actions: tuple[Cure, ...]  # any of them cures; () where nothing is to be done
    loudest: str  # who complains most, guilty or not
    symptom: Indicator | None
    parameters: dict[Cure, dict[str, Any]] = field(default_factory=dict)  # that are known to work
    blameless: tuple[str, ...] = ()  # services whose recent change is innocent

    def to_json(self) -> dict[str, Any]:
        """For a file beside a kept bundle."""
        parameters = [
            {"action": action, "target": aim, "parameters": values}
            for (action, aim), values in self.parameters.items()
        ]
        return {**asdict(self), "parameters": parameters}


def nothing(shop: Shop) -> None:
    """Nothing outside of the shop needs to be put back."""


@dataclass(frozen=True)
class DrillFault:
    """One drill: `inject` brings it about, `settle` ends what comes from outside (traffic)."""

    name: str
    title: str
    truth: FaultTruth
    inject: Callable[[Shop], None]
    settle: Callable[[Shop], None] = nothing
    alert: Callable[[float], dict[str, Any]] | None = None  # delivered as it is, at that time
    links: tuple[str, ...] = ()  # stretches of network that it needs (`Layout.create`)
