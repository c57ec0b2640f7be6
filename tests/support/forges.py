"""A forge on loopback: a real git server, and before it the few calls of GitHub's REST API,
GitLab's API v4 or Gitea's v1 that we make, written from their published documentation."""

import atexit
import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from warroom.targets.git import Git

TOKEN, PROJECT = "ghp_of-nobody-1234", "acme/shop"


class ForgeServer:
    """Of one project. `failing`: (method, status, message) that is answered instead;
    `before`, `after`: called around each write of the API."""

    def __init__(self, forge: str, folder: Path) -> None:
        self.forge, self.root = forge, folder / "served"
        self.bare = self.root / f"{PROJECT}.git"
        self.requests: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.failing: tuple[str, int, str] | None = None
        self.readonly = False
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        theirs = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                theirs.serve(self)

            do_POST = do_PATCH = do_PUT = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.where = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, one: BaseHTTPRequestHandler) -> None:
        """Git's own program, or the API."""
        parts = urlsplit(one.path)
        body = one.rfile.read(int(one.headers.get("content-length") or 0))
        try:
            if parts.path.startswith(f"/{PROJECT}.git/"):
                self._git(one, parts.path, parts.query, body)
                return
            status, said = self._api(one, parts.path, parse_qs(parts.query), body)
        except ConnectionAbortedError:  # whoever asked is gone
            one.close_connection = True
            return
        content = json.dumps(said).encode()
        one.send_response_only(status)
        one.send_header("Content-Length", str(len(content)))
        one.end_headers()
        one.wfile.write(content)

    def _git(self, one: BaseHTTPRequestHandler, path: str, query: str, body: bytes) -> None:
        login = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        pushes = "git-receive-pack" in path + query
        if one.headers.get("authorization") != f"Basic {login}" or (pushes and self.readonly):
            one.send_response_only(403 if pushes else 401)
            one.end_headers()
            return
        known = {"GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH": "/usr/bin"}
        known |= {"PATH_INFO": unquote(path), "QUERY_STRING": query, "REMOTE_USER": "warroom"}
        known |= {
            "REQUEST_METHOD": one.command,
            "CONTENT_TYPE": one.headers.get("content-type", ""),
        }
        known |= {"HTTP_CONTENT_ENCODING": one.headers.get("content-encoding", "")}
        known |= {"GIT_PROTOCOL": one.headers.get("git-protocol", "")}
        known |= {"CONTENT_LENGTH": str(len(body))}
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=known, capture_output=True, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        one.send_response_only(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            one.send_header(name, value)
        one.send_header("Content-Length", str(len(content)))
        one.end_headers()
        one.wfile.write(content)

    def _api(
        self, one: BaseHTTPRequestHandler, path: str, params: dict, body: bytes
    ) -> tuple[int, Any]:
        self.asked.append(f"{one.command} {one.path}")
        if one.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        place = {
            "github": f"/api/v3/repos/{PROJECT}/pulls",
            "gitlab": f"/api/v4/projects/{PROJECT.replace('/', '%2F')}/merge_requests",
            "gitea": f"/api/v1/repos/{PROJECT}/pulls",
        }[self.forge]
        if not path.startswith(place):
            return 404, {"message": "Not Found"}
        if self.failing and self.failing[0] == one.command:
            return self.failing[1], {"message": self.failing[2]}
        if one.command == "GET":
            found = [each for each in reversed(self.requests) if self._meant(each, params)]
            page, most = (int(params.get(name, ["1"])[0]) for name in ("page", "limit"))
            found = found[(page - 1) * most : page * most] if "limit" in params else found
            return 200, [self.told(each) for each in found]
        self.before(one.command)
        known = json.loads(body)
        number = path.removeprefix(place).strip("/")
        if number:
            found = self.requests[int(number) - 1]
            closed = known in ({"state": "closed"}, {"state_event": "close"})
            found["state"] = "closed" if closed else found["state"]
        else:
            branch = known.get("head") or known["source_branch"]
            same = [e for e in self.requests if e["branch"] == branch and "fork" not in e]
            if any(e["state"] == "open" for e in same):
                again = f"A pull request already exists for acme:{branch}."
                return (
                    (422, {"message": "Validation Failed", "errors": [{"message": again}]})
                    if (self.forge == "github")
                    else (409, {"message": [again]})
                )
            found = {"number": len(self.requests) + 1, "branch": branch, "state": "open"}
            found |= {"title": known["title"], "text": known.get("body") or known["description"]}
            found |= {"base": known.get("base") or known["target_branch"]}
            self.requests.append(found)
        self.after(one.command)
        return 200 if number else 201, self.told(found)

    def _meant(self, one: dict[str, Any], params: dict[str, list[str]]) -> bool:
        branch = (params.get("head") or params.get("source_branch") or [""])[0]
        label = f"{one.get('fork', 'acme')}:" if "head" in params else ""
        if branch and branch != f"{label}{one['branch']}":
            return False
        return params["state"][0] == "all" or one["state"] == "open"

    def told(self, one: dict[str, Any]) -> dict[str, Any]:
        """As each has it in its documentation; what we do not read is left out."""
        merged = "2026-11-30T12:00:00Z" if one["state"] == "merged" else None
        number, branch = one["number"], one["branch"]
        if self.forge == "gitlab":
            state = {"open": "opened"}.get(one["state"], one["state"])
            url = f"{self.where}/{PROJECT}/-/merge_requests/{number}"
            known = {"id": 900 + number, "iid": number, "web_url": url, "state": state}
            known |= {"source_project_id": one.get("fork", 7), "target_project_id": 7}
            return {**known, "source_branch": branch, "merged_at": merged, "title": one["title"]}
        state = "open" if one["state"] == "open" else "closed"
        url = f"{self.where}/{PROJECT}/pull/{number}"
        known = {"id": 900 + number, "number": number, "html_url": url, "state": state}
        head = {"ref": branch, "label": f"{one.get('fork', 'acme')}:{branch}"}
        if self.forge == "gitea":
            head = {"ref": branch, "label": branch, "repo_id": one.get("fork", 7)}
        return {**known, "head": head, "base": {"repo_id": 7}, "merged_at": merged}

    def branches(self) -> list[str]:
        """Of the repository, without its base."""
        found = Git(self.bare).run("for-each-ref", "--format=%(refname:short)", "refs/heads")
        return [name for name in found.split() if name != "main"]

    def change(self, name: str, content: str, subject: str) -> str:
        """A commit on the base, as somebody else pushes one; its hash."""
        work = self.root / "work"
        git = Git(work)
        if not work.exists():
            Git(self.root).run("clone", "-q", str(self.bare), str(work))
            git.run("checkout", "-q", "-B", "main")
        (work / name).write_text(content)
        git.run("add", ".")
        git.run("commit", "-qm", subject)
        git.run("push", "-q", "origin", "main")
        return git.run("rev-parse", "HEAD")

    def close(self) -> None:
        """Be down from now on."""
        self.server.shutdown()
        self.server.server_close()

    def section(self, folder: Path, **more: Any) -> dict[str, Any]:
        """As it is configured."""
        token = folder / "token"
        token.write_text(f"{TOKEN}\n")
        known = {"forge": self.forge, "project": PROJECT, "url": self.where, "mode": "act"}
        known |= {"clone": str(folder / "clone.git"), "token_file": str(token)}
        return known | more


@cache
def _repository() -> Path:
    folder = Path(mkdtemp())
    atexit.register(rmtree, folder)
    made = ForgeServer("github", folder)
    made.bare.mkdir(parents=True)
    Git(made.bare).run("init", "-q", "--bare", "-b", "main")
    Git(made.bare).run("config", "http.receivepack", "true")
    made.change("shop.yaml", "pool: 20\nclient:\n    max_wait: 1s\n", "Set up the shop")
    made.change("shop.yaml", "pool: 2\nclient:\n    max_wait: 1s\n", "Save connections")
    made.change("README", "what is delivered\n", "Say what this is")
    made.close()
    return made.bare


@contextmanager
def forge(kind: str, folder: Path) -> Iterator[ForgeServer]:
    """With a setting that was made worse, and something else since."""
    made = ForgeServer(kind, folder)
    copytree(_repository(), made.bare)
    try:
        yield made
    finally:
        made.close()
