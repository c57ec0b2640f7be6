"""What people do to the shop and leave a record of, and what customers do."""

import json
import time
from string import Template
from typing import Any, Literal

from pydantic import Field, JsonValue

from ...errors import DrillError
from ...yaml_tables import Entry
from ..environment import Shop, answers, wait_until
from ..layout import QUOTA, free_ports
from ..releases import Edit
from ..traffic import Steering
from .switch import Once, Switch

DRAIN_S = 7.0
"""Between hand-over and stop, as an orchestrator drains: clients look every 0.3 s, but Prometheus
hears only within 5 s that a target is gone, and would call the service down."""
SEEN_HEALTHY_S = 3.0
"""From a finished change that nobody notices to the fault."""
BURST_S = 15.0
"""Longest burst of traffic."""


class Release(Once):
    """A new version of a service, which runs from it from then on."""

    kind: Literal["release"]
    service: str
    message: str
    author: str = Field(default="", description="empty: the service's team")
    edits: tuple[Edit, ...]
    unnoticed: bool = Field(
        default=False,
        description="starts beside the old version and takes over: no customer notices",
    )

    def do(self, shop: Shop) -> None:
        if self.unnoticed:
            self._hand_over(shop)
            time.sleep(SEEN_HEALTHY_S)
        else:
            shop.deploy(self.service, self.edits, self.message, self._by(shop))

    def _by(self, shop: Shop) -> str:
        return self.author or shop.layout.world.author(self.service)

    def _hand_over(self, shop: Shop) -> None:
        """Start the new version beside the old one. `Shop.deploy` restarts a single instance,
        which fails requests."""
        old, new, *_ = shop.layout.of(self.service)
        version = shop.releases.release(self.edits, self.message, self._by(shop))
        shop.releases.deploy(self.service, version, self._by(shop))
        shop.supervision.call("startProcess", new.name)
        log = shop.layout.output / f"{new.name}.log"
        wait_until(answers(f"{new.url}/healthz"), new.name, log)

        def hand_over(content: dict[str, Any]) -> None:
            for entry in content[self.service]:
                entry["active"] = entry["instance"] == new.name

        text = f"Hand {self.service} over to {new.name}"
        shop.configuration.change("endpoints.json", hand_over, text, self._by(shop))
        time.sleep(DRAIN_S)
        shop.supervision.call("stopProcess", old.name)


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
    """What customers do besides; ends by itself when the SQL `until` says `reached`."""

    kind: Literal["load"]
    steer: Steering
    until: str = ""

    def begin(self, shop: Shop) -> Switch:
        def steer(strength: float) -> None:
            shop.load(**self.steer.at(strength).model_dump(exclude_unset=True))
            if self.until:
                self._wait(shop)
                back()

        def back() -> None:
            shop.load(**dict.fromkeys(self.steer.model_fields_set))

        return Switch(steer, back)

    def _wait(self, shop: Shop) -> None:
        deadline = time.monotonic() + BURST_S
        while not shop.sql(self.until)[0]["reached"]:
            if time.monotonic() > deadline:
                raise DrillError(f"{BURST_S:g} s of this traffic were not enough")
            time.sleep(0.3)


class Quota(Entry):
    """An AI provider has so many tokens left, or one of its models (all, where none is named) has
    one answer to everything, or is late."""

    kind: Literal["quota"]
    provider: str = "primary"
    tokens: int = QUOTA
    says: str = ""
    late_s: float = 0.0
    model: str = ""

    def begin(self, shop: Shop) -> Switch:
        ill = {"says": self.says, "late_s": self.late_s, "model": self.model}
        return Switch(
            lambda _: shop.set_quota(self.provider, self.tokens, **ill),
            lambda: shop.set_quota(self.provider, QUOTA),
        )


class Wait(Once):
    """Some seconds pass."""

    kind: Literal["wait"]
    seconds: float

    def do(self, shop: Shop) -> None:
        time.sleep(self.seconds)
