"""Releases: which version of a service runs, what ran before, switching back.

A deploy is an annotated tag `deploy/<service>/<n>` with the message `deploy <service> <version>`;
the version that runs is where the symbolic link `current/<service>` points.
"""

import os
import secrets
from pathlib import Path
from typing import NamedTuple

from ..actions.capabilities import Replaced, Restarted, Restarting, RolledOut, Rollout
from ..actions.inventory import Inventory, Part
from ..errors import Halfway, ToolFailed
from .git import TRAILER, Git, keyed

TAGS = "refs/tags/deploy/"


class Deploy(NamedTuple):
    """One deploy of a service."""

    number: int
    version: str


class Releases(Rollout):
    """The releases repository, its checkouts, the links that services run from, and what restarts
    them into another release."""

    def __init__(
        self, repository: Path, checkouts: Path, current: Path, restart: Restarting
    ) -> None:
        self.git = Git(repository)
        self.checkouts = checkouts
        self.current = current
        self.processes = restart

    def inventory(self) -> Inventory:
        """Which version runs, which ran before, which could run."""
        versions = self.versions()
        parts = {}
        for name in self.services():
            runs, ran = self.current_version(name), self.previous_version(name)
            deployed = self.recorded_version(name)
            parts[name] = Part(version=runs, deployed=deployed, previous=ran, versions=versions)
        return Inventory(services=parts)

    def run_version(self, service: str, version: str) -> RolledOut:
        """Switch the link, restart, record the deploy. What a crash left half done is finished.

        Raises Halfway where the link leads to the version and not every process came up in it.
        """
        before = self.recorded_version(service)
        if self.is_deployed(service, version):
            note = f"{service} runs {version} already"
            return RolledOut(service=service, before=before, changed=False, note=note)
        self.switch(service, version)
        done = self._restarted(service, before, version)
        tag = self.record(service, version)
        return RolledOut(
            service=service, before=before, version=version, deploy=tag, restarted=done
        )

    def _restarted(self, service: str, before: str, version: str) -> list[Replaced]:
        try:
            return self.processes.restart(service).restarted
        except ToolFailed as error:
            part = error.receipt if isinstance(error, Halfway) else None
            done = part.restarted if isinstance(part, Restarted) else []
            receipt = RolledOut(service=service, before=before, version=version, restarted=done)
            text = f"{service} is switched from {before} to {version}, but: {error}"
            raise Halfway(text, receipt) from error

    def knows(self, key: str) -> bool:
        """Whether a deploy carries this key."""
        form = "%(contents)"
        return (
            f"{TRAILER}: {key}\n" in self.git.run("for-each-ref", f"--format={form}", TAGS) + "\n"
        )

    def services(self) -> list[str]:
        """Services that run from a release."""
        return sorted(
            path.name
            for path in self.current.iterdir()
            if path.is_symlink() and not path.name.startswith(".")
        )

    def versions(self) -> list[str]:
        """Versions that are checked out, so can be switched to at once."""
        return sorted(path.name for path in self.checkouts.iterdir() if path.is_dir())

    def deploys(self, service: str) -> list[Deploy]:
        """Every deploy of the service, oldest first."""
        form = "%(refname:lstrip=-1) %(contents:subject)"
        prefix = f"{TAGS}{service}/"
        lines = self.git.run("for-each-ref", f"--format={form}", prefix).splitlines()
        words = (line.split(" ") for line in lines)
        return sorted(Deploy(int(number), version) for number, *_, version in words)

    def current_version(self, service: str) -> str:
        """The version that `current/<service>` points to."""
        try:
            return Path(os.readlink(self.current / service)).name
        except OSError as error:
            known = ", ".join(self.services()) or "none"
            raise ToolFailed(f"{service} runs from no release; these do: {known}") from error

    def recorded_version(self, service: str) -> str:
        """The version of the last deploy: the one before a switch that was not finished."""
        history = self.deploys(service)
        return history[-1].version if history else self.current_version(service)

    def previous_version(self, service: str) -> str:
        """The version to roll back to; "" when there is none."""
        history = [deploy.version for deploy in self.deploys(service)]
        return previous_good(history, self.current_version(service))

    def is_deployed(self, service: str, version: str) -> bool:
        """Whether the link and the last deploy agree on this version: a finished switch."""
        history = self.deploys(service)
        recorded = bool(history) and history[-1].version == version
        return recorded and self.current_version(service) == version

    def switch(self, service: str, version: str) -> None:
        """Point the service at another checkout, in one step. It runs after a restart."""
        if version not in self.versions():
            raise ToolFailed(
                f"version {version} is not checked out; these are: {', '.join(self.versions())}"
            )
        link = self.current / service
        fresh = link.with_name(f".{service}.{secrets.token_hex(4)}")
        fresh.symlink_to(os.path.relpath(self.checkouts / version, self.current))
        fresh.replace(link)

    def record(self, service: str, version: str) -> str:
        """Tag the deploy; returns the tag's name."""
        history = self.deploys(service)
        number = history[-1].number + 1 if history else 1
        tag = f"deploy/{service}/{number}"
        message = keyed(f"deploy {service} {version}")
        self.git.run("tag", "-a", tag, *message, f"{version}^{{commit}}")
        return tag


def previous_good(history: list[str], current: str) -> str:
    """The version below `current` once every roll back in the history has been undone.

    Going back to a version discards the ones deployed after it, so what was rolled back is never
    offered again as good: for [1.0, 1.1, 1.0] and current 1.0 there is none.
    """
    kept: list[str] = []
    for version in [*history, current]:
        kept = [*kept[: kept.index(version)], version] if version in kept else [*kept, version]
    return kept[-2] if len(kept) > 1 else ""
