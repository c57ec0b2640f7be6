"""A real system, acted on through its supervisor, releases, configuration and database."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ..errors import ToolFailed
from ..incident.action import ActionKind
from .acting import Parameters
from .configuration import Configuration, Receipt
from .database import Database, Difference
from .edge import Edge
from .endpoints import Endpoints
from .flags import Flags
from .fleet import Fleet
from .inventory import Inventory, Part
from .providers import Providers
from .releases import Releases
from .supervisor import Supervisor


class Access(BaseModel):
    """How one may act: the content of operations.json."""

    supervisor_url: str = Field(description="XML-RPC address, credentials included")
    releases: Path = Field(description="git repository with deploy tags")
    checkouts: Path = Field(description="one folder per version")
    current: Path = Field(description="one symbolic link per service")
    config: Path = Field(description="git repository with the configuration files")
    database_dsn: str = Field(description="PostgreSQL connection string")
    backup: Path = Field(description="one CSV file per dumped table")
    edge: str = Field(default="gateway", description="the service that obeys edge.json")


class Operations:
    """One method per action; each returns a receipt with everything that its undo needs."""

    def __init__(self, access: Access) -> None:
        self.access = access
        configuration = Configuration(access.config)
        self.releases = Releases(access.releases, access.checkouts, access.current)
        self.flags = Flags(configuration)
        self.edge = Edge(configuration)
        self.providers = Providers(configuration)
        self.endpoints = Endpoints(configuration)
        self.fleet = Fleet(Supervisor(access.supervisor_url), self.endpoints, self.edge)
        self.database = Database(access.database_dsn, access.backup)

    @classmethod
    def load(cls, path: Path) -> "Operations":
        """From operations.json. Raises ToolFailed where it cannot be used."""
        try:
            return cls(Access.model_validate(json.loads(path.read_text())))
        except (OSError, ValueError, ValidationError) as error:
            raise ToolFailed(f"{path} cannot be used to act: {error}") from error

    def inventory(self) -> Inventory:
        """What there is to act on, read now."""
        uses = self.providers.in_use()
        return Inventory(
            services={name: self._part(name, uses) for name in self.endpoints.services()},
            flags=self.flags.states(),
            tables={name: self.database.columns(name) for name in self.database.tables()},
            providers=self.providers.known(),
        )

    def health(self, service: str) -> list[Receipt]:
        """One row per instance, spares included."""
        return [one.row() for one in self.fleet.health(service)]

    def compare(self, table: str, columns: Sequence[str] = ()) -> Difference:
        """How a table differs from its backup; changes nothing."""
        return self.database.compare(table, columns)

    def restart(self, service: str, since: float | None = None) -> Receipt:
        """Restart the service's instances one by one; a hung one is killed."""
        return self.fleet.restart(service, since)

    def roll_back(self, service: str, to_version: str, since: float | None = None) -> Receipt:
        """Run another version: switch the link, restart, record the deploy."""
        before = self.releases.recorded_version(service)
        if self.releases.is_deployed(service, to_version):
            note = f"{service} runs {to_version} already"
            return {"service": service, "before": before, "changed": False, "note": note}
        self.releases.switch(service, to_version)
        restarted = self.fleet.restart(service, since)
        tag = self.releases.record(service, to_version)
        return {
            "service": service,
            "before": before,
            "version": to_version,
            "deploy": tag,
            "restarted": restarted["restarted"],
            "changed": True,
            "note": "",
        }

    def scale(self, service: str, instances: int) -> Receipt:
        """Run this many instances."""
        return self.fleet.scale(service, instances)

    def flag_off(self, flag: str) -> Receipt:
        """Serve the off variant to everyone."""
        return self.flags.turn_off(flag)

    def throttle(self, route: str, rate: float) -> Receipt:
        """Limit a route prefix at the edge, requests per second."""
        return self.edge.throttle(route, rate)

    def block_source(self, sources: list[str]) -> Receipt:
        """Refuse requests from addresses or networks at the edge."""
        return self.edge.block(sources)

    def reroute(self, service: str, away_from: list[str]) -> Receipt:
        """Send requests to the service's other instances."""
        return self.fleet.reroute(service, away_from)

    def switch_provider(self, service: str, to: str) -> Receipt:
        """Use another third party."""
        return self.providers.switch(service, to)

    def repair_rows(self, table: str, columns: Sequence[str], max_rows: int) -> Receipt:
        """Write back the columns that differ from the backup, in at most this many rows."""
        return self.database.repair(table, columns, max_rows)

    def act(
        self, kind: ActionKind, target: str, parameters: Parameters, since: float | None = None
    ) -> Receipt:
        """Carry out one action of the catalogue; `since` as in the protocol."""
        values = parameters
        calls: dict[ActionKind, Callable[[], Receipt]] = {
            ActionKind.restart: lambda: self.restart(target, since),
            ActionKind.roll_back: lambda: self.roll_back(target, values["to_version"], since),
            ActionKind.scale: lambda: self.scale(target, values["instances"]),
            ActionKind.flag_off: lambda: self.flag_off(target),
            ActionKind.throttle: lambda: self.throttle(values["route"], values["rate"]),
            ActionKind.block_source: lambda: self.block_source(values["sources"]),
            ActionKind.reroute: lambda: self.reroute(target, values["away_from"]),
            ActionKind.switch_provider: lambda: self.switch_provider(target, values["to"]),
            ActionKind.repair_rows: lambda: self.repair_rows(
                target, values["columns"], values["max_rows"]
            ),
        }
        return calls[kind]()

    def undo(
        self, kind: ActionKind, target: str, parameters: Parameters, receipt: Receipt
    ) -> Receipt:
        """Put back what the receipt says was there; an action that changed nothing needs none."""
        if kind is ActionKind.restart:
            raise ToolFailed("a restart cannot be undone: the old process is gone")
        if not receipt.get("changed"):
            return {"changed": False, "note": "the action changed nothing, so nothing to undo"}
        undone = self._undo(kind, target, parameters, receipt)
        return {**undone, "changed": True}

    def _undo(self, kind: ActionKind, target: str, values: Parameters, was: Receipt) -> Receipt:
        calls: dict[ActionKind, Callable[[], Receipt]] = {
            ActionKind.roll_back: lambda: self.roll_back(target, was["before"]),
            ActionKind.scale: lambda: self.fleet.restore(target, was["before"], was["started"]),
            ActionKind.flag_off: lambda: self.flags.restore(target, was["before"]),
            ActionKind.throttle: lambda: self.edge.throttle(values["route"], was["before"]),
            ActionKind.block_source: lambda: self.edge.unblock(was["added"]),
            ActionKind.reroute: lambda: self._undo_reroute(target, was),
            ActionKind.switch_provider: lambda: self.providers.restore(target, was["before"]),
            ActionKind.repair_rows: lambda: self.database.restore(
                target, was["columns"], was["kept_in"]
            ),
        }
        return calls[kind]()

    def _undo_reroute(self, service: str, was: Receipt) -> Receipt:
        undrained = self.edge.undrain(was["drained"])
        restored = self.fleet.restore(service, was["before"], was["started"])
        return {**restored, "undrained": undrained["removed"]}

    def _part(self, service: str, uses: dict[str, dict[str, str]]) -> Part:
        endpoints = self.endpoints.of(service)
        released = service in self.releases.services()
        return Part(
            instances=[one.instance for one in endpoints if one.active],
            spares=[one.instance for one in endpoints if not one.active],
            version=self.releases.current_version(service) if released else "",
            previous=self.releases.previous_version(service) if released else "",
            versions=self.releases.versions() if released else [],
            provider=next(iter(uses.get(service, {}).values()), ""),
            edge=service == self.access.edge,
        )
