"""The table of backends: which versions were tried, how they are run, what is known of them."""

import os
import shutil
from pathlib import Path
from typing import Literal

from pydantic import Field

from ...telemetry.sources.datasource import Kind
from ...yaml_tables import Entry, read_table

FOLDER = "WARROOM_CONFORMANCE"
"""The environment variable that names the folder of built servers and of the build's caches."""
PROOFS = {
    "live": "the real server, by `make conformance`; its answers replayed in CI",
    "run": "the real one, by `make conformance`",
    "acted": "the real one is acted on, by `make conformance`",
    "ci": "in CI",
    "fake": "a fake made from the published API",
    "untried": "not tried",
}


class Server(Entry):
    """One backend."""

    type: Kind = Field(description="the kind of data source that reads it")
    version: str = Field(default="", description="that was tried")
    works: str = Field(description="what is read of it")
    proof: Literal["live", "run", "acted", "ci", "fake", "untried"] = Field(
        description="how that is known"
    )
    also: str = Field(default="", description="what else it was tried by")
    go: str = Field(default="", description="the package that is built, of a published Go module")
    main: str = Field(default="", description="else the file beside the table that is built")
    modules: tuple[str, ...] = Field(default=(), description="of Go that it needs, in the version")
    forked: str = Field(default="", description="the module whose replacements hold in its build")
    stamp: str = Field(
        default="", description="the variable of Go that the build sets to v<version>"
    )
    tags: str = Field(default="", description="with which Go builds it")
    jars: tuple[str, ...] = Field(
        default=(), description="from Maven, with the file `main` for Java"
    )
    npm: str = Field(default="", description="else the package that npm installs beside them")
    command: str = Field(default="", description="the program, where it is installed")
    arguments: tuple[str, ...] = Field(default=(), description="that it is started with")
    config: str = Field(default="", description="its file $config")
    ready: str = Field(default="", description="the path that answers 200 once it is up")

    @property
    def program(self) -> Path | None:
        """Where it is; None: not built or not installed."""
        if (self.jars or self.npm) and not self.library.is_dir():
            return None
        if self.go or (self.main and not self.jars):
            built = folder() / "bin" / Path(self.go or self.main).stem
            return built if built.is_file() else None
        found = shutil.which(self.command)
        return Path(found) if found else None

    @property
    def packaged(self) -> bool:
        """Whether it is a package of the system, and nothing of it has to be built."""
        return bool(self.command) and not (self.jars or self.npm)

    @property
    def library(self) -> Path:
        """The folder of its jars, or of its package."""
        kind, name = ("npm", self.npm) if self.npm else ("jars", Path(self.main).stem)
        return folder() / kind / f"{name}-{self.version}"


def folder() -> Path:
    """Where servers are built, outside the tree."""
    return Path(os.environ.get(FOLDER) or Path.home() / ".cache" / "warroom-conformance")


def row(name: str, server: Server) -> str:
    """A line of the table in docs/datasources.md."""
    proven = "; ".join(filter(None, [PROOFS[server.proof], server.also]))
    cells = (name, f"`{server.type}`", server.version or "-", server.works, proven)
    return f"| {' | '.join(cells)} |"


SERVERS = read_table("evals/conformance/servers.yaml", dict[str, Server])
LIVE = {name: server for name, server in SERVERS.items() if server.proof in ("live", "run")}
"""Those that run for real."""
BUILT = LIVE | {name: server for name, server in SERVERS.items() if server.proof == "acted"}
"""Those, and what is acted on for real."""
TAPED = {name: server for name, server in LIVE.items() if server.proof == "live"}
"""Those whose answers are replayed elsewhere."""
