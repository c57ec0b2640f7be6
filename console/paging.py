"""The pages of what is worked at this terminal, served beside it until the person is done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from ..app.configuration import Sources, settings
from .desk import Desk
from .screen import say, shown

NAME = "commander at the page"
"""Who decides there, as the record has it."""


@dataclass(frozen=True)
class Pages:
    """Where they are, and what signs in there."""

    url: str
    token: str

    def tell(self, desk: Desk, incident_id: str) -> None:
        """The address of an incident's page."""
        say(
            desk.console, ("  page      ", "dim"), (f"{self.url}/incidents/{incident_id}", "strong")
        )
        say(desk.console, ("            ", ""), f"sign in with the token {self.token}")


@contextmanager
def pages_beside(desk: Desk) -> Iterator[Pages]:
    """On a free port of this machine; a token is alive as long. At a terminal they stay up after
    the block until the person says so."""
    from ..app.configuration_file import Configuration, Server
    from ..record.tokens import Role
    from ..service.opening import open_service
    from ..service.serving import bind, served

    bound = bind(Server(listen="127.0.0.1:0"))
    file = Configuration(server=Server(listen=bound.url.removeprefix("http://")))
    service = open_service(settings(), file, Sources(), work=False)
    for token in service.tokens.all():
        owner = _started_by(token.name) if token.revoked_at is None else 0
        if owner and not psutil.pid_exists(owner):
            service.tokens.revoke(token.name)  # of one that was killed
    name = f"{NAME} {os.getpid()}"  # several may run in one home
    pages = Pages(bound.url, service.tokens.create(name, Role.commander))
    try:
        with served(service, bound):
            yield pages
            if desk.attended:
                say(desk.console)
                desk.console.input(f"  the pages stay up at {shown(pages.url)}; Enter ends them ")
    finally:
        service.tokens.revoke(name)


def _started_by(name: str) -> int:
    """The process whose pages this token is for; 0: it is none of these."""
    number = name.removeprefix(f"{NAME} ")
    return int(number) if number != name and number.isdigit() else 0
