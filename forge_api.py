"""Pull requests of GitHub (REST 2022-11-28) and merge requests of GitLab (v4): looked at, opened,
closed. Nothing is tried again here: whoever asks looks what is there first.
"""

import json
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import httpx
from pydantic import Field

from .errors import ForgeError
from .outgoing import body, client
from .yaml_tables import Duration, Entry

MOST_BYTES, SAID = 16 * 2**20, 300
"""Of one answer; characters of the forge's own words that are passed on."""
CURES = {
    401: "its token is not accepted: renew what is in token_file",
    403: "its token lacks a right: docs/targets.md says which it needs",
    404: "no such project or branch, or its token may not see it: look at project, base, token",
    422: "it does not take it so: look at what it names",
    429: "it asks to be left alone for now: ask again later",
}


class Forge(Entry):
    """One repository that is changed by pull or merge requests only."""

    forge: Literal["github", "gitlab"] = Field(description="whose API it has")
    project: str = Field(pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)+$", description="acme/shop")
    url: str = Field(
        default="",
        pattern=r"^(https?://[^ @?#]+)?$",
        description="of a forge of your own; empty: github.com, gitlab.com",
    )
    clone: Path = Field(description="folder of a clone; made, bare, where there is none")
    base: str = Field(
        default="main", pattern=r"^\w[\w./-]{0,99}$", description="the branch it is merged into"
    )
    token_file: Path = Field(description="holds a token that may push branches and open requests")
    mode: Literal["read", "propose", "act"] = Field(
        default="read", description="read: look; propose: also plan; act: also what was approved"
    )
    timeout: Duration = Field(default=60.0, description="for one answer, fetch or push: 60s")

    @property
    def web(self) -> str:
        """Where the forge is, without a slash at its end."""
        return self.url.rstrip("/") or f"https://{self.forge}.com"

    @property
    def token(self) -> str:
        """Raises ForgeError where it cannot be read."""
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ForgeError(f"{self.token_file} cannot be read: {error}") from error


class Opened(NamedTuple):
    """A request as the forge shows it; state: open, merged or closed."""

    number: int
    url: str
    state: str
    branch: str


class Dialect(NamedTuple):
    """What the two call the same things."""

    place: str
    user: str  # under which name git hands the token over
    heads: dict[str, str]
    open: str
    only: dict[str, str]  # how a list is asked for one branch
    branch: str
    base: str
    text: str
    number: str
    url: str
    closing: tuple[str, dict[str, str]]


GITHUB = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
DIALECTS = {
    "github": Dialect(
        *("{web}/api/v3/repos/{project}/pulls", "x-access-token"),
        *({"Authorization": "Bearer {token}", **GITHUB}, "open", {"head": "{owner}:{branch}"}),
        *("head", "base", "body", "number", "html_url", ("PATCH", {"state": "closed"})),
    ),
    "gitlab": Dialect(
        *("{web}/api/v4/projects/{id}/merge_requests", "oauth2"),
        *({"PRIVATE-TOKEN": "{token}"}, "opened", {"source_branch": "{branch}"}),
        *("source_branch", "target_branch", "description", "iid", "web_url"),
        ("PUT", {"state_event": "close"}),
    ),
}


class ForgeApi:
    """Requests of one repository. All raise ForgeError."""

    def __init__(self, access: Forge) -> None:
        self.access, self.says = access, DIALECTS[access.forge]
        owner, project = access.project.partition("/")[0], access.project
        self.known = {"web": access.web, "project": project, "owner": owner}
        place = self.says.place.format(id=quote(project, safe=""), **self.known)
        self.place = place.replace("https://github.com/api/v3", "https://api.github.com")

    def opened(self) -> list[Opened]:
        """The newest that are open."""
        return self._ask("GET", state=self.says.open, per_page="100")

    def of(self, branch: str) -> Opened | None:
        """The newest request for this branch, in whatever state."""
        only = {n: t.format(branch=branch, **self.known) for n, t in self.says.only.items()}
        return next(iter(self._ask("GET", state="all", **only)), None)

    def create(self, branch: str, title: str, text: str) -> Opened:
        """Open one; where the error is `unsure`, it may be open all the same."""
        into = {self.says.branch: branch, self.says.base: self.access.base}
        return self._ask("POST", told={**into, "title": title, self.says.text: text})[0]

    def close(self, number: int) -> None:
        """Without merging it."""
        method, told = self.says.closing
        self._ask(method, f"/{number}", told)

    def _read(self, one: Any) -> Opened:
        state = "open" if one["state"] in ("open", "opened", "locked") else "closed"
        state = "merged" if one["merged_at"] else state
        branch = one.get("source_branch") or one["head"]["ref"]
        return Opened(one[self.says.number], one[self.says.url], state, branch)

    def _ask(self, method: str, path: str = "", told: Any = None, **params: str) -> list[Opened]:
        access, name = self.access, f"{self.access.project} at {self.access.web}"
        until, wrote = time.monotonic() + access.timeout, method != "GET"
        heads = {name: t.format(token=access.token) for name, t in self.says.heads.items()}
        known = {"headers": heads, "params": params, "json": told}
        try:
            with (
                client(timeout=access.timeout) as http,
                http.stream(method, self.place + path, **known) as answer,
            ):
                said = body(answer, MOST_BYTES, until)
            if not answer.is_success:
                unsure = wrote and answer.is_server_error
                raise ForgeError(f"{name} answers {_refusal(answer.status_code, said)}", unsure)
            found = json.loads(said)
            return [self._read(one) for one in (found if isinstance(found, list) else [found])]
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ForgeError(f"{name} cannot be reached: {error}") from error
        except httpx.HTTPError as error:
            raise ForgeError(f"{name} does not answer: {error}", wrote) from error
        except (ValueError, LookupError, TypeError) as error:
            why = f"does not answer as {access.forge} does: look at `forge` and `url`"
            raise ForgeError(f"{name} {why}", wrote) from error


def _refusal(status: int, said: bytes) -> str:
    """403 (in its own words): what to do."""
    try:
        found = json.loads(said)
        parts = [found[name] for name in ("message", "error", "errors") if found.get(name)]
        own = "; ".join(one if isinstance(one, str) else json.dumps(one) for one in parts)
    except (ValueError, AttributeError):
        own = ""
    told = f" ({' '.join(own.split())[:SAID]})" if own else ""
    return f"{status}{told}: {CURES.get(status, 'look at the forge itself')}"
