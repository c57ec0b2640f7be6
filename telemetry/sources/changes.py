"""What feeds of changes have in common: whose a change is, what was told already, how long a diff
may be. Texts of commits and notes are anybody's: they are passed on as what they are, data.
"""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...errors import TelemetryError
from ..model import Change, Window
from .datasource import Datasource
from .source import About, Asked, Batch, SourceQuery, closed

LONGEST_DIFF, LONGEST_TEXT = 100_000, 2_000
"""Characters that are kept."""
MOST = 200
"""Changes of one sort in one ask: the newest."""
SECONDS = 8.0
"""That an ask may take: others wait for it."""
LATE = f"took more than {SECONDS:g} s: the rest is asked for with the next step"
CUT = "\n… the diff is longer"
SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
Say = Callable[[str], None]


class Changes(ABC):
    """Changes of one backend. Its place is the ids that were told: a commit is pushed long after it
    was made, and a deployment ends long after it began."""

    modality = "changes"
    whole = False
    language = "http"

    def __init__(self, source: Datasource) -> None:
        self.source = source

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"{self.source.type} at {self.source.url}"

    @abstractmethod
    def changes(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        """What changed within a window and is not known yet; `say` takes what is left out."""

    def queries(self, about: About) -> Iterator[Asked]:
        """Commits by their id, each with its page where there are pages; else the lists."""
        place = tuple(filter(None, self.source.jsonData.repository.split("/")))
        commits = [one for one in about.changes if SHA.fullmatch(one)]
        yield from (Asked("git", f"git show {one}", (*place, "commit", one)) for one in commits)
        if not commits:
            yield from (Asked(self.language, text) for text in self.listing(about.window))

    def listing(self, window: Window) -> Iterable[str]:
        """What it asks for a window, in the backend's own words."""
        return [f"{self.name}: changes from {window.start:.0f} to {window.end:.0f}"]

    def read(self, ask: SourceQuery) -> Batch:
        """The changes that were not told yet; one that names no service is of every scope.

        Raises TelemetryError where the backend gives nothing.
        """
        known: frozenset[str] = ask.after or frozenset()
        mine = self.source.jsonData.service
        if mine and not self.source.jsonData.folders and not ask.scope.holds(mine):
            return Batch(after=known)
        found, said, gap = list[Change](), list[str](), ""
        try:
            found += self._new(ask, known, said.append)
        except TelemetryError as error:
            if not found:
                raise
            gap = f"{self.name}: {error}"
        found.sort(key=lambda one: one.at, reverse=True)
        batch = Batch.of(map(_row, found), ask.budget, gap=gap, left_out=tuple(dict.fromkeys(said)))
        return replace(batch, after=known | {*map(self.key, found[: batch.rows])})

    def key(self, one: Change) -> str:
        """What it is known by once it was told."""
        return one.id

    def _new(self, ask: SourceQuery, known: frozenset[str], say: Say) -> Iterator[Change]:
        until = time.monotonic() + min(SECONDS, ask.budget.seconds)
        for one in self.changes(closed(ask.window), known, say):
            new = self.key(one) not in known and ask.window.start <= one.at < ask.window.end
            if new and (not one.service or ask.scope.holds(one.service)):
                yield one
            if time.monotonic() > until:
                raise TelemetryError(LATE)

    def whose(self, files: Iterable[str]) -> str:
        """The one service in whose folder all of it happened; else whose the repository is."""
        folders, touched = self.source.jsonData.folders.items(), set[str]()
        for file in files:
            inside = (name for name, at in folders if file.startswith(at.strip("/") + "/"))
            touched.add(next(inside, ""))
        return (touched.pop() if len(touched) == 1 else "") or self.source.jsonData.service


def _row(told: Change) -> dict[str, Any]:
    """A change as a line of a bundle, with no more of its texts than is kept."""
    diff = told.diff[:LONGEST_DIFF] + CUT * (len(told.diff) > LONGEST_DIFF)
    files = [file[:LONGEST_TEXT] for file in told.files[:MOST]]
    row = {name: str(value)[:LONGEST_TEXT] for name, value in vars(told).items()}
    row |= {"at": told.at, "files": files, "diff": diff}
    return {name: value for name, value in row.items() if value not in ("", [])}


def moment(text: Any) -> float:
    """Unix seconds of an ISO 8601 time. Raises TelemetryError for what is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError) as error:
        raise TelemetryError(f"told a time that is none: {str(text)[:40]!r}") from error
