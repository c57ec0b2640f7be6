"""A git repository driven through its command line, bounded in time."""

import os
import subprocess
from pathlib import Path

from ..errors import ToolFailed

IDENTITY = ("user.name=warroom", "user.email=warroom@example.invalid")
# A person's own settings must not change what we do: no signing prompt, no hooks of theirs.
SETTINGS = (*IDENTITY, "commit.gpgsign=false", "tag.gpgsign=false", "core.hooksPath=/dev/null")


class Git:
    """One repository; every call ends within `timeout_s` seconds or raises ToolFailed."""

    def __init__(self, folder: Path, timeout_s: float = 10.0) -> None:
        self.folder = folder
        self.timeout_s = timeout_s

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
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
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
