"""Every change of the last days, read and held against the symptoms; done once for one case."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ...analysis.code.contact import CodeChange, Contact, bumped, meet, study
from ...analysis.code.mechanisms import Mechanism, Mention, Shown, shown
from ...analysis.code.tokens import tokens_of
from ...tools.change_feed import ChangeRecord
from .observations import Observations

OUR_AUTHOR = "warroom"
"""What we did ourselves is no suspect."""
SKEW = 2.0
"""Metric steps by which an onset may be read too early."""


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


def scene(observations: Observations) -> Scene:
    """The scene of this case."""
    return _once(observations, "scene", _scene)


def _once(observations: Observations, name: str, make: Callable[[Observations], Scene]) -> Scene:
    if name not in observations.notes:
        observations.notes[name] = make(observations)
    return observations.notes[name]


def _scene(observations: Observations) -> Scene:
    outside = observations.of_kind("external")
    found = [
        Mention(row.service, row.source, row.text, row.strength, index)
        for index, row in enumerate(observations.symptoms.rows)
        if row.service not in outside
    ]
    seen = shown(found)
    changes = _changes(observations)
    works = [studied.work for studied in changes.values()]
    known = _known(observations)
    for studied in changes.values():
        studied.contact = meet(studied.work, found, seen, works, known)
    onset, dated = _onset(observations)
    return Scene(found, seen, _affected(observations, found), onset, dated, changes)


def _changes(observations: Observations) -> dict[str, Studied]:
    """By id. A deploy is its commit arriving: they are one change."""
    rows = [r for r in observations.history.rows if OUR_AUTHOR not in r.author.lower()]
    rows.sort(key=lambda row: row.at)
    found: dict[str, Studied] = {}
    for row in rows:
        if row.kind == "restart" or not row.id:
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


def _known(observations: Observations) -> set[str]:
    """Words that are names of services: that a diff has them tells nothing."""
    names = {s.name for s in observations.case.catalogue.services}
    return {word for name in names for word in tokens_of(name)} | names


def _affected(observations: Observations, found: list[Mention]) -> dict[str, float]:
    affected: dict[str, float] = {}
    for symptom in found:
        affected[symptom.service] = max(affected.get(symptom.service, 0.0), symptom.strength)
    alerting = observations.case.document.alert.service
    if alerting:
        affected[alerting] = 1.0
    return affected


def _onset(observations: Observations) -> tuple[float, bool]:
    """Since when the alert's own metric has left its level; else the earlier symptoms' begin."""
    alert, begin = observations.case.document.alert, observations.case.frame.incident.start
    named = [alert.labels.get("metric", ""), alert.name]
    own = [
        row.first
        for row in observations.symptoms.rows
        if row.service == alert.service and row.text in named and row.first
    ]
    moved = sorted(row.first for row in observations.symptoms.rows if row.first)
    if own:
        return own[0], True
    return (moved[len(moved) // 4] if moved else begin), False
