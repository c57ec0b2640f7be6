"""Opens what `warroom serve` needs: the record, who takes alerts in, who works incidents."""

import secrets
from pathlib import Path

from ..app.configuration import Sources
from ..app.configuration_file import Configuration
from ..app.record import Record
from ..incident.private import write_private
from ..intake.configuration import Receiver
from ..intake.identity import labels_with
from ..intake.reception import Reception
from ..intake.scopes import Calls, calls_of
from ..record import audit
from ..settings import Settings
from ..telemetry.bundle import open_bundle
from .service import Service
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
    calls = _calls(sources.telemetry)
    receivers = configuration.receivers or [first_receiver(settings.home)]
    labels = labels_with(configuration.labels)
    return Service(
        configuration,
        record,
        sources,
        Reception(record.store, receivers, labels, calls=lambda: calls),
        Worker(settings, sources) if work else None,
    )


def first_receiver(home: Path) -> Receiver:
    """Alertmanager, known by a secret that is made once and lies in the home."""
    file = home.resolve() / f"{ALERTMANAGER}.secret"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    known = {"credentials_file": file}
    return Receiver.model_validate(
        {"name": ALERTMANAGER, "type": ALERTMANAGER, "authorization": known}
    )


def _calls(telemetry: Path | None) -> Calls:
    """Who calls whom, by the bundle's catalogue: alerts of neighbours belong together."""
    return calls_of(open_bundle(telemetry).recording.catalogue()) if telemetry else {}
