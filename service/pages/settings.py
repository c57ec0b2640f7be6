"""What is set here and where it comes from, for an administrator, and a test of each channel. Never
a secret: nothing is shown but names, kinds and counts."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ...app.configuration import declared
from ...app.configuration_file import NAMED, Configuration
from ...app.notifying import channels_of, tried
from ...errors import ToolFailed
from ...record import audit
from ..auth import Admin, At, Who
from ..service import Service
from .forms import Sent, one
from .rendering import page

SETTINGS = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Row:
    """A section of warroom.yaml, in words."""

    section: str
    says: str
    given: bool  # in the file; else it is as it comes


@SETTINGS.get("/settings", response_class=HTMLResponse)
def settings_page(request: Request, service: At, who: Admin):
    """Section by section."""
    return _page(request, service, who)


@SETTINGS.post("/settings/test", response_class=HTMLResponse)
def test_form(request: Request, service: At, who: Admin, sent: Sent):
    """A message that says it is a test, by one channel; who sent it is in the audit log."""
    name, arrived, fault = one(sent, "channel"), True, ""
    try:
        tried(channels_of(service.engine), name)
    except ToolFailed as error:
        arrived, fault = False, f"{name}: {error}"
    with service.store.durable.begin() as connection:
        detail = {"channel": name, "arrived": arrived}
        audit.add(connection, str(who.identity), "test channel", None, detail)
    told = "" if fault else f"A test went out by {name}."
    return _page(request, service, who, told, fault)


def _page(request: Request, service: Service, who: Who, told: str = "", wrong: str = ""):
    file, channels = service.configuration, service.configuration.notifications.channels
    given = file.model_fields_set
    rows = [Row(name, says, name in given) for name, says in _said(service, file)]
    values = {"rows": rows, "channels": channels, "told": told, "file": os.environ.get(NAMED, "")}
    status = 422 if wrong else 200
    return page("settings.html", status, request, who, wrong=wrong, **values)


def _said(service: Service, file: Configuration) -> Iterator[tuple[str, str]]:
    """In the order of the file."""
    server, oncall, told = file.server, file.oncall, file.notifications
    kind = {"postgresql": "PostgreSQL", "sqlite": "a file in SQLite"}[service.engine.dialect.name]
    sign_in = "passwords, " if server.sign_in.passwords else ""
    sign_in += f"{server.sign_in.oidc.name}, " if server.sign_in.oidc else ""
    yield "server", f"listens on {server.listen}, keeps its record in {kind}; {sign_in}tokens"
    takes = [f"{one.name} ({one.type})" for one in file.receivers]
    yield "receivers", _listed(takes or ["Alertmanager, by a secret in the home"])
    yield "datasources", _listed(f"{one.name} ({one.type})" for one in file.datasources)
    yield "otlp", f"listens on {file.otlp.listen}" if file.otlp else "off"
    yield "catalog", f"{len(declared(service.sources).catalogue.services)} services"
    yield "slos", f"{len(file.slos)} patterns of files"
    yield "oncall", _listed(f"schedule {one.name}" for one in oncall.schedules)
    yield "notifications", _listed([*(one.name for one in told.channels), *told.methods])
    page = file.status_page
    yield "status_page", (page.served or f"files in {page.folder}") if page else "off"
    yield "slack", f"mode {file.slack.mode}" if file.slack else "off"
    policy, model = file.policy, service.settings
    two = ", ".join(policy.two_person) or "nothing by its kind"
    yield "policy", f"two persons for {two}; own proposals: {policy.own_proposals}"
    any_model = model.model or model.model_base_url
    yield "model", (model.model or "the endpoint's first") if any_model else "none: playbooks"


def _listed(words: Iterator[str] | list[str]) -> str:
    return ", ".join(words) or "none"
