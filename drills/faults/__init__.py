"""The twelve faults of the drill: truly injected, truly curable, announced by nothing.

One file each: what is brought about (a deploy comes first, a process that hangs last), and the
truth that a response is scored against.
"""

import os
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, Json

from ...errors import DrillError
from ...incident.action import ActionKind
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...yaml_tables import Entry, read_table
from ..environment import Shop, answers, wait_until
from ..layout import QUOTA
from ..releases import Edit
from ..traffic import Steering

Cure = tuple[ActionKind, str]
"""An action of the catalogue and its target."""
DRAIN_S = 7.0
"""Between hand-over and stop, as an orchestrator drains: clients look every 0.3 s, but Prometheus
hears only within 5 s that a target is gone, and would call the service down."""
SEEN_HEALTHY_S = 3.0
"""From a finished deploy that nobody notices to the fault."""
BURST_S = 15.0
"""Longest burst of traffic."""
ORDER = (
    *("bad-deploy", "slow-release", "hung-dependency", "traffic-surge", "memory-leak"),
    *("pool-exhaustion", "bad-flag", "credential-stuffing", "corrupted-rows", "ai-quota"),
    *("no-fault", "red-herring"),
)
"""Of the score table; the two controls come last."""
Value = Annotated[int | float | str | list[str], Field(union_mode="left_to_right")]


class Indicator(Entry):
    """A canonical signal of one service that shows the fault: above `level` it is there."""

    service: str
    signal: str
    level: float

    def shows(self, value: float | None) -> bool:
        """Whether this value shows the fault; unknown shows nothing."""
        return value is not None and value > self.level


class KnownCure(Entry):
    """Parameters with which an action is known to work."""

    action: ActionKind
    target: str
    parameters: dict[str, Value]


class FaultTruth(Entry):
    """What is really the case; known to drills only."""

    service: str = Field(description="the guilty one or third party; empty: nothing is wrong")
    kind: FaultKind
    severity: Severity
    effective_actions: tuple[Cure, ...] = Field(
        description="any cures; none: nothing is to be done"
    )
    loudest: str = Field(description="who complains most, guilty or not")
    symptom: Indicator | None = None
    parameters: tuple[KnownCure, ...] = ()
    blameless: tuple[str, ...] = Field(default=(), description="whose recent change is innocent")


class FaultRelease(Entry):
    """A release, and the service that runs from it from then on."""

    service: str
    message: str
    author: str
    edits: tuple[Edit, ...]
    unnoticed: bool = Field(
        default=False,
        description="starts beside the old version and takes over: no customer notices",
    )

    def make(self, shop: Shop) -> None:
        """Deploy it in the shop."""
        if self.unnoticed:
            self._hand_over(shop)
            time.sleep(SEEN_HEALTHY_S)
        else:
            shop.deploy(self.service, self.edits, self.message, self.author)

    def _hand_over(self, shop: Shop) -> None:
        """Start the new version beside the old one. `Shop.deploy` restarts a single instance,
        which fails requests."""
        old, new, *_ = shop.layout.of(self.service)
        version = shop.releases.release(self.edits, self.message, self.author)
        shop.releases.deploy(self.service, version, self.author)
        shop.supervision.call("startProcess", new.name)
        log = shop.layout.output / f"{new.name}.log"
        wait_until(answers(f"{new.url}/healthz"), new.name, log)

        def hand_over(content: dict[str, Any]) -> None:
            for entry in content[self.service]:
                entry["active"] = entry["instance"] == new.name

        text = f"Hand {self.service} over to {new.name}"
        shop.configuration.change("endpoints.json", hand_over, text, self.author)
        time.sleep(DRAIN_S)
        shop.supervision.call("stopProcess", old.name)


class FlagChange(Entry):
    """A feature flag's other variant."""

    name: str
    variant: str
    message: str
    author: str


class DrillFault(Entry):
    """One drill: what brings the fault about, and what is the case then."""

    title: str
    truth: FaultTruth
    deploy: FaultRelease | None = None
    flag: FlagChange | None = None
    sql: str = Field(default="", description="run as the database's superuser")
    quota: int | None = Field(default=None, description="tokens left at the AI provider in use")
    traffic: Steering | None = Field(default=None, description="what the customers do from then on")
    burst_until: str = Field(default="", description="SQL; the traffic ends when it says `reached`")
    hangs: str = Field(default="", description="service whose process stops where it stands")
    alert: Json[dict[str, Any]] | None = Field(
        default=None, description="Alertmanager's webhook, delivered as it is, started now"
    )
    name: str = Field(default="", description="the file's")
    links: tuple[str, ...] = Field(default=(), description="network to lay (`Layout.create`)")

    def inject(self, shop: Shop) -> None:
        """Bring it about."""
        if self.deploy:
            self.deploy.make(shop)
        if self.flag:
            shop.configuration.set_flag(**self.flag.model_dump())
        if self.sql:
            shop.sql(self.sql)
        if self.quota is not None:
            shop.set_quota("primary", self.quota)
        if self.traffic:
            shop.load(**self.traffic.model_dump(exclude_unset=True))
        if self.burst_until:
            self._burst(shop)
        if self.hangs:
            os.kill(shop.pid(self.hangs), signal.SIGSTOP)

    def settle(self, shop: Shop) -> None:
        """End what comes from outside of the shop: its traffic, a third party's quota."""
        if self.quota is not None:
            shop.set_quota("primary", QUOTA)
        if self.traffic:
            shop.load(**dict.fromkeys(self.traffic.model_fields_set))

    def webhook(self, now: float) -> dict[str, Any] | None:
        """The alert as posted at that time, unix seconds; None: whoever watches has to see it."""
        if self.alert is None:
            return None
        started = {"startsAt": datetime.fromtimestamp(now, UTC).isoformat()}
        return {**self.alert, "alerts": [{**one, **started} for one in self.alert["alerts"]]}

    def _burst(self, shop: Shop) -> None:
        """What it brought about stays when the burst is over."""
        deadline = time.monotonic() + BURST_S
        while not shop.sql(self.burst_until)[0]["reached"]:
            if time.monotonic() > deadline:
                raise DrillError(f"{self.name}: {BURST_S:g} s of its traffic were not enough")
            time.sleep(0.3)
        self.settle(shop)


def _read(name: str) -> DrillFault:
    found = read_table(f"drills/faults/{name}.yaml", DrillFault)
    return found.model_copy(update={"name": name})


FAULTS: Mapping[str, DrillFault] = {name: _read(name) for name in ORDER}
