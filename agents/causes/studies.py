"""Every change of the last days, read and held against the symptoms, and how it reached what fails:
carried by which deploy, to which service, before it began. Done once for one case.
"""

from dataclasses import dataclass, field

from ...analysis.code.change_scores import span
from ...analysis.code.contact import CodeChange, Contact, bumped, meet, study
from ...analysis.code.mechanisms import Mechanism, Mention, Shown, shown
from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.tokens import tokens_of
from ...incident.evidence import Quote
from ...tools.base import Result
from ...tools.change_feed import ChangeRecord
from ...tools.state import STATE_KINDS
from .candidate import words
from .observations import Observations, cite
from .said import sender_masked

CODELESS = STATE_KINDS | {"restart"}
"""Kinds of change in which there is no code to study."""
OUR_AUTHOR = "warroom"


@dataclass
class Studied:
    """One change: who carried it where and when, and where it meets the symptoms."""

    row: ChangeRecord
    work: CodeChange
    contact: Contact = field(default_factory=Contact)
    deploys: list[ChangeRecord] = field(default_factory=list)
    """Deploys of this very change, oldest first."""
    carriers: list[ChangeRecord] = field(default_factory=list)
    """Later deploys that raise the version of the module that it changes."""

    @property
    def id(self) -> str:
        """Commit sha or flag name."""
        return self.row.id


@dataclass
class Scene:
    """The symptoms, what they show, who shows them, and all changes."""

    symptoms: list[Mention]
    shown: dict[Mechanism, Shown]
    affected: dict[str, float]
    """Service -> how loudly it shows symptoms, 0..1."""
    onset: float
    """Unix seconds."""
    dated: bool
    """Whether the alert's own metric told the onset."""
    changes: dict[str, Studied]


def scene(seen: Observations) -> Scene:
    """The scene of this case, worked out once."""
    if "scene" not in seen.notes:
        seen.notes["scene"] = _scene(seen)
    return seen.notes["scene"]


def by_others(changes: Result[ChangeRecord]) -> list[ChangeRecord]:
    """The changes that others made: what we did ourselves is no suspect."""
    return [row for row in changes.rows if OUR_AUTHOR not in row.author.lower()]


def symptom_quotes(seen: Observations, symptom: Mention | None, *names: str) -> list[Quote]:
    """Quotes of these fields of the row in which a symptom was seen; none for none."""
    symptoms = seen.symptoms
    row = symptoms.rows[symptom.row] if symptom and symptom.row >= 0 else None
    return cite(symptoms, row, *names)


def _scene(seen: Observations) -> Scene:
    outside = seen.of_kind("external")
    found = [
        Mention(row.service, row.source, text, row.strength, index)
        for index, row in enumerate(seen.symptoms.rows)
        if row.service not in outside and (text := sender_masked(row.text))
    ]
    shows = shown(found)
    changes = _changes(seen)
    works = [studied.work for studied in changes.values()]
    known = _known(seen)
    for studied in changes.values():
        studied.contact = meet(studied.work, found, shows, works, known)
    onset, dated = _onset(seen)
    return Scene(found, shows, _affected(seen, found), onset, dated, changes)


def _changes(seen: Observations) -> dict[str, Studied]:
    """By id. A deploy is its commit arriving: they are one change."""
    found: dict[str, Studied] = {}
    for row in sorted(by_others(seen.history), key=lambda row: row.at):
        if row.kind in CODELESS or not row.id:
            continue
        if row.id not in found:
            work = study(row.files.split(", "), row.diff)
            found[row.id] = Studied(row, work)
        if row.kind in ("deploy", "config", "flag", "scale"):
            found[row.id].deploys.append(row)
    _carried(found)
    return found


def _carried(found: dict[str, Studied]) -> None:
    """Version bumps bring what was changed in the module before them."""
    bumps = [(studied, words) for studied in found.values() if (words := bumped(studied.work))]
    for studied in found.values():
        folders = {
            word
            for file in studied.work.files
            for word in tokens_of(file.rpartition("/")[0].replace("/", " "))
        }
        for bump, words in bumps:
            if bump is not studied and bump.row.at >= studied.row.at and folders & words:
                studied.carriers += bump.deploys


def _known(seen: Observations) -> set[str]:
    """Words that are names of services: that a diff has them tells nothing."""
    names = {s.name for s in seen.case.catalogue.services}
    return {word for name in names for word in tokens_of(name)} | names


def _affected(seen: Observations, found: list[Mention]) -> dict[str, float]:
    affected: dict[str, float] = {}
    for symptom in found:
        affected[symptom.service] = max(affected.get(symptom.service, 0.0), symptom.strength)
    alerting = seen.case.document.alert.service
    if alerting:
        affected[alerting] = 1.0
    return affected


def _onset(seen: Observations) -> tuple[float, bool]:
    """Since when the alert's own metric has left its level; else the earlier symptoms' begin."""
    alert, begin = seen.case.document.alert, seen.case.frame.incident.start
    named = [alert.labels.get("metric", ""), alert.name]
    own = [
        row.first
        for row in seen.symptoms.rows
        if row.service == alert.service and row.text in named and row.first
    ]
    moved = sorted(row.first for row in seen.symptoms.rows if row.first)
    if own:
        return own[0], True
    return (moved[len(moved) // 4] if moved else begin), False


SKEW_S = 90.0
"""Clocks, metric steps and roll-outs: a deploy this much after the onset may still be its cause."""
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


def delivery(seen: Observations, scene: Scene, studied: Studied) -> ChangeDelivery:
    """The delivery that speaks most for the change: to the most affected service, in time."""
    arrived = [*studied.deploys, *studied.carriers]
    if not arrived:
        return _undelivered(seen, scene, studied)
    in_time = [row for row in arrived if row.at <= scene.onset + SKEW_S]
    if not in_time:
        row = min(arrived, key=lambda row: row.at)
        text = f"deployed {span(row.at - scene.onset)} after it began"
        return ChangeDelivery(row.service, row.at, True, text, 1.0)
    row = max(in_time, key=lambda row: (_near(seen, scene, row.service), row.at))
    return _delivered(seen, scene, studied, row)


def _delivered(
    seen: Observations, scene: Scene, studied: Studied, row: ChangeRecord
) -> ChangeDelivery:
    service = row.service
    near = _near(seen, scene, service)
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


def _undelivered(seen: Observations, scene: Scene, studied: Studied) -> ChangeDelivery:
    """No deploy names it. A later one of an affected service may hold it, if it is shared."""
    at = studied.row.at
    if at > scene.onset + SKEW_S:
        text = f"committed {span(at - scene.onset)} after it began"
        return ChangeDelivery("", at, True, text, 1.0)
    deploys = [row for row in seen.history.rows if row.kind == "deploy"]
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
    return bool(parts & words().shared)


def _near(seen: Observations, scene: Scene, service: str) -> float:
    """How affected a service is; half as much through one that it calls or that calls it."""
    own = scene.affected.get(service, 0.0)
    around = [
        scene.affected.get(other.name, 0.0)
        for other in seen.case.catalogue.services
        if service in other.depends_on
    ]
    known = seen.case.catalogue.find(service)
    around += [scene.affected.get(name, 0.0) for name in (known.depends_on if known else [])]
    return max([own, *(0.5 * value for value in around)])
