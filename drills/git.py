"""The few git commands a run needs, untouched by the person's own git settings."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from ..errors import DrillError

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
