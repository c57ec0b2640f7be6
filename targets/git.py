"""Git repositories, driven through the command line and bounded in time: any, and the one with the
configuration, JSON files that services read again, each change one commit.
"""

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..actions.capabilities import KEY, Committed, Reverted, Reverting
from ..errors import ToolFailed

IDENTITY = ("user.name=warroom", "user.email=warroom@example.invalid")
# A person's own settings must not change what we do: no signing prompt, no hooks, logins of theirs.
SETTINGS = (*IDENTITY, "commit.gpgsign=false", "tag.gpgsign=false", "core.hooksPath=/dev/null")
SETTINGS += ("credential.helper=", "http.followRedirects=false")


class Git:
    """One repository; every call ends within `timeout_s` seconds or raises ToolFailed."""

    def __init__(self, folder: Path, timeout_s: float = 10.0, **known: str) -> None:
        self.folder, self.timeout_s, self.known = folder, timeout_s, known  # its environment

    def run(self, *arguments: str) -> str:
        """Standard output of `git <arguments>`, without trailing blanks."""
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        command = ["git", "-C", str(self.folder), *options, *arguments]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=self.timeout_s,
                check=True,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **self.known},
            )
        except FileNotFoundError as error:
            raise ToolFailed("git is not on PATH: install it, then try again") from error
        except subprocess.TimeoutExpired as error:
            raise ToolFailed(
                f"git {arguments[0]} in {self.folder} took longer than {self.timeout_s:g} s: "
                "look for a stale index.lock there"
            ) from error
        except subprocess.CalledProcessError as error:
            raise ToolFailed(
                f"git {' '.join(arguments)} in {self.folder} failed: {error.stderr.strip()}"
            ) from error
        return done.stdout.rstrip()


def keyed(message: str) -> list[str]:
    """The message of a commit or tag, with the key under which it is made, if any."""
    trailer = [f"{TRAILER}: {KEY.get()}"] if KEY.get() else []
    return [part for text in [message, *trailer] for part in ("-m", text)]


TRAILER = "Warroom-Key"
LOCK_TIMEOUT_S = 5.0

R = TypeVar("R", bound=Committed)


class Configuration(Reverting):
    """Reads, changes and commits one file at a time, one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git = Git(folder)

    def read(self, name: str) -> dict[str, Any]:
        """The file's document. Raises ToolFailed where it is missing or no JSON object."""
        path = self.folder / name
        try:
            document = json.loads(path.read_text())
        except OSError as error:
            raise ToolFailed(f"{path} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise ToolFailed(f"{path} is not JSON ({error}): repair it by hand first") from error
        if not isinstance(document, dict):
            raise ToolFailed(f"{path} holds no JSON object: repair it by hand first")
        return document

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.folder / name).is_file()

    def update(self, name: str, summary: str, edit: Callable[[dict[str, Any]], R]) -> R:
        """Let `edit` change the document in place, then commit under `summary`.

        Returns `edit`'s own receipt, with the commit.
        A change that was written but not committed before a crash is committed now.
        """
        with locked(self.folder / ".git"):
            document = self.read(name)
            receipt = edit(document)
            self._write(name, document)
            return receipt.model_copy(update={"commit": self._commit(name, summary)})

    def revert(self, commit: str) -> Reverted:
        """One more commit, after which what this one changed is as before it.

        Raises ToolFailed, with nothing changed, for what is no commit of here, where somebody is at
        work, and where later commits changed the same lines.
        """
        with locked(self.folder / ".git"):
            self.git.run("merge-base", "--is-ancestor", commit, "HEAD")
            if self._changed():
                raise ToolFailed(f"{self.folder} has changes that are not committed: look there")
            try:
                self.git.run("revert", "--no-commit", commit)
            except ToolFailed as error:
                self.git.run("revert", "--abort")
                raise ToolFailed(
                    f"{commit[:10]} cannot be reverted, later commits changed the same: by hand"
                ) from error
            if not self._changed():
                self.git.run("revert", "--quit")
                return Reverted(reverts=commit, changed=False, note="it is as before already")
            subject = self.git.run("log", "-1", "--format=%s", commit)
            self.git.run("commit", "--quiet", *keyed(f'Revert "{subject}" ({commit[:10]})'))
            return Reverted(reverts=commit, commit=self.git.run("rev-parse", "HEAD"))

    def knows(self, key: str) -> bool:
        """Whether a commit carries this key."""
        line = f"{TRAILER}: {key}"  # as a whole: git itself looks for a part of one
        return line in self.git.run("log", "--format=%B", "-F", f"--grep={line}").splitlines()

    def _changed(self) -> str:
        return self.git.run("status", "--porcelain", "--untracked-files=no")

    def _write(self, name: str, document: dict[str, Any]) -> None:
        """Replace the file in one step: a service never sees half of it."""
        path = self.folder / name
        if json.loads(path.read_text()) == document:
            return
        fresh = path.with_name(f".{name}.{os.getpid()}")
        fresh.write_text(json.dumps(document, indent=2) + "\n")
        fresh.replace(path)

    def _commit(self, name: str, summary: str) -> str:
        if not self.git.run("status", "--porcelain", "--", name):
            return ""
        self.git.run("add", "--", name)
        self.git.run("commit", "--quiet", *keyed(summary), "--", name)
        return self.git.run("rev-parse", "HEAD")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One writer at a time, across processes; released by the kernel when a writer dies."""
    with (folder / "warroom.lock").open("w") as file:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while not _try_lock(file.fileno()):
            if time.monotonic() > deadline:
                raise ToolFailed(
                    f"another process has been changing {folder.parent} for "
                    f"{LOCK_TIMEOUT_S:g} s: wait for it, then try again"
                )
            time.sleep(0.05)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
