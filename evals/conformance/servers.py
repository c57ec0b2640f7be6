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
    "ci": "in CI",
    "fake": "a fake made from the published API",
    "untried": "not tried",
}


class Server(Entry):
    """One backend."""

    type: Kind = Field(description="the kind of data source that reads it")
    version: str = Field(default="", description="that was tried")
    works: str = Field(description="what is read of it")
    proof: Literal["live", "ci", "fake", "untried"] = Field(description="how that is known")
    also: str = Field(default="", description="what else it was tried by")
    go: str = Field(default="", description="the package that is built, of a published Go module")
    command: str = Field(default="", description="the program, where it is installed")
    arguments: tuple[str, ...] = Field(default=(), description="that it is started with")
    config: str = Field(default="", description="its file $config")
    ready: str = Field(default="", description="the path that answers 200 once it is up")

    @property
    def program(self) -> Path | None:
        """Where it is; None: not built or not installed."""
        if self.go:
            built = folder() / "bin" / Path(self.go).name
            return built if built.is_file() else None
        found = shutil.which(self.command)
        return Path(found) if found else None


def folder() -> Path:
    """Where servers are built, outside the tree."""
    return Path(os.environ.get(FOLDER) or Path.home() / ".cache" / "warroom-conformance")


def row(name: str, server: Server) -> str:
    """A line of the table in docs/datasources.md."""
    proven = "; ".join(filter(None, [PROOFS[server.proof], server.also]))
    cells = (name, f"`{server.type}`", server.version or "-", server.works, proven)
    return f"| {' | '.join(cells)} |"


SERVERS = read_table("evals/conformance/servers.yaml", dict[str, Server])
LIVE = {name: server for name, server in SERVERS.items() if server.proof == "live"}
"""Those that run for real."""
