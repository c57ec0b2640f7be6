"""What changed: deploys, configuration, flags, scaling and restarts, into changes.jsonl."""

import json
import time
import xmlrpc.client
from dataclasses import asdict
from http.client import HTTPException
from typing import Any

from ..telemetry.model import Change
from .layout import Layout
from .repositories import Repository
from .supervision import ProcessRestart, RestartWatch

TAGS = (
    "%(refname:short)%09%(taggerdate:unix)%09%(taggername)%09%(contents:subject)%09%(*objectname)"
)
LONGEST_DIFF = 20_000  # characters


class ChangeWatch:
    """Looks at the two repositories and the supervisor, and appends what is new."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.deploys = Deploys(Repository(layout.releases))
        self.commits = Commits(Repository(layout.config), layout.world.owners)
        self.restarts = RestartWatch(layout)
        self.seen_refs = ""

    def look(self) -> None:
        found = restarts(self.restarts)
        refs = refs_state(self.layout)
        if refs != self.seen_refs:
            found += self.deploys.new() + self.commits.new()
            self.seen_refs = refs
        with (self.layout.telemetry / "changes.jsonl").open("a") as file:
            for change in sorted(found, key=lambda change: change.at):
                file.write(json.dumps(asdict(change)) + "\n")
                file.flush()


def refs_state(layout: Layout) -> str:
    """Changes whenever a deploy tag or a configuration commit is added; costs no process."""
    tags = layout.releases / ".git" / "refs" / "tags" / "deploy"
    folders = [tags, *sorted(tags.iterdir())] if tags.is_dir() else []
    head = layout.config / ".git" / "refs" / "heads" / "main"
    return " ".join(str(path.stat().st_mtime_ns) for path in [*folders, head] if path.exists())


class Deploys:
    """Deploy tags of the releases repository, oldest first."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.seen: set[str] = set()
        self.current: dict[str, tuple[str, str]] = {}  # service: version, commit

    def new(self) -> list[Change]:
        listing = self.repository.run(
            "for-each-ref", "--sort=taggerdate", f"--format={TAGS}", "refs/tags/deploy"
        )
        rows = [line.split("\t") for line in listing.splitlines()]
        rows.sort(key=lambda row: (float(row[1]), int(row[0].rsplit("/", 1)[1])))
        return [self.change(*row) for row in rows if row[0] not in self.seen]

    def change(self, tag: str, at: str, author: str, subject: str, commit: str) -> Change:
        self.seen.add(tag)
        service, version = tag.split("/")[1], subject.rsplit(" ", 1)[-1]
        previous, base = self.current.get(service, ("", ""))
        self.current[service] = (version, commit)
        files, diff = difference(self.repository, base, commit) if base else ((), "")
        note = self.repository.run("log", "-1", "--format=%s (%an)", commit)
        summary = f"{service} {previous or 'new'} -> {version}: {note}"
        return Change(
            float(at), "deploy", service, commit, version, previous, author, summary, files, diff
        )


class Commits:
    """Commits of the configuration repository: flag, scale or config."""

    def __init__(self, repository: Repository, owners: dict[str, str]) -> None:
        self.repository, self.owners = repository, owners
        self.last = ""

    def new(self) -> list[Change]:
        span = f"{self.last}..HEAD" if self.last else "HEAD"
        listing = self.repository.run("log", "--reverse", "--format=%H%x09%ct%x09%an%x09%s", span)
        found: list[Change] = []
        for line in listing.splitlines():
            commit, at, author, subject = line.split("\t", 3)
            if self.last:
                found.append(self.change(commit, float(at), author, subject))
            self.last = commit
        return found

    def change(self, commit: str, at: float, author: str, subject: str) -> Change:
        files, diff = difference(self.repository, f"{commit}^", commit)
        kind, service, name = "config", self.owners.get(files[0] if files else "", ""), commit
        if "flags.json" in files:
            kind, (flag, value) = "flag", self.changed(commit, "flags.json")
            if flag:
                service, name = value.get("metadata", {}).get("service", ""), flag
        elif "endpoints.json" in files:
            kind, (service, _) = "scale", self.changed(commit, "endpoints.json")
        return Change(at, kind, service, name, commit[:10], "", author, subject, files, diff)

    def changed(self, commit: str, file: str) -> tuple[str, Any]:
        """The first entry of a file that differs, with its name; ("", {}) for none."""
        texts = (self.repository.run("show", f"{at}:{file}") for at in (f"{commit}^", commit))
        before, after = map(json.loads, texts)
        before, after = before.get("flags", before), after.get("flags", after)
        differs = ((name, value) for name, value in after.items() if before.get(name) != value)
        return next(differs, ("", {}))


def difference(repository: Repository, base: str, commit: str) -> tuple[tuple[str, ...], str]:
    """Files and unified diff between two commits."""
    files = repository.run("diff", "--name-only", base, commit).splitlines()
    return tuple(files), repository.run("diff", "--unified=2", base, commit)[:LONGEST_DIFF]


def restarts(seen: RestartWatch) -> list[Change]:
    """Processes that the supervisor started again; none where it does not answer."""
    try:
        found = seen.new()
    except (OSError, HTTPException, xmlrpc.client.Fault):
        return []
    return [_restarted(one, seen.services[one.program]) for one in found]


def _restarted(one: ProcessRestart, service: str) -> Change:
    at = min(float(one.started) + 0.5, time.time())  # the supervisor counts whole seconds
    name, author = f"{one.program}/{one.pid}", "supervisor"
    summary = f"{one.program} was started again (pid {one.old_pid} -> {one.pid})"
    return Change(at, "restart", service, name, author=author, summary=summary)
