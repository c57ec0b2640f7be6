"""Pull requests of GitHub (REST 2022-11-28) and Gitea (v1), merge requests of GitLab (v4): looked
at, opened, closed. Nothing is tried again here: whoever asks looks what is there first.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from pydantic import Field

from .errors import Unheard
from .outgoing import asked, read_secret
from .yaml_tables import Duration, Entry

VERSION = {"X-GitHub-Api-Version": "2022-11-28"}
CURES = {
    401: "its token is not accepted: renew what is in token_file",
    403: "its token lacks a right: docs/targets.md says which it needs",
    404: "no such project or branch, or its token may not see it: look at project, base, token",
    409: "that is otherwise by now: look at its requests there",
}
MOST_PAGES, PAGE = 20, 50
"""Of what a Gitea lists, which filters by no branch: so many of its newest are looked at."""


class Forge(Entry):
    """One repository that is changed by pull or merge requests only."""

    forge: Literal["github", "gitlab", "gitea"] = Field(description="whose API it has")
    project: str = Field(pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)+$", description="acme/shop")
    url: str = Field(default="", pattern=r"^(https?://[^ @?#]+)?$", description="of your own forge")
    clone: Path = Field(description="folder of a clone; made, bare, where there is none")
    base: str = Field(default="main", pattern=r"^\w[\w./-]{0,99}$", description="what merges it")
    token_file: Path = Field(description="holds a token that may push branches and open requests")
    mode: Literal["read", "propose", "act"] = Field(
        default="read", description="read: look; propose: also plan; act: also what was approved"
    )
    timeout: Duration = Field(default=60.0, description="for one answer, fetch or push: 60s")

    @property
    def web(self) -> str:
        """Where the forge is, without a slash at its end."""
        return self.url.rstrip("/") or f"https://{self.forge}.com"


class Opened(NamedTuple):
    """A request as the forge shows it; state: open, merged or closed."""

    number: int
    url: str
    state: Literal["open", "merged", "closed"]
    branch: str
    merged_at: datetime | None = None


class ForgeApi:
    """Requests of one repository. All raise ToolFailed as `outgoing.asked` does."""

    def __init__(self, access: Forge) -> None:
        self.access, self.lab = access, access.forge == "gitlab"
        web, project, self.owner = access.web, access.project, access.project.partition("/")[0]
        api = f"{web}/api/v3" if web != "https://github.com" else "https://api.github.com"
        api = f"{web}/api/v1" if access.forge == "gitea" else api
        theirs = f"{web}/api/v4/projects/{quote(project, safe='')}/merge_requests"
        self.place = theirs if self.lab else f"{api}/repos/{project}/pulls"

    def opened(self) -> list[Opened]:
        """The newest that are open."""
        return list(self._listed("opened" if self.lab else "open"))

    def of(self, branch: str) -> Opened | None:
        """The newest request for this branch, in whatever state."""
        only = {"source_branch": branch} if self.lab else {"head": f"{self.owner}:{branch}"}
        return next((one for one in self._listed("all", **only) if one.branch == branch), None)

    def create(self, branch: str, title: str, text: str) -> Opened:
        """Open one."""
        told = {"head": branch, "base": self.access.base, "body": text}
        if self.lab:
            told = {"source_branch": branch, "target_branch": self.access.base, "description": text}
        return self._ask("POST", told={"title": title, **told})[0]

    def close(self, number: int) -> None:
        """Without merging it."""
        told = {"state_event": "close"} if self.lab else {"state": "closed"}
        self._ask("PUT" if self.lab else "PATCH", f"/{number}", told)

    def _listed(self, state: str, **only: str) -> Iterator[Opened]:
        if self.access.forge != "gitea":
            yield from self._ask("GET", state=state, per_page="100", **only)
            return
        more = {"state": state, "limit": str(PAGE)}
        pages = (self._ask("GET", **more, page=str(one + 1)) for one in range(MOST_PAGES))
        for page in takewhile(bool, pages):
            yield from page

    def _read(self, one: Any) -> Opened:
        closed = one["state"] in ("closed", "merged")
        at = datetime.fromisoformat(one["merged_at"]) if one["merged_at"] else None
        state = "merged" if at else "closed" if closed else "open"
        if self.lab:
            ours = one["source_project_id"] == one["target_project_id"]
            branch = one["source_branch"] if ours else ""
            return Opened(one["iid"], one["web_url"], state, branch, at)
        head, gitea = one["head"], self.access.forge == "gitea"
        ours = not gitea or head["repo_id"] == one["base"]["repo_id"]
        branch = head["label"].removeprefix(f"{self.owner}:")  # of a fork it stays
        return Opened(one["number"], one["html_url"], state, branch if ours else "", at)

    def _ask(self, method: str, path: str = "", told: Any = None, **params: str) -> list[Opened]:
        who = f"{self.access.project} at {self.access.web}"
        heads = {"Authorization": f"Bearer {read_secret(self.access.token_file)}", **VERSION}
        place, known = self.place + path, {"headers": heads, "params": params, "json": told}
        found = asked(who, method, place, CURES, self.access.timeout, **known)
        try:
            return [self._read(one) for one in (found if isinstance(found, list) else [found])]
        except (LookupError, TypeError, ValueError) as error:
            said = f"does not answer as {self.access.forge} does: look at `forge` and `url`"
            raise Unheard(f"{who} {said}") from error
