"""A run's git repositories: the few commands it needs; the configuration's few JSON files."""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import DrillError
from .layout import Layout, ShopInstance

AUTHOR = "Release bot <release@shop.example>"


class Repository:
    """A git repository with a working tree."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self.run("init", "--quiet", "--initial-branch=main")

    def run(self, *arguments: str, author: str = AUTHOR, when: float | None = None) -> str:
        """Standard output of `git <arguments>`, as that author at that time (unix seconds)."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment(author, when),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip()
            raise DrillError(f"git {arguments[0]} failed in {self.path}: {said}")
        return done.stdout.strip()

    def commit(self, message: str, author: str, when: float | None = None) -> str:
        """Commit everything in the working tree; returns the hash."""
        self.run("add", "--all")
        self.run("commit", "--quiet", "--message", message, author=author, when=when)
        return self.run("rev-parse", "HEAD")

    def tag(self, name: str, message: str, author: str, when: float | None = None) -> None:
        """An annotated tag on HEAD."""
        self.run("tag", "--annotate", name, "--message", message, author=author, when=when)


def environment(author: str, when: float | None) -> dict[str, str]:
    name, _, mail = author.rstrip(">").partition(" <")
    moment = datetime.fromtimestamp(when, UTC) if when is not None else datetime.now(UTC)
    date = moment.isoformat(timespec="seconds")
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": mail or "shop@shop.example"}
        own[f"GIT_{role}_DATE"] = date
    return {**os.environ, **own}


OPERATOR = "Platform team <platform@shop.example>"


class ConfigurationRepository:
    """config/ of a run."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.repository = Repository(layout.config)

    def create(self) -> None:
        self.repository.create()
        for name, value in self.first().items():
            write_json(self.layout.config / name, value)
        self.repository.commit("Set up the configuration", OPERATOR)

    def first(self) -> dict[str, Any]:
        endpoints = {
            spec.name: [
                {"instance": each.name, "url": self.url(each), "active": each.active}
                for each in self.layout.of(spec.name)
            ]
            for spec in self.layout.world.services
        }
        ways = {n: self.layout.near_end(f"ai-{n}") for n in self.layout.world.providers}
        urls = {name: {"url": f"http://127.0.0.1:{port}"} for name, port in ways.items()}
        files = {name: dict(content) for name, content in self.layout.world.configuration.items()}
        if urls:
            files["providers.json"]["providers"] = urls
        return {**files, "endpoints.json": endpoints}

    def url(self, instance: ShopInstance) -> str:
        """Where callers reach it: a link leads to the first instance of a service."""
        port = self.layout.near_end(instance.service) if instance.active else instance.port
        return f"http://127.0.0.1:{port}"

    def read(self, file: str) -> dict[str, Any]:
        return json.loads((self.layout.config / file).read_text())

    def change(
        self, file: str, mutate: Callable[[dict[str, Any]], None], message: str, author: str
    ) -> str:
        """Apply `mutate` to the file's content and commit; returns the commit."""
        content = self.read(file)
        mutate(content)
        write_json(self.layout.config / file, content)
        return self.repository.commit(message, author)


def write_json(path: Path, value: Any) -> None:
    """Replace the file in one step: a reader sees the old content or the new."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(fresh, path)
