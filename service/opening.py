"""Opens what `warroom serve` needs: the record, who takes alerts in, who works incidents."""

import secrets
from pathlib import Path

from ..app.configuration import RECEIVED, Sources, declared
from ..app.configuration_file import Configuration
from ..app.record import Record
from ..incident.private import write_private
from ..intake.configuration import Authorization, Receiver
from ..intake.identity import labels_with
from ..intake.reception import Reception
from ..intake.scopes import calls_of, owners_of
from ..record import audit
from ..settings import Settings
from ..telemetry.bundle import open_bundle
from ..telemetry.model import Catalogue
from .otlp_process import Beside, Job
from .service import Service
from .serving import Bound
from .worker import Worker

ALERTMANAGER = "alertmanager"
"""The receiver of an installation that configured none."""


def open_service(
    settings: Settings, configuration: Configuration, sources: Sources, work: bool
) -> Service:
    """Over the record of these settings; with a worker of its own where it is to work.

    Raises InputError, StoreError, BundleError: what is wrong shows before anybody is answered.
    """
    record = Record(settings)
    audit.check_key(record.store.engine)
    catalogue = _catalogue(sources)
    calls, owners = calls_of(catalogue), owners_of(catalogue)
    receivers = configuration.receivers or [first_receiver(settings.home)]
    labels = labels_with(configuration.labels)
    return Service(
        configuration,
        record,
        sources,
        Reception(record.store, receivers, labels, lambda: calls, lambda: owners),
        Worker(settings, sources) if work else None,
    )


def first_receiver(home: Path) -> Receiver:
    """Alertmanager, known by a secret that is made once and lies in the home."""
    known = _secret(home, ALERTMANAGER)
    return Receiver.model_validate(
        {"name": ALERTMANAGER, "type": ALERTMANAGER, "authorization": known}
    )


def open_beside(home: Path, configuration: Configuration, bound: Bound | None) -> Beside | None:
    """The process that takes telemetry in at this address; None: none is wanted.

    Raises InputError where its folder cannot be used.
    """
    if (otlp := configuration.otlp) is None or bound is None:
        return None
    known, tls = otlp.authorization or _secret(home, RECEIVED), configuration.server.tls
    job = Job(
        socket=bound.socket.fileno(),
        folder=otlp.folder or home.resolve() / RECEIVED,
        hours=otlp.hours,
        megabytes=otlp.megabytes,
        authorization=None if otlp.unauthenticated else known,
        cert_file=tls and tls.cert_file,
        key_file=tls and tls.key_file,
    )
    return Beside(job)


def _secret(home: Path, name: str) -> Authorization:
    file = home.resolve() / f"{name}.secret"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    return Authorization(type="Bearer", credentials_file=file, credentials_files=())


def _catalogue(sources: Sources) -> Catalogue:
    """The bundle's, or the team's own: alerts of neighbours belong together, and an incident to
    whoever has the service."""
    if sources.telemetry:
        return open_bundle(sources.telemetry).recording.catalogue()
    return declared(sources).catalogue
