"""What people do to the shop and leave a record of, and what customers do."""

import json
import time
from string import Template
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from ...yaml_tables import Entry
from ..environment import Shop
from ..faults import FaultRelease
from ..layout import free_ports
from .database import Again, Hold, Sql
from .effects import (
    Clock,
    Descriptors,
    Environment,
    Kill,
    LinkEffect,
    Once,
    Rotate,
    Shutdown,
    Stop,
    Switch,
)


class Release(FaultRelease, Once):
    """A new version of a service."""

    kind: Literal["release"]

    def do(self, shop: Shop) -> None:
        self.make(shop)


class Config(Entry):
    """A commit in the configuration: `value` (JSON) at a path of a file.

    In it $nowhere is a port on which nobody listens, $port_NAME that of a service.
    """

    kind: Literal["config"]
    file: str
    path: list[str]
    value: str
    message: str
    author: str

    def begin(self, shop: Shop) -> Switch:
        ports = {f"port_{one.service}": one.port for one in shop.layout.instances if one.active}
        text = Template(self.value).substitute(ports, nowhere=free_ports(1)[0])
        before = _at(shop.configuration.read(self.file), self.path)

        def write(value: JsonValue, message: str) -> None:
            def put(content: dict[str, Any]) -> None:
                *above, last = self.path
                place = _at(content, above)
                place[int(last) if isinstance(place, list) else last] = value

            shop.configuration.change(self.file, put, message, self.author)

        def back() -> None:
            if _at(shop.configuration.read(self.file), self.path) != before:
                write(before, f'Revert "{self.message}"')

        return Switch(lambda _: write(json.loads(text), self.message), back)


def _at(content: Any, path: list[str]) -> Any:
    """What stands at a path; None where nothing does."""
    for key in path:
        content = content[int(key)] if isinstance(content, list) else content.get(key)
    return content


class Load(Entry):
    """The traffic: what `Shop.load` takes, as JSON; numbers in `scaled` go with the strength."""

    kind: Literal["load"]
    steer: dict[str, Any]
    scaled: tuple[str, str]  # a setting, and the number in it

    def begin(self, shop: Shop) -> Switch:
        def steer(strength: float) -> None:
            setting, number = self.scaled
            full = {name: json.loads(value) for name, value in self.steer.items()}
            full[setting][number] = full[setting][number] * strength
            shop.load(**full)

        return Switch(steer, lambda: shop.load(**dict.fromkeys(self.steer)))


class Wait(Once):
    """Some seconds pass."""

    kind: Literal["wait"]
    seconds: float

    def do(self, shop: Shop) -> None:
        time.sleep(self.seconds)


Effect = Annotated[
    Stop
    | Kill
    | Shutdown
    | Descriptors
    | Environment
    | Clock
    | Rotate
    | Sql
    | Hold
    | Again
    | LinkEffect
    | Release
    | Config
    | Load
    | Wait,
    Field(discriminator="kind"),
]
