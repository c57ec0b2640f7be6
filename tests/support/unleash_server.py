"""A real Unleash on a real PostgreSQL, and people who may more or less there."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from warroom.drills.layout import free_ports
from warroom.evals.conformance.servers import SERVERS
from warroom.tests.support.http_backends import HttpBackend, Question, Reply
from warroom.tests.support.postgres import postgres, run
from warroom.tests.support.working import until

FLAGS = "/api/admin/projects/default/features"
PASSWORD, BACKEND = "Shop-4-breakfast", "default:production.of-the-shop"
ROLES = {"editor": 2, "viewer": 3, "responder": 3}
SETTINGS = {
    "DATABASE_USERNAME": "postgres",
    "DATABASE_NAME": "unleash",
    "DATABASE_SSL": "false",
    "HTTP_HOST": "127.0.0.1",
    "CHECK_VERSION": "false",
    "SEND_TELEMETRY": "false",
    "CLIENT_FEATURE_CACHING_ENABLED": "false",
    "INIT_BACKEND_API_TOKENS": BACKEND,
    "LOG_LEVEL": "warn",
    "TZ": "UTC",
}
ROLE = (
    "INSERT INTO roles (name, description, type) VALUES ('Responder', 'of incidents', 'custom')",
    "INSERT INTO role_permission (role_id, permission, environment) SELECT id,"
    " 'UPDATE_FEATURE_ENVIRONMENT', 'production' FROM roles WHERE name = 'Responder'",
    "INSERT INTO role_user (role_id, user_id, project) SELECT r.id, u.id, 'default'"
    " FROM roles r, users u WHERE r.name = 'Responder' AND u.username = 'responder'",
)
"""Somebody may switch flags in production and nothing else, as a custom role of a project says
it. Only the enterprise edition has a form for these; the open source one goes by them alike."""


class UnleashServer:
    """Its admin API as its first administrator, and personal access tokens of `ROLES`."""

    tokens: dict[str, str]

    def __init__(self, where: str, database: str) -> None:
        self.where = where
        self.admin = httpx.Client(base_url=where, trust_env=False, timeout=30)
        self.database = database

    def furnish(self) -> None:
        """A flag that is on in production, and people."""
        self.login(self.admin, "admin", "unleash4all")
        self.post(FLAGS, {"name": "volume-pricing", "type": "release"})
        self.post(f"{FLAGS}/volume-pricing/environments/production/on", {})
        for name, role in ROLES.items():
            person = {"username": name, "rootRole": role, "password": PASSWORD}
            self.post("/api/admin/user-admin", {**person, "sendEmail": False})
        run(self.database, *ROLE)
        self.tokens = {name: self._token(name) for name in ROLES}

    def post(self, path: str, body: dict[str, Any]) -> None:
        """As the administrator."""
        self.admin.post(path, json=body).raise_for_status()

    def _token(self, name: str) -> str:
        with httpx.Client(base_url=self.where, trust_env=False, timeout=30) as own:
            self.login(own, name, PASSWORD)
            asked = {"description": "warroom", "expiresAt": "2099-01-01T00:00:00Z"}
            made = own.post("/api/admin/user/tokens", json=asked)
        return made.raise_for_status().json()["secret"]

    def login(self, client: httpx.Client, name: str, password: str) -> None:
        """Keep a session."""
        told = {"username": name, "password": password}
        client.post("/auth/simple/login", json=told).raise_for_status()

    def served(self) -> bool:
        """What an application in production is told of the flag."""
        login = {"Authorization": BACKEND}
        told = httpx.get(f"{self.where}/api/client/features", headers=login, trust_env=False)
        found = told.raise_for_status().json()["features"]
        return {one["name"]: one["enabled"] for one in found}["volume-pricing"]


@contextmanager
def unleash_server(root: Path) -> Iterator[UnleashServer]:
    """One that runs, with a flag and people in it."""
    program, (port,) = SERVERS["Unleash"], free_ports(1)
    with postgres(root, ["CREATE DATABASE unleash"]) as dsn:
        own = {"DATABASE_HOST": str(httpx.URL(dsn).params["host"]), "HTTP_PORT": str(port)}
        command = [str(program.program), "dist/server.js"]
        folder = program.library / "node_modules/unleash-server"
        with (root / "log").open("ab") as log:
            known = os.environ | SETTINGS | own
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=known)
        made = UnleashServer(f"http://127.0.0.1:{port}", dsn.replace("/postgres?", "/unleash?"))
        try:
            until(lambda: up(process, root, made.admin), "Unleash is up", 180)
            made.furnish()
            yield made
        finally:
            made.admin.close()
            process.kill()
            process.wait()


def up(process: subprocess.Popen[bytes], root: Path, client: httpx.Client) -> bool:
    """Whether it answers. Raises AssertionError with its last words where it ended."""
    assert process.poll() is None, (root / "log").read_text()[-2000:]
    try:
        return client.get("/health").is_success
    except httpx.HTTPError:
        return False


class Between(HttpBackend):
    """Hands questions on, and strikes once a change was made and before that is answered."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.api = httpx.Client(base_url=where, trust_env=False, timeout=30)
        self.process: subprocess.Popen[bytes] | None = None

    def answer(self, question: Question) -> Reply:
        """What the server says."""
        login = {"Authorization": question.headers.get("authorization", "")}
        told = self.api.request(question.method, question.path, headers=login)
        if question.method == "POST" and self.process:
            self.process.kill()
            self.process.wait()
        return Reply(told.content, told.status_code)
