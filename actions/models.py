"""What is done to the language model behind a service: another one, none, less of it."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field, JsonValue

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import PROFILES, Action, Probe
from .capabilities import Capability, Committed, Offers, Receipt, Stored
from .inventory import Inventory, known_as


class ModelSet(Committed):
    """Of one setting of how a service uses its model: as it was."""

    service: str
    setting: str
    before: str | int | float | bool | None


class ModelSettings(Capability):
    """How services use their language models can be set."""

    @abstractmethod
    def set(self, service: str, setting: str, value: JsonValue) -> ModelSet:
        """Let a field of `ModelUse` have this value."""


class ModelSetting(Action):
    """One setting of how a service uses its model, by the action's one parameter."""

    needs = ModelSettings
    aims = "models"
    setting: ClassVar[str]
    """The field of `ModelUse` that it sets."""

    @property
    def wanted(self) -> JsonValue:
        """The value that it sets; what takes no parameter is so or not."""
        return next(iter(self.parameters.values()), True)

    @classmethod
    def aimed(cls, inventory: Inventory) -> bool:
        """Where a service uses a model."""
        return bool(inventory.models())

    def check(self, inventory: Inventory) -> None:
        """A service that uses a model, and is set otherwise; a cap is lowered, not raised."""
        known_as("service that uses a model", self.target, inventory.models())
        use = inventory.models()[self.target]
        now, wanted = getattr(use, self.setting), self.wanted
        if wanted == now or (now and isinstance(wanted, int | float) and wanted > now):
            raise ToolRetry(f"{self.target} has {self.setting} {now} already")
        if self.setting == SwitchModel.setting:
            known_as("model", str(wanted), use.models)

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """The setting as it is."""
        return {self.setting: getattr(inventory.models().get(self.target), self.setting, None)}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the setting."""
        now = self.found(inventory)[self.setting]
        return Probe.told(now, self.wanted, found.get(self.setting))

    def perform(self, system: Offers) -> ModelSet:
        """From the next request on."""
        return system.find(ModelSettings).set(self.target, self.setting, self.wanted)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The setting before."""
        was = ModelSet.read(stored)
        return system.find(ModelSettings).set(was.service, was.setting, was.before)


class SwitchModel(ModelSetting):
    """Let a service ask another model of the same provider."""

    kind = ActionKind("switch model")
    profile = PROFILES[kind]
    setting = "model"

    to: str = Field(description="model to ask")


class AnswerWithoutModel(ModelSetting):
    """Let a service give the answer that it has without a model."""

    kind = ActionKind("answer without model")
    profile = PROFILES[kind]
    setting = "canned"


class CapTokens(ModelSetting):
    """Limit what a service spends on its model; beyond that it answers without."""

    kind = ActionKind("cap tokens")
    profile = PROFILES[kind]
    setting = "tokens_per_minute"

    tokens: float = Field(gt=0, le=1e9, description="tokens a minute at most")


class CapCalls(ModelSetting):
    """Limit how often a service asks its model for one request; then it answers without."""

    kind = ActionKind("cap calls")
    profile = PROFILES[kind]
    setting = "calls_per_request"

    calls: int = Field(ge=1, le=1000, description="calls for one request at most")
