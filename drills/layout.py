"""Where everything of one run lives: folders, services, instances, ports, and what is scraped."""

import json
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from .world import SHOP, World, world

MAX_CONNECTIONS = 60  # of the database
QUOTA = 1_000_000  # tokens that each AI provider has


@dataclass(frozen=True)
class ShopInstance:
    """One process of one service; the name is also its supervisor program."""

    service: str
    name: str
    port: int
    active: bool

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Folder:
    """The folder of the run that has the attribute's name."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layout: "Layout", _owner: type) -> Path:
        return layout.root / self.name


@dataclass(frozen=True)
class Layout:
    """The run's directory and the ports that were free when it was made."""

    root: Path
    instances: tuple[ShopInstance, ...]
    ports: dict[str, int]  # supervisor, database, exporter, ai-primary, ai-fallback, ...
    name: str = SHOP

    @classmethod
    def create(cls, root: Path, links: Sequence[str] = (), name: str = SHOP) -> "Layout":
        """Make the folders and pick free ports for the world of that name.

        links: stretches of network to be laid: in front of a service or provider by its name, or
        between a service and its database ("payments->database").
        """
        root = root.resolve()
        for folder in ("current", "checkouts", "backup", "telemetry", "traffic", "output"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        copies = [(spec, number) for spec in world(name).services for number in range(spec.copies)]
        others = ("supervisor", "database", "exporter", "prometheus", "alertmanager")
        named = (
            *others,
            *(f"ai-{ai}" for ai in world(name).providers),
            *(f"link-{n}" for n in links),
        )
        ports = free_ports(len(copies) + len(named))
        instances = tuple(
            ShopInstance(spec.name, f"{spec.name}-{number + 1}", port, number < spec.active)
            for (spec, number), port in zip(copies, ports, strict=False)
        )
        layout = cls(root, instances, dict(zip(named, ports[len(copies) :], strict=True)), name)
        layout.file.write_text(json.dumps(asdict(layout), default=str))
        return layout

    @classmethod
    def load(cls, root: Path) -> "Layout":
        """The layout that `create` wrote: for the processes that the run starts."""
        data = json.loads((root / "traffic" / "layout.json").read_text())
        instances = tuple(ShopInstance(**entry) for entry in data["instances"])
        return cls(Path(data["root"]), instances, data["ports"], data["name"])

    @property
    def world(self) -> World:
        """What it is the layout of."""
        return world(self.name)

    def of(self, service: str) -> list[ShopInstance]:
        return [instance for instance in self.instances if instance.service == service]

    def url(self, name: str) -> str:
        """Base URL of a named port, such as "exporter" or "ai-primary"."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def links(self) -> list[str]:
        """The stretches of network that this run has."""
        return [name.removeprefix("link-") for name in self.ports if name.startswith("link-")]

    def near_end(self, name: str) -> int:
        """The port where callers reach it: the link's where one is laid."""
        return self.ports.get(f"link-{name}") or self.far_end(name)

    def far_end(self, name: str) -> int:
        """The port where it listens."""
        if name in self.ports:
            return self.ports[name]
        return self.ports["database"] if "->" in name else self.of(name)[0].port

    def line_file(self, name: str) -> Path:
        """What steers a link."""
        return self.traffic / f"link-{name}.json"

    @property
    def file(self) -> Path:
        return self.traffic / "layout.json"

    @property
    def operations(self) -> Path:
        """How one may act on the run."""
        return self.root / "operations.json"

    releases, checkouts, current, config = Folder(), Folder(), Folder(), Folder()
    backup, telemetry = Folder(), Folder()
    traffic = Folder()
    """What steers the load: of no concern to whoever responds."""
    output = Folder()
    """What the processes print, one file each."""


def free_ports(count: int) -> list[int]:
    """Ports that were free just now; all are held until the last is known."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Target(NamedTuple):
    """One endpoint to scrape and the identity its samples get."""

    service: str
    instance: str
    url: str


def targets(layout: Layout) -> list[Target]:
    """Active instances (endpoints.json), the database's exporter, the AI providers.

    Each is scraped where it listens, whatever lies between it and its callers.
    """
    endpoints = json.loads((layout.config / "endpoints.json").read_text())
    urls = {instance.name: instance.url for instance in layout.instances}
    found = [
        Target(service, entry["instance"], urls[entry["instance"]])
        for service, entries in endpoints.items()
        for entry in entries
        if entry["active"]
    ]
    found.append(Target("database", "database-1", layout.url("exporter")))
    names = [f"ai-{name}" for name in layout.world.providers]
    return found + [Target(name, f"{name}-1", layout.url(name)) for name in names]
