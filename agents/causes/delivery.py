"""How a change reached what fails: carried by which deploy, to which service, before it began."""

from dataclasses import dataclass

from ...analysis.code.change_scores import span
from ...analysis.code.mechanisms import Mechanism as M
from ...tools.change_feed import ChangeRecord
from .observations import Observations
from .studies import Scene, Studied

SKEW_S = 90.0
"""Clocks, metric steps and roll-outs: a deploy this much after the onset may still be its cause."""
SHARED = (
    "pkg",
    "lib",
    "libs",
    "shared",
    "common",
    "core",
    "internal",
    "proto",
    "schema",
    "schemas",
)
SHARED += ("platform", "vendor", "infra", "config", "migrations", "db")
"""Folders of what several services use, by the usual names."""

WRITTEN = (M.schema, M.data, M.encoding, M.units, M.clock)
"""What one writes wrongly fails where another reads it, often behind a queue nobody draws."""


@dataclass(frozen=True)
class ChangeDelivery:
    """Where and when a change arrived, as far as it matters for what fails."""

    service: str
    """An affected service that got it; "" where none is known to have."""
    at: float | None
    """Unix seconds; None where nothing has carried it."""
    late: bool
    """It came after the incident had begun."""
    text: str
    doubt: float
    """0..1: how little it can have reached what fails."""


def delivery(observations: Observations, scene: Scene, studied: Studied) -> ChangeDelivery:
    """The delivery that speaks most for the change: to the most affected service, in time."""
    arrived = [*studied.deploys, *studied.carriers]
    if not arrived:
        return _undelivered(observations, scene, studied)
    in_time = [row for row in arrived if row.at <= scene.onset + SKEW_S]
    if not in_time:
        row = min(arrived, key=lambda row: row.at)
        text = f"deployed {span(row.at - scene.onset)} after it began"
        return ChangeDelivery(row.service, row.at, True, text, 1.0)
    row = max(in_time, key=lambda row: (_near(observations, scene, row.service), row.at))
    return _delivered(observations, scene, studied, row)


def _delivered(
    observations: Observations, scene: Scene, studied: Studied, row: ChangeRecord
) -> ChangeDelivery:
    service = row.service
    near = _near(observations, scene, service)
    lead = span(max(0.0, scene.onset - row.at))
    where = f"to {service} " if service else ""
    text = f"deployed {where}{lead} before it began"
    if service and near == 0:
        touches = studied.contact.mechanism
        elsewhere = bool(touches) and touches[0].mechanism in WRITTEN
        doubt = 0.2 if elsewhere else 0.8
        return ChangeDelivery("", row.at, False, f"{text}, where nothing is unusual", doubt)
    shows = service if scene.affected.get(service) else ""
    return ChangeDelivery(shows, row.at, False, text, 0.0)


def _undelivered(observations: Observations, scene: Scene, studied: Studied) -> ChangeDelivery:
    """No deploy names it. A later one of an affected service may hold it, if it is shared."""
    at = studied.row.at
    if at > scene.onset + SKEW_S:
        text = f"committed {span(at - scene.onset)} after it began"
        return ChangeDelivery("", at, True, text, 1.0)
    deploys = [row for row in observations.history.rows if row.kind == "deploy"]
    if not deploys:
        return ChangeDelivery(
            "", None, False, f"committed {span(scene.onset - at)} before it began", 0.0
        )
    later = [
        row
        for row in deploys
        if at <= row.at <= scene.onset + SKEW_S and scene.affected.get(row.service)
    ]
    if later and _shared(studied):
        row = min(later, key=lambda row: row.at)
        text = f"shared code, in time for the deploy of {row.service}"
        return ChangeDelivery(row.service, row.at, False, text, 0.3)
    return ChangeDelivery("", None, False, "no deploy is known to have carried it", 0.8)


def _shared(studied: Studied) -> bool:
    parts = {part.lower() for file in studied.work.files for part in file.split("/")[:-1]}
    return bool(parts & set(SHARED))


def _near(observations: Observations, scene: Scene, service: str) -> float:
    """How affected a service is; half as much through one that it calls or that calls it."""
    own = scene.affected.get(service, 0.0)
    around = [
        scene.affected.get(other.name, 0.0)
        for other in observations.case.catalogue.services
        if service in other.depends_on
    ]
    known = observations.case.catalogue.find(service)
    around += [scene.affected.get(name, 0.0) for name in (known.depends_on if known else [])]
    return max([own, *(0.5 * value for value in around)])
