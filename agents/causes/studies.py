"""Every change of the last days, read and held against the symptoms, and how it reached what fails:
carried by which deploy, to which service, before it began. Done once for one case.
"""

from dataclasses import dataclass, field

from ...analysis.code.contact import CodeChange, Contact, bumped, meet, study
from ...analysis.code.mechanisms import Mechanism, Mention, Shown, shown
from ...analysis.code.tokens import tokens_of
from ...analysis.quantities import span
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
    shows, changes = shown(found), _changes(seen)
    works = [studied.work for studied in changes.values()]
    names = {s.name for s in seen.case.catalogue.services}  # that a diff has them tells nothing
    known = names.union(*map(tokens_of, names))
    for studied in changes.values():
        studied.contact = meet(studied.work, found, shows, works, known)
    affected: dict[str, float] = {}
    for symptom in found:
        affected[symptom.service] = max(affected.get(symptom.service, 0.0), symptom.strength)
    if alerting := seen.case.document.alert.service:
        affected[alerting] = 1.0
    return Scene(found, shows, affected, seen.case.frame.began, _dated(seen), changes)


def _changes(seen: Observations) -> dict[str, Studied]:
    """By id. A deploy is its commit arriving: they are one change."""
    found: dict[str, Studied] = {}
    for row in sorted(by_others(seen.history), key=lambda row: row.at):
        if row.kind in CODELESS or not row.id:
            continue
        if row.id not in found:
            found[row.id] = Studied(row, study(row.files.split(", "), row.diff))
        if row.kind in ("deploy", "config", "flag", "scale"):
            found[row.id].deploys.append(row)
    _carried(found)
    return found


def _carried(found: dict[str, Studied]) -> None:
    """Version bumps bring what was changed in the module before them."""
    bumps = [(studied, words) for studied in found.values() if (words := bumped(studied.work))]
    for studied in found.values():
        paths = (file.rpartition("/")[0].replace("/", " ") for file in studied.work.files)
        folders = tokens_of(" ".join(paths))
        for bump, words in bumps:
            if bump is not studied and bump.row.at >= studied.row.at and folders & words:
                studied.carriers += bump.deploys


def _dated(seen: Observations) -> bool:
    """Whether the alert's own metric is known to have left its level: that tells the onset."""
    alert = seen.case.document.alert
    named = [alert.labels.get("metric", ""), alert.name]
    return any(
        row.first and row.service == alert.service and row.text in named
        for row in seen.symptoms.rows
    )


WRITTEN = {Mechanism[name] for name in ("schema", "data", "encoding", "units", "clock")}
"""What one writes wrongly fails where another reads it, often behind a queue nobody draws."""
SKEW_S = 90.0
"""Clocks, metric steps and roll-outs: a deploy this much after the onset may still be its cause."""


@dataclass(frozen=True)
class ChangeDelivery:
    """Where and when a change arrived, as far as it matters for what fails."""

    at: float | None
    """Unix seconds; None where nothing has carried it."""
    text: str
    doubt: float = 0.0
    """0..1: how little it can have reached what fails."""
    service: str = ""
    """An affected service that got it; "" where none is known to have."""
    late: bool = False
    """It came after the incident had begun."""


def delivery(seen: Observations, scene: Scene, studied: Studied) -> ChangeDelivery:
    """The delivery that speaks most for the change: to the most affected service, in time."""
    arrived = [*studied.deploys, *studied.carriers]
    if not arrived:
        return _undelivered(seen, scene, studied)
    in_time = [row for row in arrived if row.at <= scene.onset + SKEW_S]
    if not in_time:
        at = min(row.at for row in arrived)
        text = f"deployed {span(at - scene.onset)} after it began"
        return ChangeDelivery(at, text, 1.0, late=True)
    row = max(in_time, key=lambda row: (_near(seen, scene, row.service), row.at))
    where = f"to {row.service} " if row.service else ""
    text = f"deployed {where}{span(max(0.0, scene.onset - row.at))} before it began"
    if row.service and _near(seen, scene, row.service) == 0:
        met = studied.contact.mechanism
        read_elsewhere = bool(met) and met[0].mechanism in WRITTEN
        doubt = 0.2 if read_elsewhere else 0.8
        return ChangeDelivery(row.at, f"{text}, where nothing is unusual", doubt)
    shows = row.service if scene.affected.get(row.service) else ""
    return ChangeDelivery(row.at, text, service=shows)


def _undelivered(seen: Observations, scene: Scene, studied: Studied) -> ChangeDelivery:
    """No deploy names it. A later one of an affected service may hold it, if it is shared."""
    at, last = studied.row.at, scene.onset + SKEW_S
    if at > last:
        text = f"committed {span(at - scene.onset)} after it began"
        return ChangeDelivery(at, text, 1.0, late=True)
    deploys = [row for row in seen.history.rows if row.kind == "deploy"]
    if not deploys:
        return ChangeDelivery(None, f"committed {span(scene.onset - at)} before it began")
    later = [r for r in deploys if at <= r.at <= last and scene.affected.get(r.service)]
    folders = {part.lower() for file in studied.work.files for part in file.split("/")[:-1]}
    if later and folders & words().shared:
        row = min(later, key=lambda row: row.at)
        text = f"shared code, in time for the deploy of {row.service}"
        return ChangeDelivery(row.at, text, 0.3, row.service)
    return ChangeDelivery(None, "no deploy is known to have carried it", 0.8)


def _near(seen: Observations, scene: Scene, service: str) -> float:
    """How affected a service is; half as much through one that it calls or that calls it."""
    around = {s.name for s in seen.case.catalogue.services if service in s.depends_on}
    known = seen.case.catalogue.find(service)
    around |= set(known.depends_on if known else [])
    near = (0.5 * scene.affected.get(name, 0.0) for name in around)
    return max([scene.affected.get(service, 0.0), *near])
