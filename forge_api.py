"""Pull requests of GitHub (REST 2022-11-28) and merge requests of GitLab (v4): looked at, opened,
closed. Nothing is tried again here: whoever asks looks what is there first.
"""

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
}


class Forge(Entry):
    """One repository that is changed by pull or merge requests only."""

    forge: Literal["github", "gitlab"] = Field(description="whose API it has")
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
    state: str
    branch: str


class ForgeApi:
    """Requests of one repository. All raise ToolFailed as `outgoing.asked` does."""

    def __init__(self, access: Forge) -> None:
        self.access, self.hub = access, access.forge == "github"
        web, project, self.owner = access.web, access.project, access.project.partition("/")[0]
        api = f"{web}/api/v3" if web != "https://github.com" else "https://api.github.com"
        theirs = f"{web}/api/v4/projects/{quote(project, safe='')}/merge_requests"
        self.place = f"{api}/repos/{project}/pulls" if self.hub else theirs

    def opened(self) -> list[Opened]:
        """The newest that are open."""
        return self._ask("GET", state="open" if self.hub else "opened", per_page="100")

    def of(self, branch: str) -> Opened | None:
        """The newest request for this branch, in whatever state."""
        only = {"head": f"{self.owner}:{branch}"} if self.hub else {"source_branch": branch}
        found = self._ask("GET", state="all", **only)
        return next((one for one in found if one.branch == branch), None)

    def create(self, branch: str, title: str, text: str) -> Opened:
        """Open one."""
        told = {"head": branch, "base": self.access.base, "body": text}
        if not self.hub:
            told = {"source_branch": branch, "target_branch": self.access.base, "description": text}
        return self._ask("POST", told={"title": title, **told})[0]

    def close(self, number: int) -> None:
        """Without merging it."""
        told = {"state": "closed"} if self.hub else {"state_event": "close"}
        self._ask("PATCH" if self.hub else "PUT", f"/{number}", told)

    def _read(self, one: Any) -> Opened:
        known = {"opened": "open", "locked": "open"}.get(one["state"], str(one["state"]))
        state = "merged" if one["merged_at"] else known
        if self.hub:
            branch = one["head"]["label"].removeprefix(f"{self.owner}:")  # of a fork it stays
            return Opened(one["number"], one["html_url"], state, branch)
        ours = one["source_project_id"] == one["target_project_id"]
        return Opened(one["iid"], one["web_url"], state, one["source_branch"] if ours else "")

    def _ask(self, method: str, path: str = "", told: Any = None, **params: str) -> list[Opened]:
        who = f"{self.access.project} at {self.access.web}"
        heads = {"Authorization": f"Bearer {read_secret(self.access.token_file)}", **VERSION}
        place, known = self.place + path, {"headers": heads, "params": params, "json": told}
        found = asked(who, method, place, CURES, self.access.timeout, **known)
        try:
            return [self._read(one) for one in (found if isinstance(found, list) else [found])]
        except (LookupError, TypeError) as error:
            said = f"does not answer as {self.access.forge} does: look at `forge` and `url`"
            raise Unheard(f"{who} {said}") from error
