"""What the routes reach: opened once per process, shared by all of its threads."""

from dataclasses import dataclass, field
from threading import Event, Semaphore

from fastapi import Request
from sqlalchemy import Engine

from ..app.configuration import Sources
from ..app.configuration_file import Configuration
from ..app.record import Record
from ..intake.reception import Reception
from ..record.events import EventLog
from ..record.store import Store
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
    def events(self) -> EventLog:
        """What happened, in order."""
        return EventLog(self.engine)


def service_of(request: Request) -> Service:
    """The service that this request came to."""
    return request.app.state.service
