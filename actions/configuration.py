"""What is done to the configuration: a flag goes off, a provider is exchanged, a commit undone."""

from abc import abstractmethod

from pydantic import Field, JsonValue

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import PROFILES, Action, Probe, waiting, waits
from .capabilities import (
    Capability,
    Committed,
    FeatureFlags,
    FlagSet,
    Offers,
    Receipt,
    Reverted,
    Reverting,
    Stored,
)
from .inventory import Inventory, known_as


class FlagOff(Action):
    """Turn a feature flag off."""

    kind = ActionKind("feature flag off")
    profile = PROFILES[kind]
    needs = FeatureFlags
    aims = "flags"

    def check(self, inventory: Inventory) -> None:
        """The flag exists and is on."""
        known_as("flag", self.target, inventory.flags)
        if not inventory.flags[self.target]:
            raise ToolRetry(f"the flag {self.target} is off already")

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the flag."""
        return Probe.told(inventory.flags.get(self.target), False, True)

    def perform(self, system: Offers) -> FlagSet:
        """Serve the off variant; a flag without one is disabled."""
        return system.find(FeatureFlags, self.target).turn_off(self.target)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """State and default variant as before."""
        return system.find(FeatureFlags, self.target).restore(FlagSet.read(stored))


class ProviderSet(Committed):
    """Of another third party: capability of the service to the provider used before."""

    service: str
    before: dict[str, str]


class Providers(Capability):
    """Services use third parties that can be exchanged."""

    @abstractmethod
    def switch(self, service: str, to: str) -> ProviderSet:
        """Let the service use `to` for everything."""

    @abstractmethod
    def restore(self, was: ProviderSet) -> Receipt:
        """The providers used before."""


class SwitchProvider(Action):
    """Let a service use another provider."""

    kind = ActionKind("switch provider")
    profile = PROFILES[kind]
    needs = Providers

    to: str = Field(description="provider to use")

    def check(self, inventory: Inventory) -> None:
        """A service that uses a provider, and another provider than that."""
        using = {name: part.provider for name, part in inventory.services.items() if part.provider}
        known_as("service that uses a provider", self.target, using)
        if self.to == using[self.target]:
            raise ToolRetry(f"{self.target} uses {self.to} already")
        known_as("provider", self.to, inventory.providers)

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """The provider in use."""
        return {"provider": inventory.service(self.target).provider}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the provider in use."""
        now = inventory.service(self.target).provider
        return Probe.told(now, self.to, found.get("provider"))

    def perform(self, system: Offers) -> ProviderSet:
        """For everything that the service uses a provider for."""
        return system.find(Providers, self.target).switch(self.target, self.to)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The providers used before."""
        return system.find(Providers, self.target).restore(ProviderSet.read(stored))


class RevertConfiguration(Action):
    """Revert one commit of the configuration."""

    kind = ActionKind("revert configuration")
    profile = PROFILES[kind]
    needs = Reverting

    commit: str = Field(pattern=r"^\w[\w./-]{0,80}$", description="the commit that is reverted")

    def check(self, inventory: Inventory) -> None:
        """A service that the commit is about."""
        known_as("service", self.target, inventory.services)

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """The request, where its repository is changed by these only."""
        asked = inventory.request(self.commit)
        return asked.model_dump() if asked else {}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By whether its request is open."""
        return waiting(found, inventory) if waits(found) else Probe.cannot_tell

    def perform(self, system: Offers) -> Reverted:
        """As one more commit, or a request for it; where later ones changed the same lines, not at
        all."""
        return system.find(Reverting, self.commit).revert(self.commit)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """What the revert changed."""
        was = Reverted.read(stored)
        return system.find(Reverting, self.commit if was.asked else "").put_back(was)
