"""Builds the servers of servers.yaml that are no packages of the system.

    python -m warroom.evals.conformance.build

Takes minutes, on one core at the lowest priority. What is built already stays.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .servers import LIVE, Server, folder

MINUTES = 60
"""That one build may take."""
ONE_CORE = {"GOMAXPROCS": "1", "GOFLAGS": "-p=1 -buildvcs=false", "CGO_ENABLED": "0"}


def environment() -> dict[str, str]:
    """All that Go writes lies in the folder."""
    root = folder()
    places = {"GOPATH": "go", "GOMODCACHE": "go/pkg/mod", "GOCACHE": "go-build"}
    own = {name: str(root / path) for name, path in places.items()}
    return {**os.environ, **own, **ONE_CORE}


def built(server: Server) -> bool:
    """Whether its program is there, in the version of the table."""
    if not server.program:
        return False
    asked = ["go", "version", "-m", str(server.program)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    modules = (line.split("\t")[2:4] for line in said.splitlines() if line.count("\t") > 2)
    return any(
        server.go.startswith(name) and version == f"v{server.version}" for name, version in modules
    )


def build(server: Server) -> str:
    """Builds it; why that failed, in the builder's own words, empty where it did not.

    In a module that only requires it: some modules cannot be installed by themselves.
    """
    module = folder() / "modules" / Path(server.go).name
    shutil.rmtree(module, ignore_errors=True)
    module.mkdir(parents=True)
    output = folder() / "bin" / module.name
    for asked in (
        ["go", "mod", "init", f"conformance/{module.name}"],
        ["go", "get", "-tool", f"{server.go}@v{server.version}"],
        ["go", "build", "-o", str(output), server.go],
    ):
        nice = ["nice", "-n", "19", *asked]
        try:
            subprocess.run(nice, cwd=module, env=environment(), check=True, timeout=60 * MINUTES)
        except FileNotFoundError:
            return "Go is not installed"
        except subprocess.CalledProcessError as error:
            return f"`{' '.join(asked)}` ended with {error.returncode}"
        except subprocess.TimeoutExpired:
            return f"`{' '.join(asked)}` takes more than {MINUTES} minutes here"
    return ""


def main() -> int:
    """Build what is missing; the number of servers that are not there afterwards."""
    missing = 0
    for name, server in LIVE.items():
        if server.go and not built(server):
            print(f"{name} {server.version}: is built in {folder()}", flush=True)
            why = build(server)
        else:
            why = "" if server.program else f"install it: no {server.command} on PATH"
        print(f"{name} {server.version}: {why or server.program}", flush=True)
        missing += bool(why)
    return missing


if __name__ == "__main__":
    sys.exit(main())
