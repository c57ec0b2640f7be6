"""Feature flags that a server keeps: Unleash by its Admin API, flagd by the file it watches."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import Field

from ..actions.capabilities import Committed, FeatureFlags, FlagSet
from ..actions.inventory import Inventory
from ..errors import Halfway, ToolFailed, Unheard
from ..outgoing import asked, read_secret
from .configured import Flags
from .doors import Guarded, Section

MOST_FLAGS = 1000
CURES = {
    401: "renew the token in token_file",
    403: "the token may not switch flags there",
    404: "no such flag, project or environment",
}


class UnleashAccess(Section):
    """The section `unleash`."""

    url: str = Field(pattern=r"^https?://", description="of the server, as people open it")
    token_file: Path = Field(description="holds a token that may update flags of that environment")
    project: str = Field(default="default", description="whose flags")
    environment: str = Field(default="production", description="in which they are switched")
    timeout_s: float = Field(default=10.0, gt=0, description="for one answer")


class Unleash(Guarded[UnleashAccess], FeatureFlags):
    """A flag is on where its environment is enabled; its strategies stay as they are."""

    section = "unleash"
    given = UnleashAccess

    def inventory(self) -> Inventory:
        """Every flag of the project, and whether it is on there."""
        found = self._ask("GET", "features").get("features", [])
        return Inventory(flags={one["name"]: self._on(one) for one in found[:MOST_FLAGS]})

    def turn_off(self, flag: str) -> FlagSet:
        """Disable the environment."""
        return self._set(flag, "off")

    def restore(self, was: FlagSet) -> FlagSet:
        """As it was."""
        return self._set(was.flag, str(was.before["state"] or "off"))

    def _set(self, flag: str, to: str) -> FlagSet:
        here = f"{self.access.environment} of {self.access.project}"
        before = "on" if self._on(self._ask("GET", "features", flag)) else "off"
        receipt = FlagSet(flag=flag, before={"state": before}, changed=before != to)
        if before == to:
            return receipt.model_copy(update={"note": f"{flag} is {to} already in {here}"})
        self.open(f"turn {flag} {to} in {here}, in Unleash itself")
        try:
            self._ask("POST", "features", flag, "environments", self.access.environment, to)
            now = self._on(self._ask("GET", "features", flag))
        except Unheard as error:
            raise Halfway(str(error), receipt) from error
        if now != (to == "on"):
            raise Halfway(f"Unleash took it, and {flag} is not {to} in {here}: look there", receipt)
        return receipt

    def _on(self, feature: dict[str, Any]) -> bool:
        return any(
            one.get("name") == self.access.environment and one.get("enabled")
            for one in feature.get("environments", ())
        )

    def _ask(self, method: str, *path: str) -> dict[str, Any]:
        parts = ("api", "admin", "projects", self.access.project, *path)
        url = "/".join([self.access.url.rstrip("/"), *(quote(part, safe="") for part in parts)])
        token = {"Authorization": read_secret(self.access.token_file)}
        who = f"Unleash at {self.access.url}"
        return asked(who, method, url, CURES, self.access.timeout_s, headers=token) or {}


class FlagdAccess(Section):
    """The section `flagd`."""

    file: Path = Field(description="the flags, as `flagd start --uri file:…` watches them")


class Flagd(Guarded[FlagdAccess], Flags):
    """What of it is kept in git belongs into `config` of operations.json instead."""

    section = "flagd"
    given = FlagdAccess

    def __init__(self, access: FlagdAccess) -> None:
        Guarded.__init__(self, access)
        self.configuration = WatchedFile(access.file, self.open)


C = TypeVar("C", bound=Committed)


class WatchedFile:
    """One JSON document that another process reads again whenever it is replaced."""

    def __init__(self, file: Path, opened: Callable[[str], None]) -> None:
        self.file = file
        self.opened = opened

    def read(self, _name: str) -> dict[str, Any]:
        """Raises ToolFailed where it is no JSON object."""
        try:
            found = json.loads(self.file.read_text())
        except (OSError, ValueError) as error:
            raise ToolFailed(f"{self.file} cannot be used: {error}") from error
        if not isinstance(found, dict):
            raise ToolFailed(f"{self.file} holds no JSON object: repair it by hand first")
        return found

    def update(self, name: str, summary: str, edit: Callable[[dict[str, Any]], C]) -> C:
        """Let `edit` change it in place; it is replaced in one step, one writer at a time.

        Raises ToolFailed where it cannot be replaced by one that the same people may read.
        """
        self.opened(f"{summary} in {self.file}")
        try:
            with self.file.with_name(f".{self.file.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                document = self.read(name)
                before = json.dumps(document)
                receipt = edit(document)
                if json.dumps(document) != before:
                    _replace(self.file.resolve(), json.dumps(document, indent=2) + "\n")
        except OSError as error:
            raise ToolFailed(f"nothing was done: {self.file} is not replaced: {error}") from error
        return receipt


def _replace(file: Path, text: str) -> None:
    was, fresh = file.stat(), file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_text(text)
        os.chown(fresh, was.st_uid, was.st_gid)  # another process reads it, as somebody else
        fresh.chmod(was.st_mode)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
