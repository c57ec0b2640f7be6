"""Changes of a git repository on this machine, a clone or a bare mirror: what came onto a branch,
and tags as releases or deploys, with diffs.

A repository is data: none of its hooks, drivers, signatures and settings may start a program, no
name in it is taken for an option, nothing is fetched, and what it answers is bounded.
"""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer

import re2

from ...errors import TelemetryError
from ..model import Change, Window
from .changes import LONGEST_DIFF, MOST, Changes, Say
from .datasource import Datasource
from .source import Source

VERSION = r"(?:(?P<service>[\w.-]+)[/@])?(?P<version>v?\d+\.\d[\w.+-]*)"
"""Tags that look like a version, as tools for repositories of several packages write them."""
MOST_BYTES = 4 * LONGEST_DIFF
MOST_TAGS = 5000
SETTINGS = (
    *("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "diff.external="),
    *("log.showSignature=false", "protocol.allow=never"),
)
ENVIRONMENT = {
    **{"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1"},
    **{"GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"},
    **{"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
}
PATCH = (
    *("--raw", "--patch", "-z", "--no-abbrev", "--find-renames"),
    *("--no-ext-diff", "--no-textconv", "--no-color"),
)
SHOW = ("show", "--format=", "--diff-merges=first-parent", *PATCH)
ENTRY = "%H%x00%ct%x00%<(99,trunc)%an%x00%<(999,trunc)%s%x00"
TAG = "%(refname:strip=2)%00%(creatordate:unix)%00%(taggername)%00%(authorname)%00%(objectname)"
TAG += "%00%(contents:subject)%00%(*objectname)"


@dataclass(frozen=True)
class Tag:
    """One tag that says a version."""

    name: str
    at: float
    author: str
    id: str  # of the commit that it points to
    subject: str
    service: str
    version: str


class GitRepository(Changes):
    """One repository."""

    language = "git"

    def changes(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        """What came onto the branch, a merge as one change, then tags; the newest first."""
        yield from self._commits(window, known, say)
        yield from self._deploys(window, known)

    def listing(self, window: Window) -> Iterator[str]:
        """The log that they are taken from."""
        span = f"--since={window.start:.0f}", f"--until={window.end:.0f}"
        branch = self.source.jsonData.branch or "HEAD"
        yield shlex.join(["git", "log", "--first-parent", *span, branch])

    def _commits(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        times = [f"--max-age={int(window.start)}", f"--min-age={int(window.end)}"]
        walk = ["log", "--first-parent", "-z", f"--max-count={MOST + 1}", f"--format={ENTRY}"]
        parts = self._git(*walk, *times, of=[self.source.jsonData.branch or "HEAD"]).split("\0")
        commits = [parts[at : at + 4] for at in range(0, len(parts) - 4, 5)]
        if len(commits) > MOST:
            say(f"commits before the newest {MOST} of {self.name} were left out")
        for sha, at, author, subject in commits[:MOST]:
            if sha not in known:
                files, diff = _patch(self._git(*SHOW, of=[sha]))
                told = "", "", author.strip(), subject.strip(), files, diff
                yield Change(float(at), "commit", self.whose(files), sha, *told)

    def _deploys(self, window: Window, known: frozenset[str]) -> Iterator[Change]:
        newest: dict[str, Tag] = {}  # of each service
        for older in self._tags():
            if newer := newest.get(older.service):
                yield from self._deploy(newer, older, window, known)
            newest[older.service] = older
        for first in newest.values():
            yield from self._deploy(first, None, window, known)

    def _deploy(
        self, tag: Tag, before: Tag | None, window: Window, known: frozenset[str]
    ) -> Iterator[Change]:
        """A tag as a change; its diff is what came since the last one of the same service."""
        if _key(tag.id, tag.version, tag.at) in known or not window.start <= tag.at < window.end:
            return
        folder = self.source.jsonData.folders.get(tag.service)
        paths = [f":(literal){folder}"] if folder else []
        compared = [before.id, tag.id] if before else []
        files, diff = _patch(self._git("diff", *PATCH, of=compared, paths=paths) if before else "")
        kind = "deploy" if self.source.jsonData.tags else "release"
        previous = before.version if before else ""
        told = tag.version, previous, tag.author, tag.subject, files, diff
        yield Change(tag.at, kind, tag.service or self.whose(files), tag.id, *told)

    def key(self, one: Change) -> str:
        """A deploy has the id of its commit: both are one change that arrives."""
        return one.id if one.kind == "commit" else _key(one.id, one.version, one.at)

    def _tags(self) -> Iterator[Tag]:
        """Those that say a version, newest first."""
        pattern = re2.compile(self.source.jsonData.tags or VERSION)
        listing = ["for-each-ref", f"--count={MOST_TAGS}", "--sort=-creatordate", f"--format={TAG}"]
        lines = self._git(*listing, of=["refs/tags/"], paths=None).split("\n")
        whole = [parts for line in lines if len(parts := line.split("\0")) == 7]
        for name, at, tagger, author, id, subject, commit in whole:
            if (found := pattern.fullmatch(name)) and at:
                said = found.groupdict()
                whose, version = said.get("service") or "", said.get("version") or name
                yield Tag(name, float(at), tagger or author, commit or id, subject, whose, version)

    def _git(self, *asked: str, of: Sequence[str], paths: Sequence[str] | None = ()) -> str:
        """What git says about revisions, and paths where it takes such, as far as that is kept.

        Raises TelemetryError saying what is wrong with the repository.
        """
        folder = Path(self.source.url).resolve()
        settings = (*SETTINGS, f"safe.directory={folder}")
        options = [part for setting in settings for part in ("-c", setting)]
        about = ["--end-of-options", *of, *([] if paths is None else ["--", *paths])]
        known = {**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
        known |= {"PATH": os.environ.get("PATH", os.defpath)}
        command = ["git", "--no-pager", *options, *asked, *about]
        try:
            return bounded(command, folder, known, self.source.timeout)
        except OSError as error:
            raise TelemetryError(f"cannot be read, {error.filename}: {error.strerror}") from error


def _key(id: str, version: str, at: float) -> str:
    return f"{id} {version} {at:.0f}"


def bounded(command: list[str], folder: Path, known: dict[str, str], timeout: float) -> str:
    """The beginning of what a program writes; it is ended after that, or when it takes long."""
    late = Event()
    with tempfile.TemporaryFile() as errors:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": errors}
        running = subprocess.Popen(command, cwd=folder, env=known, **pipes)

        def stop() -> None:
            late.set()
            running.kill()

        watch = Timer(timeout, stop)
        watch.start()
        with running:
            body = running.stdout.read(MOST_BYTES) if running.stdout else b""
            if len(body) == MOST_BYTES:
                running.kill()
        watch.cancel()
        errors.seek(0)
        said = " ".join(errors.read(400).decode(errors="replace").split())
    if late.is_set():
        raise TelemetryError(f"took more than {timeout:g} s: look at its load, or give it longer")
    if running.returncode and len(body) < MOST_BYTES:
        raise TelemetryError(f"is refused by git: {said or 'it gave no reason'}")
    return body.decode(errors="replace")


def _patch(text: str) -> tuple[tuple[str, ...], str]:
    """The files of `--raw --patch -z`, and the patch."""
    raw, _, diff = text.partition("\0\0")
    parts, files = iter(raw.split("\0")), list[str]()
    for facts in parts:
        path = next(parts, "")
        files.append(next(parts, path) if facts.rpartition(" ")[2][:1] in ("R", "C") else path)
    return tuple(filter(None, files)), diff


def open_git(source: Datasource) -> Sequence[Source]:
    """Its changes."""
    return [GitRepository(source)]
