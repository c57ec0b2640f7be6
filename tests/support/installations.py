"""One installation as a team has it: a recorded bundle for telemetry, a world to act on, a database
that outlives every process, and `warroom serve` and `warroom worker` as processes that die."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
from sqlalchemy import Engine, Table, select

from warroom.record.database import open_database, reader
from warroom.record.tables import WORK
from warroom.tests.support.alerts import delivery
from warroom.tests.support.serving import (
    Serving,
    Unavailable,
    ran,
    serving,
    wait_for,
    working,
)
from warroom.tests.support.supervisor_world import World

V1 = "/api/v1"
ENDS = ("over", "handed over")
"""Of work: resolved or not."""


@dataclass
class Installation:
    """What outlives the processes."""

    folder: Path
    bundle: Path
    world: World
    database: str = ""  # a PostgreSQL; empty: a file in the home
    token: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operations = self.folder / "operations.json"
        access = {"supervisor_url": self.world.url, "system": "shop"}
        self.operations.write_text(json.dumps(access))

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def arguments(self) -> list[str]:
        return ["--telemetry", str(self.bundle), "--operations", str(self.operations)]

    @property
    def shared(self) -> dict[str, str]:
        found = {"WARROOM_AUDIT_KEY": str(self.folder / "audit.key"), **self.environment}
        return {**found, **({"WARROOM_DATABASE_URL": self.database} if self.database else {})}

    @contextmanager
    def serve(self, *more: str, **environment: str) -> Iterator["Asked"]:
        """`warroom serve`, with the token of its first start."""
        given = {**self.shared, **environment}
        with serving(self.home, *self.arguments, *more, token=self.token, **given) as service:
            self.token = service.token
            with service.client() as client:
                yield Asked(service, client, self)

    def work(self, **environment: str) -> AbstractContextManager[Popen[str]]:
        """`warroom worker`."""
        return working(self.home, *self.arguments, **{**self.shared, **environment})

    def command(self, *words: str) -> tuple[int, str]:
        """`warroom …`: its exit code and all that it printed."""
        return ran(self.home, *words, **self.shared)

    def holder(self) -> int:
        """The process that works an incident now."""
        (owner,) = {row.owner for row in self.rows(WORK)} - {None}
        return int(owner.split("/")[-2])

    @cached_property
    def engine(self) -> Engine:
        """The database, seen from outside."""
        place = self.database or self.home / "warroom.db"
        return reader(open_database(place, self.folder / "audit.key"))

    def rows(self, table: Table) -> list[Any]:
        """All that stands in a table now."""
        with self.engine.begin() as connection:
            return list(connection.execute(select(table)).all())


@dataclass
class Asked:
    """A running service and who asks it."""

    service: Serving
    client: httpx.Client
    installation: Installation

    @property
    def pid(self) -> int:
        return self.service.process.pid

    def post(self, body: Any, receiver: str = "alertmanager", **headers: str) -> httpx.Response:
        """A delivery, as it is sent."""
        secret = (self.installation.home / "alertmanager.secret").read_text().strip()
        given = {"Authorization": f"Bearer {secret}", **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given.setdefault("Content-Type", "application/json")
        return self.client.post(f"/hooks/{receiver}", content=content, headers=given)

    def send(self, *alerts: dict[str, Any]) -> None:
        """A delivery that has to be taken."""
        answer = self.post(delivery(*alerts))
        assert answer.status_code == 200, (answer.status_code, answer.text)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"{V1}{path}", params=params)
        if answer.status_code == 503:
            raise Unavailable(answer.text)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def until(self, what: Callable[[], Any]) -> Any:
        """What comes of this, once something does."""
        return wait_for(what, self.client, self.standing)

    def standing(self) -> str:
        """Where everything stands, for the failure of a test."""
        lines = [f"{row['state']} {self.status(row['id'])}" for row in self.incidents()]
        return "; ".join([*lines, f"acted: {self.installation.world.acted}"])

    def incidents(self) -> list[dict[str, Any]]:
        return self.get("/incidents", limit=500)["items"]

    def questions(self, kind: str = "") -> list[dict[str, Any]]:
        return [each for each in self.get("/requests") if kind in ("", each["kind"])]

    def asked_for(self, kind: str = "action") -> dict[str, Any]:
        """The first question of a kind, once it is asked."""
        return self.until(lambda: self.questions(kind))[0]

    def answer(self, question: dict[str, Any], how: str = "approve", **form: Any) -> httpx.Response:
        path = f"{V1}/incidents/{question['incident_id']}/requests/{question['subject']}/{how}"
        return self.client.post(path, json=form or None)

    def approve_until_over(self, incident: str = "", how: str = "approve") -> None:
        """Answer whatever is asked, of this incident or of all, until the work is over; a text is
        always approved, and what nobody reported on is said to be done where something was."""
        form = {} if how == "approve" else {"reason": "a test"}
        done = {"text": ("approve", {})}

        def over() -> bool:
            rows = [incident] if incident else [line["id"] for line in self.incidents()]
            for line in self.questions():
                seen = self.installation.world.starts()
                done["effect"] = ("approve", {}) if seen else ("reject", {"reason": "it was not"})
                said = done.get(line["kind"], (how, form))
                if line["incident_id"] in rows:
                    assert self.answer(line, said[0], **said[1]).status_code in (200, 409, 503)
            return bool(rows) and all(self.status(row)["status"] in ENDS for row in rows)

        self.until(over)

    def status(self, incident: str) -> dict[str, Any]:
        return self.get(f"/incidents/{incident}/work")

    def whole(self) -> bool:
        """Whether the audit log is."""
        return not self.get("/audit")["fault"]
