"""A system's source repository: history, versions, one checkout per version, deploys."""

import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import DrillError
from .layout import Layout
from .repositories import AUTHOR, Repository
from .world import Edit

SOURCES = Path(__file__).parent
README = "# The {0}\n\nOne package, one process per service: `python -m {1}`.\n"
CHECKED_OUT = 3  # the newest versions have a checkout
HOUR = 3600.0


class ReleaseRepository:
    """releases/, checkouts/ and current/ of a run."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.world = layout.world
        self.repository = Repository(layout.releases)

    def create(self) -> None:
        """Write the history, check out the last versions and point every service at one."""
        self.repository.create()
        self.write_source()
        self.tell_history(time.time())
        versions = [step.version for step in self.world.history]
        for version in versions[-CHECKED_OUT:]:
            self.check_out(version)
        for spec in self.world.services:
            self.point(spec.name, versions[-1])

    def write_source(self) -> None:
        top, first = self.layout.releases / self.world.root, self.world.services[0]
        for source in (found for each in self.world.sources for found in SOURCES.glob(each)):
            target = top / source.relative_to(SOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source.read_text())
        module = f"{self.world.package}.{first.module or first.name}"
        readme = README.format(self.world.name, module)
        (self.layout.releases / "README.md").write_text(readme)
        (self.layout.releases / ".gitignore").write_text("__pycache__/\n")

    def tell_history(self, now: float) -> None:
        """Undo every step's edits, then make them again, a commit and a tag each."""
        for step in reversed(self.world.history):
            self.edit([(path, after, before) for path, before, after in step.edits])
        for step in self.world.history:
            self.edit(step.edits)
            when = now - step.hours_ago * HOUR
            self.repository.commit(step.message, step.author, when)
            self.repository.tag(step.version, step.message, step.author, when)
            if step in self.world.history[-2:]:
                for number, spec in enumerate(self.world.services):
                    self.note_deploy(spec.name, step.version, when + (number + 1) * HOUR / 4)

    def edit(self, edits: Sequence[Edit]) -> list[str]:
        """Replace text in the working tree; a text that is missing or ambiguous is an error."""
        for path, before, after in edits:
            file = self.layout.releases / path
            text = file.read_text()
            if text.count(before) != 1:
                raise DrillError(
                    f"cannot edit {path}: {before!r} occurs {text.count(before)} times, not once"
                )
            file.write_text(text.replace(before, after))
        return [path for path, _, _ in edits]

    def release(self, edits: Sequence[Edit], message: str, author: str) -> str:
        """Commit the edits as a new version with a checkout; returns the version."""
        self.edit(edits)
        version = next_version(self.versions())
        self.repository.commit(message, author)
        self.repository.tag(version, message, author)
        self.check_out(version)
        return version

    def versions(self) -> list[str]:
        return self.repository.run("tag", "--list", "v*").split()

    def check_out(self, version: str) -> None:
        target = self.layout.checkouts / version
        self.repository.run("worktree", "add", "--quiet", "--detach", str(target), version)

    def deploy(self, service: str, version: str, author: str = AUTHOR) -> None:
        """Point the service at the version and note it; the restart is the caller's."""
        self.point(service, version)
        self.note_deploy(service, version, None, author)

    def point(self, service: str, version: str) -> None:
        link = self.layout.current / service
        fresh = link.with_name(f".{service}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("..") / "checkouts" / version)
        fresh.replace(link)

    def note_deploy(
        self, service: str, version: str, when: float | None, author: str = AUTHOR
    ) -> None:
        tags = self.repository.run("tag", "--list", f"deploy/{service}/*").split()
        number = 1 + max((int(tag.rsplit("/", 1)[1]) for tag in tags), default=0)
        commit = f"{version}^{{commit}}"
        self.repository.run(
            *("tag", "--annotate", f"deploy/{service}/{number}", commit),
            *("--message", f"deploy {service} {version}"),
            author=author,
            when=when,
        )


def next_version(versions: Sequence[str]) -> str:
    """The highest version with its last number one up.

    >>> next_version(["v1.9.3", "v1.10.0"])
    'v1.10.1'
    """
    numbers = (tuple(map(int, version[1:].split("."))) for version in versions)
    major, minor, patch = max(numbers)
    return f"v{major}.{minor}.{patch + 1}"
