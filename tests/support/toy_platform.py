"""A target more, as somebody would add one: an adapter that can scale, in one file."""

from typing import ClassVar, Self

from pydantic import BaseModel, JsonValue

from warroom.actions.capabilities import Activated, Platform, Receipt, Scaling
from warroom.actions.inventory import Inventory, Part


class Size(BaseModel):
    """Its section of operations.json: {"toy": {"running": {"web": 1}, "most": 4}}."""

    running: dict[str, int]
    most: int


class ToyPlatform(Platform, Scaling):
    """Runs what it is told to run, in memory."""

    section: ClassVar[str] = "toy"

    def __init__(self, size: Size) -> None:
        self.size = size

    @classmethod
    def configured(cls, given: JsonValue) -> Self:
        return cls(Size.model_validate(given))

    def inventory(self) -> Inventory:
        return Inventory(
            services={
                name: Part(
                    instances=_names(name, count),
                    spares=_names(name, self.size.most)[count:],
                )
                for name, count in self.size.running.items()
            }
        )

    def scale(self, service: str, instances: int) -> Activated:
        before = self.size.running[service]
        self.size.running[service] = instances
        return Activated(
            service=service,
            before=_names(service, before),
            active=_names(service, instances),
            changed=before != instances,
        )

    def restore(self, was: Activated) -> Receipt:
        self.size.running[was.service] = len(was.before)
        return Receipt()


def _names(service: str, count: int) -> list[str]:
    return [f"{service}-{number + 1}" for number in range(count)]
