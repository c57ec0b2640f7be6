"""Repositories that are changed by pull or merge requests only. What is asked for is made ready as
one commit, whose hash is part of the plan; it is pushed under a branch of its own and waits there.

The same change of the same base is the same commit, so the same branch: whoever looks sees whether
it was asked for, and it is not asked for twice.
"""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Self, TypeVar

from pydantic import JsonValue, TypeAdapter

from ..actions.capabilities import FOUND, KEY, Platform, Reverted, Reverting, Waiting
from ..actions.inventory import Inventory, Request, Stood, merged
from ..errors import Halfway, ToolFailed
from ..forge_api import Forge, ForgeApi
from ..outgoing import read_secret
from ..text_safety.lines import one_line
from .git import TRAILER, Git, locked

MOST_COMMITS, MOST_DIFF, MOST_TITLE = 20, 8000, 200
"""Commits that can be taken back; characters of a change that a person still reads, of a title."""
W = TypeVar("W", bound=Waiting)


class Repository:
    """One that is asked to merge."""

    def __init__(self, access: Forge) -> None:
        self.access, self.forge = access, ForgeApi(access)
        self.name = f"{access.project} at {access.web}"
        self.url, self.ref = f"{access.web}/{access.project}.git", f"refs/warroom/{access.base}"
        self.git = Git(access.clone, access.timeout)

    def look(self) -> Inventory:
        """What takes back one of its newest commits, and what waits; nothing where nobody looks."""
        with suppress(ToolFailed):
            if self.access.mode != "read":
                head, waiting = self.fetched(), [one.branch for one in self.forge.opened()]
                newest = self.git.run("rev-list", "--first-parent", f"-n{MOST_COMMITS}", head)
                found = {one: self.reverting(one) for one in newest.split()}
                able = {one: request for one, request in found.items() if request}
                return Inventory(requests=able, waiting={self.name: waiting})
        return Inventory()

    def reverting(self, commit: str) -> Request | None:
        """What takes this commit back, cleanly and so that a person can still read it, or None."""
        if self.access.mode == "read":
            return None
        with suppress(ToolFailed):
            head = self.git.run("rev-parse", self.ref)
            return _reverting(self.access.model_dump_json(), commit, head)
        return None

    def adding(self, files: Mapping[str, Path], title: str) -> Request:
        """What adds these files, by their place in the repository. Raises ToolFailed."""
        head = self.fetched()
        with tempfile.TemporaryDirectory() as folder:
            git = self._git(GIT_INDEX_FILE=f"{folder}/index")
            git.run("read-tree", head)
            for place, file in files.items():
                blob = git.run("hash-object", "-w", "--no-filters", str(file.resolve()))
                mode = "100755" if file.stat().st_mode & 0o100 else "100644"
                git.run("update-index", "--add", "--cacheinfo", f"{mode},{blob},{place}")
            return self.request(head, git.run("write-tree"), title)

    def request(self, head: str, tree: str, title: str) -> Request:
        """For this tree in place of the base's. Raises ToolFailed where it is that already."""
        if tree == self.git.run("rev-parse", f"{head}^{{tree}}"):
            raise ToolFailed(f"{self.name} has all of it already")
        when = f"{self.git.run('log', '-1', '--format=%ct', head)} +0000"
        git = self._git(GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        commit = git.run("commit-tree", tree, "-p", head, "-m", title)
        return Request(
            repository=self.name,
            base=f"{self.access.base} at {head}",
            branch=f"warroom/{commit[:12]}",
            head=commit,
            title=title,
            diff=git.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", head, commit),
        )

    def ask(self, request: Request | None, receipt: W, approved: JsonValue = None) -> W:
        """The receipt, with what waits now or did already; approved: the head that a person said
        yes to, by default the plan's. Raises ToolFailed, with a branch left there Halfway."""
        if request is None or request.head != (approved or FOUND.get().get("head")):
            raise ToolFailed("nothing was done: it is not what was approved by now: plan it anew")
        if self.access.mode != "act":
            closed = f"{self.name} is in mode {self.access.mode}: write mode act beside it"
            raise ToolFailed(f"nothing was done: {closed}; by hand: {request.title}")
        url = there = self._waits(request.branch)
        if not there:
            self._run("push", "--quiet", self.url, f"{request.head}:refs/heads/{request.branch}")
            url = self._created(request, receipt)
        told = {"asked": request.model_copy(update={"url": url, "diff": ""}), "changed": not there}
        return receipt.model_copy(update={**told, "note": f"{url} waits for whoever merges it"})

    def withdraw(self, asked: Request, receipt: W) -> W:
        """Close it and delete its branch. Raises ToolFailed where somebody merged it or pushed to
        it."""
        found, ref = self.forge.of(asked.branch), f"refs/heads/{asked.branch}"
        if found and found.state == "merged":
            raise ToolFailed(f"{found.url} was merged: ask for what takes that back")
        there = self._there(asked.branch)
        if there not in ("", asked.head):
            raise ToolFailed(f"somebody pushed to {asked.branch}: look there, close it by hand")
        still = found if found and found.state == "open" else None
        if still:
            self.forge.close(still.number)
        if there:
            lease = f"--force-with-lease={ref}:{asked.head}"
            self._run("push", "--quiet", lease, self.url, f":{ref}")
        gone = "" if still or there else "it was gone already"
        return receipt.model_copy(update={"changed": not gone, "note": gone})

    def stands(self, asked: Request) -> Stood | None:
        """How its newest request does; None: there is none, or it is another repository's."""
        found = self.forge.of(asked.branch) if asked.repository == self.name else None
        if found is None:
            return None
        others = found.state == "open" and self._there(asked.branch) not in ("", asked.head)
        return Stood(found.state, found.url, found.merged_at, others)

    def _there(self, branch: str) -> str:
        return self._run("ls-remote", self.url, f"refs/heads/{branch}").partition("\t")[0]

    def fetched(self) -> str:
        """The commit that the base is at, over there. Raises ToolFailed."""
        if not self.access.clone.exists():
            Git(Path()).run("init", "--quiet", "--bare", str(self.access.clone))
        with locked(Path(self.git.run("rev-parse", "--absolute-git-dir"))):
            wanted = f"+refs/heads/{self.access.base}:{self.ref}"
            how = ("--quiet", "--no-tags", "--no-recurse-submodules")
            self._run("fetch", *how, self.url, wanted)
            return self.git.run("rev-parse", self.ref)

    def _waits(self, branch: str) -> str:
        found = self.forge.of(branch)
        return found.url if found and found.state == "open" else ""

    def _created(self, request: Request, receipt: Waiting) -> str:
        key = f"\n\n{TRAILER}: {KEY.get()}" if KEY.get() else ""
        text = f"Asked for by Warroom. Whoever merges it decides.{key}"
        try:
            return self.forge.create(request.branch, request.title, text).url
        except ToolFailed as error:
            with suppress(ToolFailed):
                if url := self._waits(request.branch):
                    return url
            left = f"the branch {request.branch} is there, and no request for it was seen"
            part = receipt.model_copy(update={"asked": request.model_copy(update={"diff": ""})})
            raise Halfway(f"{left}: {error}", part) from error

    def _run(self, *arguments: str) -> str:
        """With the token in the environment: whoever lists processes does not see it."""
        login = f"x-access-token:{read_secret(self.access.token_file)}"  # GitLab takes any name
        bearer = base64.b64encode(login.encode()).decode()
        head = {"GIT_CONFIG_KEY_0": f"http.{self.access.web}/.extraHeader"}
        head |= {"GIT_CONFIG_VALUE_0": f"Authorization: Basic {bearer}", "GIT_CONFIG_COUNT": "1"}
        return self._git(**head).run(*arguments)

    def _git(self, **known: str) -> Git:
        return Git(self.access.clone, self.access.timeout, **known)


@lru_cache(maxsize=500)
def _reverting(access: str, commit: str, head: str) -> Request:
    """A merge of the base with what was before the commit, over the commit itself."""
    one = Repository(Forge.model_validate_json(access))
    before = one.git.run("commit-tree", f"{commit}^1^{{tree}}", "-p", commit, "-m", "before")
    tree = one.git.run("merge-tree", "--write-tree", head, before).partition("\n")[0]
    subject = one.git.run("log", "-1", "--format=%s", commit)
    made = one.request(head, tree, f'Revert "{subject[:MOST_TITLE]}" ({commit[:10]})')
    if len(made.diff) > MOST_DIFF or one_line(made.diff) != " ".join(made.diff.split()):
        raise ToolFailed(f"{made.title} is more than a person reads before it is approved")
    return made


class PullRequests(Reverting, Platform):
    """Several, whose commits are taken back so."""

    section = "pull_requests"

    def __init__(self, access: Sequence[Forge]) -> None:
        self.repositories = [Repository(one) for one in access]

    @classmethod
    def configured(cls, given: JsonValue) -> Self:
        """From a list of repositories. Raises ValueError with what to correct."""
        return cls(TypeAdapter(list[Forge]).validate_python(given))

    @property
    def shut(self) -> str:
        """Where all of them are only read."""
        only_read = all(one.access.mode == "read" for one in self.repositories)
        return "pull_requests: all are in mode read, write mode act beside one" if only_read else ""

    def inventory(self) -> Inventory:
        """What can be asked for, and what waits."""
        return merged(one.look() for one in self.repositories)

    def revert(self, commit: str) -> Reverted:
        """Ask for it."""
        found = ((one, one.look().request(commit)) for one in self.repositories)
        one, request = next((each for each in found if each[1]), (self.repositories[0], None))
        return one.ask(request, Reverted(reverts=commit))

    def stands(self, asked: Request) -> Stood | None:
        """In whichever of them it is."""
        return next((told for one in self.repositories if (told := one.stands(asked))), None)

    def put_back(self, was: Reverted) -> Reverted:
        """Close the request, and delete its branch."""
        for one in self.repositories:
            if was.asked and was.asked.repository == one.name:
                return one.withdraw(was.asked, was)
        raise ToolFailed("its repository is not configured any more: close the request by hand")
