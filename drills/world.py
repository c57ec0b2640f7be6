"""The system that a drill breaks, described by a file of worlds/: what runs, how it is known, what
may go wrong there."""

from functools import cache
from typing import Any

from pydantic import Field, Json

from ..telemetry.model import Service, Windows
from ..yaml_tables import HERE, Entry, read_table

MIB = 1 << 20
Edit = tuple[str, str, str]
"""Path in the repository, text before, text after."""


class ServiceSpec(Entry):
    """How one service runs."""

    name: str = Field(description="as telemetry calls it")
    module: str = Field(default="", description="of the package; empty: the service's name")
    copies: int = Field(default=1, description="the spares too")
    active: int = Field(default=1, description="how many of them run from the start")
    concurrency: int = Field(default=16, description="requests or jobs at a time")
    pool_size: int = Field(default=0, description="connections to the database; 0: it has none")
    memory_limit_bytes: int = Field(default=220 * MIB, description="under which it really runs")
    upstream_timeout_s: float = Field(default=2.0, description="until a call is given up")

    @property
    def connections(self) -> int:
        """The database role's own limit: a pool per copy and room for a person with psql."""
        return self.pool_size * self.copies + 2


class PastRelease(Entry):
    """One release of the history: who made it, how long before the run, and what it changed."""

    version: str = Field(description="its tag")
    author: str = Field(description="Name <address>, as git has people")
    hours_ago: float = Field(description="before the run")
    message: str = Field(description="of the commit")
    edits: tuple[Edit, ...] = Field(
        default=(), description="path in the repository, text before, text after"
    )


class World(Entry):
    """One system; empty lists are of what it does not have."""

    name: str = Field(description="as `--world` takes it: the file's")
    description: str = Field(description="what it is, in words")
    parts: str = Field(description="what is started, in words")
    sources: tuple[str, ...] = Field(description="files under drills/ that its repository holds")
    root: str = Field(default="", description="folder of the repository that they lie in")
    package: str = Field(description="of which a service's process runs a module")
    services: tuple[ServiceSpec, ...] = Field(description="what runs")
    providers: tuple[str, ...] = Field(default=(), description="external AI APIs")
    traffic: str = Field(description="module of drills/ that brings what comes from outside")
    good: str = Field(description="what an answer to it is called that went well")
    database: str = Field(description="file of drills/ that makes the tables")
    fills: str = Field(default="", description="module of drills/ that fills them")
    tables: tuple[str, ...] = Field(description="what the backup holds")
    gauges: dict[str, str] = Field(
        default_factory=dict, description="metric: SQL that gives rows of (service, value)"
    )
    configuration: dict[str, Json[dict[str, Any]]] = Field(description="files: JSON in them")
    owners: dict[str, str] = Field(default_factory=dict, description="file: service")
    history: tuple[PastRelease, ...] = Field(description="oldest first; `sources` are the newest")
    windows: Windows = Field(description="how long a response looks back and waits, seconds")
    catalogue: tuple[Service, ...] = Field(description="what people know of it beforehand")
    faults: tuple[str, ...] = Field(description="that apply, in the order of the score table")
    surprises: tuple[str, ...] = Field(description="tables of surprise/ that seeds draw from")
    besides: tuple[str, ...] = Field(default=(), description="tables of drills that none draws")

    def author(self, service: str) -> str:
        """Who releases it, as git has people: its team."""
        team = next(entry.team for entry in self.catalogue if entry.name == service)
        return f"{team.capitalize()} team <{team}@shop.example>"

    def entries(self) -> list[Service]:
        """The catalogue, with the limits that the processes really run under."""
        specs = {spec.name: spec for spec in self.services}
        found = [entry.model_copy(deep=True) for entry in self.catalogue]
        for entry in found:
            if spec := specs.get(entry.name):
                pool = {"db_connections": spec.pool_size} if spec.pool_size else {}
                own = {"memory_bytes": spec.memory_limit_bytes, "concurrency": spec.concurrency}
                entry.limits = {**own, **pool}
                entry.instances_max = spec.copies
        return found


SHOP = "shop"
WORLDS = tuple(sorted(path.stem for path in (HERE / "drills" / "worlds").glob("*.yaml")))


@cache
def world(name: str = SHOP) -> World:
    """The world of that name."""
    return read_table(f"drills/worlds/{name}.yaml", World)
