"""A real system, acted on through whatever operations.json gives access to, and nothing more."""

import pkgutil
import re
import socket
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from ..actions.base import Action
from ..actions.capabilities import (
    C,
    Capability,
    Difference,
    Platform,
    Receipt,
    Restarting,
    RowRepair,
    Stored,
)
from ..actions.catalogue import CATALOGUE
from ..actions.facts import Inspecting
from ..actions.inventory import Inventory, Request, Stood, merged
from ..errors import ToolFailed
from ..incident.action import ActionKind
from ..plugins import plugins
from .configured import (
    EDGE,
    FLAGS,
    MODELS,
    PROVIDERS,
    ConfiguredModels,
    ConfiguredProviders,
    Edge,
    Flags,
)
from .database import Database
from .database_state import DatabaseState
from .fleet import FILE as ENDPOINTS
from .fleet import Fleet, Router
from .git import Configuration
from .process_state import ProcessChanges, ProcessState
from .releases import Releases
from .supervisor import SupervisedServices, Supervisor

NEEDS = {
    **dict.fromkeys(("releases", "checkouts", "current"), ("releases", "checkouts", "current")),
    "backup": ("database_dsn",),
    "supervisor_config": ("supervisor_url",),
}
"""Keys of operations.json that mean nothing without others."""


class Access(BaseModel):
    """How one may act: the content of operations.json. What is missing is not offered."""

    model_config = ConfigDict(extra="forbid")

    supervisor_url: str | None = Field(
        default=None, description="XML-RPC address, credentials included"
    )
    supervisor_config: Path | None = Field(
        default=None, description="the file that says with which environment processes start"
    )
    releases: Path | None = Field(default=None, description="git repository with deploy tags")
    checkouts: Path | None = Field(default=None, description="one folder per version")
    current: Path | None = Field(default=None, description="one symbolic link per service")
    config: Path | None = Field(
        default=None, description="git repository with the configuration files"
    )
    database_dsn: str | None = Field(default=None, description="PostgreSQL connection string")
    backup: Path | None = Field(default=None, description="one CSV file per dumped table")
    system: str = Field(
        default="", description="its name; by default where it is reached or where its files are"
    )
    edge: str = Field(default="gateway", description="the service that obeys edge.json")
    database: str = Field(default="database", description="the database's name in telemetry")

    platforms: dict[str, JsonValue] = Field(
        default_factory=dict, description="sections of adapters that compose themselves"
    )

    @model_validator(mode="before")
    @classmethod
    def _platforms(cls, content: Any) -> Any:
        """Sections that a platform's own file reads; what nobody reads stays an error."""
        if not isinstance(content, dict):
            return content
        own = {section: content[section] for section in platforms() if section in content}
        rest = {key: value for key, value in content.items() if key not in own}
        return {**rest, **({"platforms": own} if own else {})}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Something to act through, and no half of a pair."""
        given = {name for name, value in self if value} - {"edge", "database", "system"}
        if not given:
            raise ValueError("it names nothing to act through: give supervisor_url, at least")
        for key, others in NEEDS.items():
            if key in given and (missing := [other for other in others if other not in given]):
                raise ValueError(f"{key} does nothing alone: add {', '.join(missing)}")
        return self

    @property
    def name(self) -> str:
        """Which system it is: plans are bound to it. Without credentials."""
        if self.system:
            return self.system
        places = (self.supervisor_url, self.config, self.database_dsn, self.releases)
        where = next((str(place) for place in places if place), ", ".join(self.platforms))
        local = where.startswith("/") or LOOPBACK.search(where)
        host = f"{socket.gethostname()} " if local else ""
        return host + CREDENTIALS.sub("//", PASSWORD.sub("", where)).strip()


LOOPBACK = re.compile(r"[/@=](?:127\.|localhost|\[::1\])")
CREDENTIALS = re.compile(r"//[^/@]*@")
PASSWORD = re.compile(r"password\s*=\s*(?:'[^']*'|\S*)")


class Operations:
    """What several adapters can do, as one system that can be acted on."""

    def __init__(self, *adapters: Capability, name: str = "") -> None:
        self.adapters = adapters
        self.name = name

    @classmethod
    def load(cls, path: Path, *more: Capability) -> "Operations":
        """From operations.json, and `more`. Raises ToolFailed where it cannot be used."""
        try:
            access = Access.model_validate_json(path.read_text())
            return cls(*adapters(access), *more, name=access.name)
        except (OSError, ValueError) as error:
            raise ToolFailed(f"{path} cannot be used to act: {error}") from error

    def find(self, capability: type[C], target: str = "") -> C:
        """The adapter that offers this; of several, the one that knows the target. Raises
        ToolFailed where none does."""
        having = [one for one in self.adapters if isinstance(one, capability)]
        knowing = having
        if target and len(having) > 1:
            knowing = [one for one in having if one.inventory().names(target)] or having
        for adapter in knowing:
            if not adapter.shut:
                return adapter
        offered = ", ".join(self.inventory().offered or ()) or "nothing"
        why = "".join(f"; {one.shut}" for one in self.adapters if one.shut)
        raise ToolFailed(f"this needs {capability.__name__}; the system here offers {offered}{why}")

    def inventory(self) -> Inventory:
        """What there is to act on, read now."""
        whole = merged(adapter.inventory() for adapter in self.adapters)
        offered = self._offered(whole)
        shut = [adapter.shut for adapter in self.adapters if adapter.shut]
        return whole.model_copy(update={"offered": offered, "system": self.name, "shut": shut})

    def compare(self, table: str, columns: Sequence[str] = ()) -> Difference:
        """How a table differs from its backup; changes nothing."""
        return self.find(RowRepair).compare(table, columns)

    def inspectors(self) -> list[Inspecting]:
        """The adapters that can be asked what is so."""
        return [adapter for adapter in self.adapters if isinstance(adapter, Inspecting)]

    def perform(self, action: Action) -> Receipt:
        """Carry out one action."""
        return action.perform(self)

    def undo(self, action: Action, stored: Stored) -> Receipt:
        """Put back what the receipt says was there; an action that changed nothing needs none."""
        return action.take_back(self, stored)

    def knows(self, key: str) -> bool:
        """Whether one of the adapters kept this key with what it did."""
        return any(adapter.knows(key) for adapter in self.adapters)

    def stands(self, asked: Request) -> Stood | None:
        """As the adapter says that it is a request of."""
        told = (adapter.stands(asked) for adapter in self.adapters)
        return next((one for one in told if one), None)

    def _offered(self, there: Inventory) -> list[ActionKind]:
        """The actions whose capability one of the adapters has, with something to aim at."""
        return [
            action.kind
            for action in CATALOGUE.values()
            if any(isinstance(one, action.needs) and not one.shut for one in self.adapters)
            and action.aimed(there)
        ]


def adapters(access: Access) -> Iterator[Capability]:
    """One for each section of operations.json, and for each file of the configuration.

    Versions are switched only where something restarts the service into them.
    """
    supervisor = Supervisor(access.supervisor_url) if access.supervisor_url else None
    restart: Restarting | None = SupervisedServices(supervisor) if supervisor else None
    if access.config:
        configuration = Configuration(access.config)
        yield configuration
        edge = Edge(configuration, access.edge) if configuration.has(EDGE) else None
        if supervisor and configuration.has(ENDPOINTS):
            restart = fleet = Fleet(supervisor, configuration)
            yield from [Router(fleet, edge)] if edge else []
        yield from [edge] if edge else []
        yield from [Flags(configuration)] if configuration.has(FLAGS) else []
        yield from [ConfiguredProviders(configuration)] if configuration.has(PROVIDERS) else []
        yield from [ConfiguredModels(configuration)] if configuration.has(MODELS) else []
    if supervisor:
        yield ProcessState(supervisor)
    if supervisor and access.supervisor_config:
        yield ProcessChanges(supervisor, access.supervisor_config)
    if restart:
        yield restart
    if restart and access.releases and access.checkouts and access.current:
        yield Releases(access.releases, access.checkouts, access.current, restart)
    if access.database_dsn:
        yield DatabaseState(access.database_dsn, access.database)
    if access.database_dsn and access.backup:
        yield Database(access.database_dsn, access.backup)
    for section, given in access.platforms.items():
        yield platforms()[section].configured(given)


def platforms() -> dict[str, type[Platform]]:
    """Adapters that read a section of their own, by its name: every file of this package that
    has one, and whatever else derives from Platform."""
    for found in pkgutil.iter_modules(import_module(__package__ or "").__path__):
        import_module(f"{__package__}.{found.name}")
    plugins("targets")
    return {one.section: one for one in _below(Platform) if hasattr(one, "section")}


def _below(platform: type[Platform]) -> Iterator[type[Platform]]:
    for one in platform.__subclasses__():
        yield one
        yield from _below(one)
