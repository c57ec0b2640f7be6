"""A tenth action, as somebody would add it: capability, receipt, action and a toy target."""

from pydantic import Field

from warroom.actions.base import Action, Profile
from warroom.actions.capabilities import Capability, Offers, Receipt, Stored
from warroom.actions.inventory import Inventory, Part
from warroom.errors import ToolRetry
from warroom.incident.action import ActionKind, Level


class Renewed(Receipt):
    """Of a renewal: the days that were left."""

    service: str
    before: int


class Certificates(Capability):
    """A toy target: services and the days that their certificates are valid for."""

    def __init__(self, days: dict[str, int]) -> None:
        self.days = days

    def inventory(self) -> Inventory:
        return Inventory(services={name: Part() for name in self.days})

    def valid_for(self, service: str, days: int) -> Renewed:
        before, self.days[service] = self.days[service], days
        return Renewed(service=service, before=before, changed=before != days)


class ExtendCertificate(Action):
    """Extend the certificate of a service."""

    kind = ActionKind("extend certificate")
    needs = Certificates
    profile = Profile(
        sentence="Extend the certificate of {target} for {days} days.",
        runbook="certificate",
        risk=Level.low,
        blast_radius="Open connections of {target} stay; new ones see the new certificate.",
        expected_effect="The certificate of {target} is valid for {days} days.",
        verification="Handshake errors of {target}; days that its certificate is valid for.",
        undone_by="Serve the certificate that {target} has now.",
    )

    days: int = Field(ge=1, le=397, description="days that it is valid for")

    def check(self, inventory: Inventory) -> None:
        if self.target == "database" or not inventory.service(self.target):
            raise ToolRetry(f"{self.target} has no certificate of ours")

    def perform(self, system: Offers) -> Renewed:
        return system.find(Certificates).valid_for(self.target, self.days)

    def undo(self, system: Offers, stored: Stored) -> Renewed:
        return system.find(Certificates).valid_for(self.target, Renewed.read(stored).before)
