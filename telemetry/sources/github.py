"""Changes of a repository on GitHub: deployments, releases and commits, with patches.

Its REST API: https://docs.github.com/rest (deployments, releases, commits). A request for each
commit and deployment that is new; the hour's limit of requests is GitHub's to refuse by.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ...errors import TelemetryError
from ..model import Change, Window
from .changes import Changes, Say, moment
from .datasource import Datasource
from .http import HttpApi, Params
from .otlp import fields, objects, text
from .source import Source

PAGE = 100
"""Entries of one list, the newest: GitHub's most."""
LOOKED_UP = 30
"""Commits and deployments that are looked at one by one in one ask; the rest has no diff."""
ENDED = {"success": "", "failure": "failed: ", "error": "failed: "}
"""States of a deployment that is over, and what is said of it."""
HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class GitHub(Changes):
    """One repository there."""

    def __init__(self, source: Datasource, api: HttpApi) -> None:
        super().__init__(source)
        self.api = api

    def about(self) -> dict[str, Any]:
        """What it says of the repository itself, in one question. Raises TelemetryError."""
        return fields(self._get(params={}))

    def changes(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        """What went out first: it convicts most."""
        yield from self._deployments(window, known)
        yield from self._releases(window)
        yield from self._commits(window, known, say)

    def _deployments(self, window: Window, known: frozenset[str]) -> Iterator[Change]:
        """Those that are over, when they were, with what came since the one before."""
        only = self.source.jsonData.environment
        asked = {"per_page": PAGE} | ({"environment": only} if only else {})
        every = objects(self._get("deployments", params=asked))
        new = [one for one in every if f"deployment-{one.get('id')}" not in known]
        recent = [one for one in new if moment(one.get("updated_at")) >= window.start]
        for one in recent[:LOOKED_UP]:
            ended = self._ended(one)
            if ended is None:
                continue
            place = one.get("environment")
            older = (each for each in every[every.index(one) + 1 :])
            before = next((each for each in older if each.get("environment") == place), {})
            files, diff = self._between(before.get("sha"), one.get("sha"))
            refs = text(one, "ref"), text(before, "ref")
            told = f"{ENDED[ended['state']]}to {place}: {text(one, 'description') or refs[0]}"
            facts = *refs, text(one, "creator", "login"), told, files, diff
            at, id = moment(ended.get("created_at")), f"deployment-{one.get('id')}"
            yield Change(at, "deployment", self.whose(files), id, *facts)

    def _ended(self, deployment: dict[str, Any]) -> dict[str, Any] | None:
        """The status with which it was over; None: it is not."""
        told = self._get("deployments", str(deployment.get("id")), "statuses", params={})
        return next((one for one in objects(told) if one.get("state") in ENDED), None)

    def _releases(self, window: Window) -> Iterator[Change]:
        every = objects(self._get("releases", params={"per_page": PAGE}))
        out = [one for one in every if one.get("published_at") and not one.get("draft")]
        for one, before in pairwise([*out, {}]):
            at = moment(one["published_at"])
            if window.start <= at < window.end:
                told = f"{text(one, 'name') or text(one, 'tag_name')}: {text(one, 'body')}"
                tags = text(one, "tag_name"), text(before, "tag_name")
                facts = *tags, text(one, "author", "login"), told
                yield Change(at, "release", self.whose(()), f"release-{one.get('id')}", *facts)

    def _commits(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        branch = self.source.jsonData.branch
        asked = {"since": _iso(window.start), "until": _iso(window.end), "per_page": PAGE}
        every = objects(self._get("commits", params=asked | ({"sha": branch} if branch else {})))
        if len(every) == PAGE:
            say(f"commits before the newest {PAGE} of {self.name} were left out")
        new = [one for one in every if one.get("sha") not in known]
        if len(new) > LOOKED_UP:
            say(f"diffs of commits before the newest {LOOKED_UP} of {self.name} were left out")
        for number, one in enumerate(new):
            sha, told = text(one, "sha"), fields(one.get("commit"))
            found = self._get("commits", sha, params={}) if number < LOOKED_UP else {}
            files, diff = _patches(found)
            at, author = moment(text(told, "committer", "date")), text(told, "author", "name")
            facts = "", "", author, text(told, "message"), files, diff
            yield Change(at, "commit", self.whose(files), sha, *facts)

    def _between(self, before: Any, after: Any) -> tuple[tuple[str, ...], str]:
        """What came between two commits; nothing where one of them is gone."""
        if not all(HASH.fullmatch(str(one)) for one in (before, after)) or before == after:
            return (), ""
        try:
            return _patches(self._get("compare", f"{before}...{after}", params={}))
        except TelemetryError:
            return (), ""

    def _get(self, *path: str, params: Params) -> Any:
        owner, _, repository = self.source.jsonData.repository.partition("/")
        return self.api.json("repos", owner, repository, *path, params=params)


def _patches(found: Any) -> tuple[tuple[str, ...], str]:
    """Names of the files of a commit or a comparison, and their patches as one."""
    files = objects(fields(found).get("files"))
    named = [(str(file.get("filename")), file.get("patch")) for file in files]
    patches = [f"--- a/{name}\n+++ b/{name}\n{patch}\n" for name, patch in named if patch]
    return tuple(name for name, _ in named), "".join(patches)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def open_github(source: Datasource) -> Sequence[Source]:
    """Its changes."""
    return [GitHub(source, HttpApi(source))]
