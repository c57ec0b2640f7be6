"""What the routes reach: opened once per process, shared by all of its threads."""

from dataclasses import dataclass, field
from threading import Event, Semaphore

from fastapi import Request
from sqlalchemy import Engine

from ..app.configuration import Sources
from ..app.configuration_file import Configuration
from ..app.record import Record
from ..incident.identity import Identity, Vouched
from ..intake.reception import Reception
from ..record.accounts import Accounts
from ..record.events import EventLog
from ..record.failures import Failures
from ..record.sessions import Sessions
from ..record.store import Store
from ..record.teams import Teams
from ..record.tokens import Tokens
from ..settings import Settings
from .attempts import Attempts
from .worker import Worker

MOST_STREAMS = 100
"""Of events, at a time, in one process."""


@dataclass(frozen=True)
class Service:
    """One installation, as the service sees it."""

    configuration: Configuration
    record: Record
    sources: Sources
    reception: Reception
    worker: Worker | None = None  # None: others work
    stopping: Event = field(default_factory=Event)  # what never ends by itself ends now
    attempts: Attempts = field(default_factory=Attempts)
    streams: Semaphore = field(default_factory=lambda: Semaphore(MOST_STREAMS))

    @property
    def settings(self) -> Settings:
        """What this process works with."""
        return self.record.settings

    @property
    def store(self) -> Store:
        """The record, for reading and for what people decide."""
        return self.record.store

    @property
    def engine(self) -> Engine:
        """Its database."""
        return self.store.engine

    @property
    def tokens(self) -> Tokens:
        """Who may ask."""
        return Tokens(self.engine)

    @property
    def sessions(self) -> Sessions:
        """Who asks, by a token or a browser's cookie."""
        return Sessions(self.engine, self.configuration.server.sign_in.lasts)

    @property
    def accounts(self) -> Accounts:
        """Who may sign in."""
        return Accounts(self.engine)

    @property
    def failures(self) -> Failures:
        """Who could not."""
        return Failures(self.engine)

    @property
    def teams(self) -> Teams:
        """Who belongs to which."""
        return Teams(self.engine)

    def link_of(self, code: str) -> str:
        """What sets a password, once."""
        return f"{self.configuration.server.url}/set-password/{code}"

    def identity(self, name: str, vouched: Vouched) -> Identity:
        """Whoever signed in so."""
        loud = name.lower() == self.configuration.server.sign_in.break_glass != ""
        return Identity(name, vouched, break_glass=loud)

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        server = self.configuration.server
        return bool(server.tls or server.proxy) or server.external_url.startswith("https:")

    @property
    def cookie(self) -> str:
        """What the cookie of a session is called: by TLS so that no other host may set it."""
        return "__Host-warroom" if self.secure else "warroom"

    @property
    def events(self) -> EventLog:
        """What happened, in order."""
        return EventLog(self.engine)


def service_of(request: Request) -> Service:
    """The service that this request came to."""
    return request.app.state.service
