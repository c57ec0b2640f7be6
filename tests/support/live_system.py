"""A system that lives: customers' traffic, written second by second as it happens, a real process
and a real configuration to act on; and a real Alertmanager and `warroom serve` over it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import yaml

from warroom.app.record import Record
from warroom.incident.timeline import utc_now
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.targets.fleet import Fleet
from warroom.telemetry.model import Windows
from warroom.telemetry.rules import default_rules
from warroom.tests.support.alertmanager_server import alertmanager
from warroom.tests.support.serving import Serving, serving
from warroom.tests.support.shop_bundle import NO_FAULT, Fault, Shop, catalogue, run_shop
from warroom.tests.support.supervised import free_ports, supervised

PAST_S = 60
WINDOWS = {"baseline_s": 45, "detect_s": 5, "stabilise_s": 1, "verify_s": 4}
PARTNER = "203.0.113.9"
"""One address beside a network of attackers: it goes with them, and is somebody's."""


@dataclass
class System:
    """payments is a process of its own; nothing is wrong until it is made so."""

    folder: Path
    shop: Shop
    fleet: Fleet
    manager: httpx.Client
    listen: str
    scope: ExitStack
    ends: Callable[[], bool] = bool
    over: Event = field(default_factory=Event)
    serving: Serving = field(init=False)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def store(self) -> Store:
        return Record(Settings(home=self.home)).store

    def serve(self, token: str = "") -> Serving:
        """Begin, or begin again at the same address, where people's pages still point."""
        read = ["--telemetry", str(self.folder / "bundle"), "--listen", self.listen]
        acts = ["--operations", str(self.folder / "operations.json")]
        begun = serving(self.home, *read, *acts, token=token, WARROOM_CONFIG=str(self.file))
        self.serving = self.scope.enter_context(begun)
        return self.serving

    @property
    def file(self) -> Path:
        return self.folder / "warroom.yaml"

    def breaks(self, fault: Fault, ends: Callable[[], bool], says: str, **labels: str) -> None:
        """From this second on, until that is so; Alertmanager says it once it has shown."""
        self.ends, self.shop.fault = ends, replace(fault, at=self.shop.second)
        time.sleep(6)
        named = {"labels": {"severity": "critical", **labels}}
        told = {"annotations": {"summary": says}, "startsAt": utc_now().isoformat()}
        assert self.manager.post("/api/v2/alerts", json=[named | told]).is_success

    def goes_on(self) -> None:
        """Second by second."""
        while not self.over.wait(max(0.0, self.shop.bundle.start + self.shop.second - time.time())):
            if self.ends():
                self.shop.fault = NO_FAULT
            self.shop.one_second(8)
            self.shop.bundle.flush()

    def process(self) -> int:
        """That of payments: another one after a restart."""
        return int(self.fleet.supervisor.process("web-1").pid)

    def starts(self) -> int:
        """How often it was started."""
        return (self.folder / "supervisord.log").read_text().count("spawned: 'web-1'")

    def blocked(self) -> list[str]:
        return json.loads((self.folder / "config" / "edge.json").read_text())["blocked"]


@contextmanager
def live_system(folder: Path, **configuration: Any) -> Iterator[System]:
    """It lives until the block ends; so does what serves it, with this warroom.yaml."""
    with ExitStack() as scope:
        fleet = scope.enter_context(supervised(folder))
        endpoints = folder / "config" / "endpoints.json"
        endpoints.write_text(json.dumps({"payments": json.loads(endpoints.read_text())["web"]}))
        access = {"supervisor_url": fleet.supervisor.url, "config": str(folder / "config")}
        (folder / "operations.json").write_text(json.dumps(access))
        (folder / "warroom.yaml").write_text(yaml.safe_dump(configuration))
        shop = run_shop(
            folder / "bundle", seconds=PAST_S, start=time.time() - PAST_S - 2, windows=WINDOWS
        )
        shop.attackers = (*shop.attackers, PARTNER)
        rules = [rule.model_dump() for rule in default_rules(Windows.model_validate(WINDOWS))]
        shop.bundle.document("catalogue.json", catalogue() | {"windows": WINDOWS, "rules": rules})
        listen, secret = f"127.0.0.1:{free_ports(1)[0]}", folder / "home" / "alertmanager.secret"
        manager = scope.enter_context(alertmanager(folder, f"http://{listen}", secret))
        system = System(folder, shop, fleet, manager, listen, scope)
        thread = Thread(target=system.goes_on, name="customers")
        thread.start()
        scope.callback(thread.join)
        scope.callback(system.over.set)
        system.serve()
        yield system
