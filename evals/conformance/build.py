"""Builds the servers of servers.yaml that are no packages of the system.

    python -m warroom.evals.conformance.build [NAME …]      # of the table; none: all

Takes minutes, on one core at the lowest priority. What is built already stays.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .servers import BUILT, Server, folder

HERE = Path(__file__).parent

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
    if not server.program or server.jars or server.npm:
        return server.program is not None
    asked = ["go", "version", "-m", str(server.program)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    modules = (line.split("\t")[2:4] for line in said.splitlines() if line.count("\t") > 2)
    wanted = server.go or server.modules[0]
    return any(
        wanted.startswith(name) and version == f"v{server.version}" for name, version in modules
    )


def build(server: Server) -> str:
    """Builds it; why that failed, in the builder's own words, empty where it did not.

    In a module that only requires it: some modules cannot be installed by themselves.
    """
    module = folder() / "modules" / Path(server.go or server.main or server.npm).stem
    shutil.rmtree(module, ignore_errors=True)
    module.mkdir(parents=True)
    if server.jars:
        (module / "pom.xml").write_text(pom(server))
    elif server.main:
        shutil.copy(HERE / server.main, module / "main.go")
    try:
        for asked in commands(server, module.name):
            nice = ["nice", "-n", "19", *asked]
            subprocess.run(nice, cwd=module, env=environment(), check=True, timeout=60 * MINUTES)
    except FileNotFoundError as error:
        return f"{error.filename} is not installed"
    except subprocess.CalledProcessError as error:
        return f"`{' '.join(error.cmd)}` ended with {error.returncode}"
    except subprocess.TimeoutExpired as error:
        return f"`{' '.join(error.cmd)}` takes more than {MINUTES} minutes here"
    return ""


def commands(server: Server, name: str) -> Iterator[list[str]]:
    """What makes the program of that name."""
    if server.jars:
        into = f"-DoutputDirectory={server.library}"
        yield ["mvn", "-B", "-q", "dependency:copy-dependencies", into]
        return
    if server.npm:
        quietly = ["--silent", "--no-audit", "--no-fund"]
        into = f"--prefix={server.library}"
        yield ["npm", "install", *quietly, into, f"{server.npm}@{server.version}"]
        return
    yield ["go", "mod", "init", f"conformance/{name}"]
    if server.forked:
        yield ["go", "mod", "edit", *replacements(f"{server.forked}@v{server.version}")]
    wanted = [
        one if "@" in one else f"{one}@v{server.version}" for one in server.modules or (server.go,)
    ]
    yield ["go", "get", *(["-tool"] if server.go else []), *wanted]
    if server.main:
        yield ["go", "mod", "tidy"]
    flags = [f"-tags={server.tags}"] if server.tags else []
    flags += [f"-ldflags=-X {server.stamp}=v{server.version}"] if server.stamp else []
    yield ["go", "build", *flags, "-o", str(folder() / "bin" / name), server.go or "."]


def pom(server: Server) -> str:
    """What Maven is asked for: jars of the server's version where they name none."""
    asked = [(*jar.split(":"), server.version)[:3] for jar in server.jars]
    names = ("groupId", "artifactId", "version")
    parts = [[f"<{n}>{v}</{n}>" for n, v in zip(names, one, strict=True)] for one in asked]
    wanted = "".join(f"<dependency>{''.join(part)}</dependency>" for part in parts)
    own = "<groupId>conformance</groupId><artifactId>server</artifactId><version>1</version>"
    head = f"<modelVersion>4.0.0</modelVersion>{own}"
    return f"<project>{head}<dependencies>{wanted}</dependencies></project>"


def replacements(module: str) -> Iterator[str]:
    """Those of a module, by published ones: Go heeds them in the main module alone."""
    file = _told("mod", "download", "-json", module)["GoMod"]
    for one in _told("mod", "edit", "-json", file)["Replace"]:
        old, new = (one[side]["Path"] for side in ("Old", "New"))
        version = one["New"].get("Version", "")
        if new.startswith("./staging/"):  # Kubernetes publishes these beside itself, from 0
            new, version = old, f"v0.{module.rpartition('@v')[2].partition('.')[2]}"
        if version:
            yield f"-replace={old}={new}@{version}"


def module_folder(module: str) -> Path:
    """Where the source of a published module of Go is, with what its authors laid beside it."""
    return Path(_told("mod", "download", "-json", module)["Dir"])


def _told(*asked: str) -> dict[str, Any]:
    said = subprocess.run(["go", *asked], env=environment(), check=True, capture_output=True)
    return json.loads(said.stdout)


def main() -> int:
    """Build what is missing, of these names or all; the number of servers that are not there
    afterwards."""
    names, missing = sys.argv[1:] or list(BUILT), 0
    if unknown := [name for name in names if name not in BUILT]:
        print(f"{', '.join(unknown)}: none of {', '.join(BUILT)}")
        return len(unknown)
    for name in names:
        server = BUILT[name]
        if (server.go or server.main or server.npm) and not built(server):
            print(f"{name} {server.version}: is built in {folder()}", flush=True)
            why = build(server)
        else:
            why = "" if server.program else f"install it: no {server.command} on PATH"
        print(f"{name} {server.version}: {why or server.program}", flush=True)
        missing += bool(why)
    return missing


if __name__ == "__main__":
    sys.exit(main())
