"""One installation as a team has it: a recorded bundle for telemetry, a world to act on, a database
that outlives every process, and `warroom serve` and `warroom worker` as processes that die."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
from sqlalchemy import Engine, Table, select

from warroom.incident.timeline import from_ts
from warroom.record.database import open_database, reader
from warroom.record.tables import WORK
from warroom.tests.support.bundles import START
from warroom.tests.support.responses import ONSET
from warroom.tests.support.serving import Serving, serving, working
from warroom.tests.support.supervisor_world import World

V1 = "/api/v1"
PATIENCE_S = float(os.environ.get("WARROOM_PATIENCE_S", "120"))
"""The machine may be shared: what is waited for comes within this, or the test fails."""


def alert(
    service: str = "gateway", number: int = 1, start: float = START, **labels: str
) -> dict[str, Any]:
    """One alert as Alertmanager writes it, of the time in which a recording that begins at `start`
    is ill."""
    named = {"alertname": "HighErrorRate", "service": service, "severity": "critical", **labels}
    return {
        "status": "firing",
        "labels": named,
        "annotations": {"summary": f"{service} requests fail"},
        "startsAt": from_ts(start + ONSET + 5).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{number:016x}",
    }


def delivery(*alerts: dict[str, Any]) -> dict[str, Any]:
    """A delivery of these as Alertmanager sends it."""
    given = list(alerts) or [alert()]
    return {
        "receiver": "warroom",
        "status": "firing",
        "alerts": given,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
    }


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


class Unavailable(Exception):
    """The service says 503."""


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
        """What comes of this, once something does; looks again when something happened."""
        deadline, position = time.monotonic() + PATIENCE_S, 0
        while not (found := self._now(what)):
            assert time.monotonic() < deadline, f"it did not come: {self.standing()}"
            answer = self.client.get(f"{V1}/events", params={"after": position, "wait_s": 1})
            position = answer.json().get("after", 0) if answer.is_success else position
        return found

    def _now(self, what: Callable[[], Any]) -> Any:
        try:
            return what()
        except Unavailable:  # it says so, and to come again
            return None

    def standing(self) -> str:
        """Where everything stands, for the failure of a test."""
        lines = [f"{row['state']} {self.status(row['id'])}" for row in self.incidents()]
        return "; ".join([*lines, f"acted: {self.installation.world.acted}"])

    def incidents(self) -> list[dict[str, Any]]:
        return self.get("/incidents", limit=500)["items"]

    def questions(self, kind: str = "") -> list[dict[str, Any]]:
        found = self.get("/requests")["items"]
        return [each for each in found if kind in ("", each["kind"])]

    def asked_for(self, kind: str = "action") -> dict[str, Any]:
        """The first question of a kind, once it is asked."""
        return self.until(lambda: self.questions(kind))[0]

    def answer(self, question: dict[str, Any], how: str = "approve", **form: Any) -> httpx.Response:
        path = f"{V1}/incidents/{question['incident']}/requests/{question['subject']}/{how}"
        return self.client.post(path, json=form or None)

    def approve_until_over(
        self, incident: str = "", how: str = "approve", ends: tuple[str, ...] = ("over",)
    ) -> None:
        """Answer whatever is asked, of this incident or of all, until the work is over; a text, and
        that what nobody reported was done, are always approved."""
        form = {} if how == "approve" else {"reason": "a test"}

        def over() -> bool:
            rows = [incident] if incident else [line["id"] for line in self.incidents()]
            for line in self.questions():
                said = (how, form) if line["kind"] == "action" else ("approve", {})
                if line["incident"] in rows:
                    assert self.answer(line, said[0], **said[1]).status_code in (200, 409, 503)
            return bool(rows) and all(self.status(row)["status"] in ends for row in rows)

        self.until(over)

    def status(self, incident: str) -> dict[str, Any]:
        return self.get(f"/incidents/{incident}/work")

    def whole(self) -> bool:
        """Whether the audit log is."""
        return self.get("/audit")["whole"]
