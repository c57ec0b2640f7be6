"""Backends of changes: a real git repository, and fakes of GitHub and Grafana made from their
published HTTP APIs."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import Any, ClassVar

from warroom.tests.support.http_backends import HttpBackend, Question, Reply

Row = dict[str, Any]
PROXY = "/api/datasources/proxy/uid/"
SERVICES = ["cart", "login", "cart2", 'a"}', "a\\", "a|.*", "--flag", ".*", "a\nb", "ä b"]
FOLDERS = {service: str(number) for number, service in enumerate(SERVICES)}
"""Where the code of each service lies."""


class GitBackend:
    """A repository with a commit for each row, in the folder of its service."""

    modality = "changes"
    json_data: ClassVar = {"folders": FOLDERS}

    def __init__(self, root: Path) -> None:
        self.root, self.where = root, str(root)
        root.mkdir(parents=True, exist_ok=True)
        self.run("init", "--quiet", "--initial-branch=main")

    def write(self, modality: str, *rows: Row) -> None:
        """A commit each."""
        for row in rows if modality == "changes" else ():
            folder = FOLDERS[row["service"]]
            self.commit(
                {f"{folder}/{len(os.listdir(self.root))}{row['at']}": ""}, row["summary"], row["at"]
            )

    def fail(self) -> None:
        """It is gone."""
        self.root.rename(self.root.with_suffix(".gone"))

    def commit(self, files: dict[str, str], message: str, at: float) -> str:
        """One commit with these files; its hash."""
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "--message", message, at=at)
        return self.run("rev-parse", "HEAD")

    def run(self, *arguments: str, at: float = 0.0, given: Sequence[str] = ()) -> str:
        """What `git <arguments>` says, as somebody at some time (unix seconds)."""
        who = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@shop.example"}
        who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
        when = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"@{int(at)} +0000")
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *given, *arguments],
            cwd=self.root,
            env={**os.environ, **who, **when, **own},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


class GitHubBackend(HttpBackend):
    """`/repos/{owner}/{repo}/` commits, releases, deployments and their statuses, compare."""

    modality = "changes"
    json_data: ClassVar = {"folders": FOLDERS, "repository": "shop/shop"}

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.commits: list[Row] = []
        self.releases: list[Row] = []
        self.deployments: list[Row] = []
        self.statuses: dict[int, list[Row]] = {}
        self.compared: dict[str, list[Row]] = {}

    def write(self, modality: str, *rows: Row) -> None:
        """A commit each."""
        for row in rows if modality == "changes" else ():
            who = {"name": "Ann", "date": iso(row["at"])}
            told = {"message": row["summary"], "author": who, "committer": who}
            sha = sha1(f"{row['summary']}{row['at']}".encode()).hexdigest()
            files = [{"filename": f"{FOLDERS[row['service']]}/x", "status": "modified"}]
            self.commits.append({"sha": sha, "commit": told, "files": files})

    def fail(self) -> None:
        """Be down from now on."""
        self.close()

    def answer(self, question: Question) -> Reply:
        """As the API does: lists are newest first."""
        path = question.path.removeprefix("/repos/shop/shop/").split("/")
        match path:
            case ["", "repos", "shop", "shop"]:
                return Reply({"full_name": "shop/shop", "default_branch": "main"})
            case ["commits"]:
                return Reply(self._listed(question))
            case ["commits", sha]:
                return Reply(next(one for one in self.commits if one["sha"] == sha))
            case ["releases"]:
                return Reply(self.releases)
            case ["deployments"]:
                place = question.get("environment")
                return Reply([one for one in self.deployments if place in ("", one["environment"])])
            case ["deployments", id, "statuses"]:
                return Reply(self.statuses.get(int(id), []))
            case ["compare", span] if span in self.compared:
                return Reply({"files": self.compared[span]})
        return Reply({"message": "Not Found"}, 404)

    def _listed(self, question: Question) -> list[Row]:
        """Without the files, which only a single commit tells."""
        since, until = question["since"], question["until"]
        dated = [(one["commit"]["committer"]["date"], one) for one in self.commits]
        kept = sorted((d, one["sha"], one) for d, one in dated if since <= d <= until)
        most = int(question.get("per_page", "30"))
        return [{"sha": sha, "commit": one["commit"]} for _, sha, one in reversed(kept)][:most]


class GrafanaBackend(HttpBackend):
    """`/api/annotations`, `/api/datasources`, and other servers behind it by their uid."""

    modality = "changes"

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.annotations: list[Row] = []
        self.datasources: list[Row] = []
        self.behind: dict[str, HttpBackend] = {}

    def write(self, modality: str, *rows: Row) -> None:
        """An annotation each."""
        for row in rows if modality == "changes" else ():
            tags = [row["kind"], f"service:{row['service']}"]
            self.annotate(row["at"], row["summary"], tags)

    def annotate(self, at: float, text: str, tags: list[str]) -> None:
        """One annotation."""
        number = len(self.annotations) + 1
        self.annotations.append({"id": number, "time": int(at * 1000), "text": text, "tags": tags})

    def fail(self) -> None:
        """Be down from now on."""
        self.close()

    def answer(self, question: Question) -> Reply:
        """As the API does."""
        if question.path == "/api/datasources":
            return Reply(self.datasources)
        if question.path == "/api/health":
            return Reply({"database": "ok", "version": "12.1.0"})
        if question.path != "/api/annotations":
            uid, _, rest = question.path.removeprefix(PROXY).partition("/")
            other = self.behind.get(uid)
            asked = replace(question, path=f"/{rest}")
            return other.answer(asked) if other else Reply({"message": "Not found"}, 404)
        start, end = int(question["from"]), int(question["to"])
        kept = [one for one in self.annotations if start <= one["time"] <= end]
        return Reply(kept[: int(question.get("limit", "100"))])


def iso(at: float) -> str:
    """A time as GitHub writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
