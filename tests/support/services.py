"""A service over a home of its own, asked in this process, with a token of each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from warroom.app.configuration import Sources
from warroom.app.configuration_file import Configuration
from warroom.app.record import Record
from warroom.intake.reception import Reception
from warroom.record.tokens import Role
from warroom.service.app import build, serve
from warroom.service.opening import first_receiver
from warroom.service.service import Service
from warroom.settings import Settings


@dataclass(frozen=True)
class Asked:
    """The service and clients of it by role; the one without a token has none."""

    service: Service
    clients: dict[str, TestClient]
    tokens: dict[str, str]

    def send(self, body: dict[str, Any]) -> Response:
        """A delivery of Alertmanager's, with the secret that was made for it."""
        secret = (self.service.settings.home / "alertmanager.secret").read_text()
        headers = {"Authorization": f"Bearer {secret}"}
        return self.clients[""].post("/hooks/alertmanager", json=body, headers=headers)

    def __getitem__(self, role: str) -> TestClient:
        return self.clients[role]


@contextmanager
def asked(
    home: Path,
    place: Path | str | None = None,
    configuration: Configuration | None = None,
    tokens: bool = True,
) -> Iterator[Asked]:
    """Over a database here, by default a file in the home. Nobody works incidents. `tokens`: of
    each role, where none were made yet."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = place if isinstance(place, str) else ""
    record = Record(Settings(home=home, database_url=url))
    reception = Reception(record.store, [first_receiver(home)])
    service = Service(configuration or Configuration(), record, Sources(), reception)
    roles = Role if tokens else ()
    given = {role.value: service.tokens.create(role.value, role) for role in roles}
    with (
        _application(service) as app,
        TestClient(app, raise_server_exceptions=False) as stranger,
    ):
        clients = {"": stranger}
        for role, token in given.items():
            headers = {"Authorization": f"Bearer {token}"}
            clients[role] = TestClient(app, headers=headers, raise_server_exceptions=False)
        yield Asked(service, clients, given)


IDLE: list[FastAPI] = []
"""Applications that nobody asks just now. To build one takes half a second, and which routes it has
is the configuration's alone."""


@contextmanager
def _application(service: Service) -> Iterator[FastAPI]:
    if service.configuration != Configuration():
        yield build(service)
        return
    app = IDLE.pop() if IDLE else build(service)
    serve(app, service)
    yield app
    IDLE.append(app)
