"""Game day: a surprise that people respond to. A facilitator's cards come onto the incident's
timeline by the clock; people are scored by what a response owes (practice: thirteen steps)."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from string import Template
from threading import Event, Thread
from typing import Any

from ..agents.reporting.incident_status import ended
from ..agents.runtime.waits import ANEW_LOOKS
from ..app import lifecycle
from ..app.plans import due
from ..app.postmortem_text import items
from ..app.record import Record
from ..app.words import seconds
from ..app.work import Commander, Tell, work
from ..incident import identity
from ..incident.action import Verdict
from ..incident.document import Incident
from ..incident.lifecycle import OVER
from ..incident.people import Duty
from ..incident.private import write_private
from ..incident.report import PostmortemReport
from ..incident.severity import TARGETS, Severity
from ..incident.timeline import EventKind, from_ts
from ..record.ledger import Request
from ..record.postmortems import Postmortems
from ..record.store import Store
from ..settings import Settings
from ..telemetry.bundle import open_bundle
from ..telemetry.detector import evaluate
from ..telemetry.model import Window
from ..text_safety.lines import one_line
from ..yaml_tables import Entry, read_table
from .fault import LOOK_S
from .runner import Drill
from .score import Check
from .surprise.draw import draw
from .surprise.score import said
from .surprise.truth import Truth

FACILITATOR = identity.automatic("facilitator")
LOOK_EVERY_S = 5.0
SOON, POSTMORTEM = timedelta(minutes=5), timedelta(hours=48)
KEPT, DEBRIEF = "game-day.json", "debrief.md"
"""In the incident's folder: what was played, and what came of it."""
Look = tuple[float, bool, Sequence[str]]
"""Unix seconds, whether it hurts, which services fire."""


class Card(Entry):
    """What the facilitator says, at that share of the time."""

    at: float
    text: str


CARDS = read_table("drills/game-day.yaml", tuple[Card, ...])


@dataclass
class GameDay(Drill):
    """A drill in which people respond; `silent`: Warroom takes the alert and says nothing more."""

    silent: bool = False
    minutes: float = 20.0
    looks: int = ANEW_LOOKS
    seen: list[Look] = field(default_factory=list)

    def _work(self, response: Any, incident_id: str, tell: Tell, decide: Commander) -> None:
        store, until, over = response.context.store, time.monotonic() + 60 * self.minutes, Event()
        telemetry = response.context.recorder.origin
        operations = telemetry.parent / "operations.json"
        self.host.note(f"look: warroom diagnose --operations {operations}")
        self.host.note(f"act:  warroom recover {operations}, or approve at the page")
        args = (store, incident_id, telemetry, over)
        aside = Thread(target=self._facilitate, args=args, daemon=True)
        aside.start()

        def waited(still: Callable[[], bool]) -> bool:
            while (left := still()) and time.monotonic() < until:
                time.sleep(1)
            return not left

        def answered(request: Request) -> bool:
            known = (request.incident_id, request.subject)
            asked = lambda: store.ledger.decision(*known) is None  # noqa: E731
            return waited(lambda: asked() and not due(store, incident_id))

        try:
            if not self.silent:
                work(response, incident_id, tell, answered)
            waited(lambda: store.load(incident_id).state not in OVER)
        finally:
            over.set()
            aside.join(30)

    def _facilitate(self, store: Store, incident_id: str, telemetry: Path, over: Event) -> None:
        """Say each card in its time, and look every few seconds how it stands."""
        began, cards, truth = time.monotonic(), list(CARDS), self.fault.truth
        with closing(open_bundle(telemetry)) as recorder:
            while not over.wait(LOOK_EVERY_S):
                share = (time.monotonic() - began) / (60 * self.minutes)
                while cards and cards[0].at <= share:
                    text = told(cards.pop(0), truth)
                    self.host.note(text)
                    lifecycle.note(store, incident_id, text, FACILITATOR)
                recording, now = recorder.advance(), time.time()
                window = Window(now - LOOK_S, now)
                hurts = any(one.shows(one.left(recording, window, True)) for one in truth.symptoms)
                self.seen.append((now, hurts, [one.service for one in evaluate(recording, now)]))


def told(card: Card, truth: Truth) -> str:
    """A card with what is true filled in."""
    words = {"place": " or ".join(truth.accept) or "what comes in", "cause": truth.cause}
    return Template(card.text).substitute(words, cure=" or ".join(truth.cures) or "off the menu")


def restored(looks: Sequence[Look]) -> datetime | None:
    """Since when nothing hurts; None: it still does, or never did."""
    last = max((at for at, hurts, _ in looks if hurts), default=None)
    after = [at for at, _, _ in looks if last is not None and at > last]
    return from_ts(after[0]) if after else None


def criteria(
    incident: Incident, truth: Truth, looks: Sequence[Look], published: str = ""
) -> Iterator[Check]:
    """What a response to a game day owes, as it was looked at. `published`: the postmortem's text,
    once people published it."""
    spread = {*looks[-1][2]} - {*looks[0][2], *truth.accept} if looks else set[str]()
    return checks(incident, truth.level, restored(looks), spread, published)


def of_record(incident: Incident, published: str = "") -> Iterator[Check]:
    """The same of any incident, as its record has it: the level that it ended with is the right
    one, and what joined late and was not there soon is a cascade."""
    first = {incident.alert.service}
    first |= {j.alert.service for j in incident.joined if j.at - incident.opened_at <= SOON}
    spread = {joined.alert.service for joined in incident.joined} - first - {""}
    levels = [incident.severity or Severity.P3]
    return checks(incident, levels, ended(incident), spread, published)


def checks(
    incident: Incident,
    levels: Sequence[Severity],
    well: datetime | None,
    spread: set[str],
    published: str,
) -> Iterator[Check]:
    """What a response owes, during the incident and after it; None: it is not yet done.

    levels: that are right, the first the likeliest; well: since when; spread: services that came
    to fail meanwhile.
    """
    opened, level = incident.opened_at, levels[0]
    target = timedelta(minutes=TARGETS[level].resolve_minutes)
    every = timedelta(minutes=TARGETS[level].update_minutes or TARGETS[level].resolve_minutes)
    inside, soon, apart = (
        f"within {seconds(span.total_seconds())}" for span in (target, SOON, every)
    )
    met = bool(well and well - opened <= target)
    yield Check("restored", met, _after(incident, well), inside)
    held = incident.held
    met = bool(held and held.severity in levels and held.at - opened <= SOON)
    answer = f"{held.severity} {_after(incident, held.at)}" if held else "set by nobody"
    wanted = f"a person sets or confirms {' or '.join(levels)} {soon}"
    yield Check("severity", met, answer, wanted)
    said = sorted(_words_of_people(incident))
    times = [opened, *said, max((e.at for e in incident.timeline), default=opened)]
    met = bool(said) and max(b - a for a, b in pairwise(times)) <= every
    yield Check(
        "updates",
        met,
        f"{len(said)}",
        f"a person's word at least, each {apart} of the last",
    )
    wanted = "nothing fires in the end that did not at first"
    yield Check("no cascade", not spread, ", ".join(sorted(spread)) or "none", wanted)
    lead = next((p for p in incident.participants if p.duty is Duty.commander), None)
    answer = f"{lead.name} {_after(incident, lead.since)}" if lead else "nobody"
    met = lead is not None and lead.since - opened <= SOON
    yield Check("command", met, answer, f"somebody took the duty commander {soon}")
    written, owed = incident.report(PostmortemReport), items(published)
    due = f"published by {opened + POSTMORTEM:%Y-%m-%d %H:%M} UTC"
    answer = "published" if published else "drafted" if written else "not yet"
    yield Check("postmortem", bool(published) or None, answer, due)
    wanted = "in what is published, an owner and a date for each"
    owned = bool(owed) and all(one.owner and one.due for one in owed)
    yield Check("action items", owned or None, f"{len(owed)}", wanted)


def _words_of_people(incident: Incident) -> Iterator[datetime]:
    """When people said something, or approved a text that went out; who has a duty is no news."""
    texts = {message.hash for message in incident.communications}
    for line in incident.timeline:
        theirs = line.kind is EventKind.person and FACILITATOR.name not in line.actor
        if theirs and not _DUTY.search(line.text):
            yield line.at
    for decision in incident.decisions:
        if decision.subject in texts and decision.verdict is Verdict.approved:
            yield decision.at


_DUTY = re.compile(rf" is (?:{'|'.join(Duty)}) now\b")


def _after(incident: Incident, at: datetime | None) -> str:
    return f"after {seconds((at - incident.opened_at).seconds)}" if at else "not at all"


def keep(settings: Settings, incident_id: str, day: GameDay, seed: int) -> None:
    """So that the debrief can be written again. Raises OSError."""
    facts = {"seed": seed, "world": day.fault.world, "silent": day.silent, "looks": day.seen}
    write_private(settings.files(incident_id) / KEPT, json.dumps(facts))


def debrief(settings: Settings, incident: Incident) -> tuple[Path, list[Check]]:
    """Write what came of it as it stands now: of a game day by what was really the case, of any
    other incident by its record."""
    folder = settings.files(incident.id)
    played, out = folder / KEPT, Postmortems(Record(settings).store.engine).published(incident.id)
    facts = json.loads(played.read_text(encoding="utf-8")) if played.exists() else {}
    published = out.markdown if out else ""
    if facts:
        truth = draw(facts["seed"], facts["world"]).truth
        people = list(criteria(incident, truth, facts["looks"], published))
        itself = [] if facts["silent"] else said(incident, truth)
        head = [f"# Debrief: game day, the {facts['world']}, seed {facts['seed']}", "", truth.cause]
        ours = ["", "## Warroom", "", *(rows(itself) or ["It was silent."])]
    else:
        people, ours = list(of_record(incident, published)), list[str]()
        head = [f"# Debrief: {incident.id}", "", one_line(incident.title)]
    lines = sorted(incident.timeline, key=lambda event: event.at)
    happened = [f"- {e.at:%H:%M:%S} {one_line(e.text)} ({e.actor})" for e in lines]
    text = [*head, "", "## The people", "", *rows(people), *ours]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / DEBRIEF, "\n".join([*text, "", "## What happened", "", *happened, ""]))
    return folder / DEBRIEF, people


MARKS = {True: "met", False: "missed", None: "open"}


def rows(checks: Sequence[Check]) -> list[str]:
    """As a Markdown table; nothing where nothing was asked."""
    found = [f"| {c.name} | {MARKS[c.met]} | {c.answer} | {c.wanted} |" for c in checks]
    return ["| | | what was | what was wanted |", "|---|---|---|---|", *found] if found else []
