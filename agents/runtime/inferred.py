"""What there is to act on, as far as telemetry tells: for a system nobody can be asked about.

Plans made from it are advice to a person: they are checked again against the real inventory
before anything acts.
"""

from ...actions.inventory import Inventory, Part
from ...telemetry.model import Change, Service, Window
from ...telemetry.recording import Recording

EVER = Window(0.0, 1e12)


def inferred(telemetry: Recording) -> Inventory:
    """Services from catalogue and metrics, versions and flags from recorded changes."""
    catalogue = telemetry.catalogue()
    changes = telemetry.changes(EVER)
    known = {service.name: service for service in catalogue.services}
    seen = {service for service, _metric in telemetry.metric_names()}
    names = sorted(known.keys() | seen | {c.service for c in changes if c.service})
    parts = {name: _part(name, known.get(name), changes) for name in names}
    flags = {change.id: True for change in changes if change.kind == "flag"}
    outside = [s.name for s in catalogue.services if s.kind == "external"]
    return Inventory(services=parts, flags=flags, providers=outside)


def _part(name: str, service: Service | None, changes: list[Change]) -> Part:
    deploys = [c for c in changes if c.kind == "deploy" and c.service == name]
    versions = list(dict.fromkeys(v for c in deploys for v in (c.previous, c.version) if v))
    most = service.instances_max if service else 1
    return Part(
        instances=[f"{name}-1"],
        spares=[f"{name}-{number}" for number in range(2, most + 1)],
        version=deploys[-1].version if deploys else "",
        previous=deploys[-1].previous if deploys else "",
        versions=versions,
        edge=bool(service and service.kind == "edge"),
    )
