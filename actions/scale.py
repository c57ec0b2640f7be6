"""Scale: more instances of a service, or fewer."""

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Activated, Offers, Receipt, Scaling, Stored
from .inventory import Inventory


class Scale(Action):
    """Run another number of instances."""

    kind = ActionKind("scale")
    needs = Scaling
    runbook = "cpu-saturation"
    risk = Level.low
    blast_radius = (
        "Nobody while instances are added; more load and connections on the dependencies of "
        "{target}. When fewer, the remaining ones carry more."
    )
    expected_effect = (
        "Load spreads over {instances} instances; queueing and latency of {target} fall."
    )
    verification = "Share of concurrency in use, latency and error rate of {target}."
    undone_by = "Return to the instances that take requests now; stop the ones started."

    instances: int = Field(ge=1, description="instances wanted in all, not added")

    def check(self, inventory: Inventory) -> None:
        """Another number than now, and no more than there is room for."""
        part = inventory.service(self.target)
        if self.instances > part.most:
            raise ToolRetry(
                f"{self.target} has room for {part.most} instances, not {self.instances}"
            )
        if self.instances == len(part.instances):
            raise ToolRetry(f"{self.target} runs {self.instances} instances already")

    def perform(self, system: Offers) -> Activated:
        """Spares take requests once they answer."""
        return system.find(Scaling).scale(self.target, self.instances)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The instances that took requests before."""
        return system.find(Scaling).restore(Activated.read(stored))
