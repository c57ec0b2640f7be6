"""A fault drawn by seed: mechanism, place, shape in time, share and decoy; and how it is done."""

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, NamedTuple

import psutil
import psycopg

from ...errors import DrillError, WarroomError
from ...telemetry.detector import Firing, webhook
from ...yaml_tables import Entry, read_table
from ..environment import Shop
from ..faults import SEEN_HEALTHY_S
from .changes import Effect
from .effects import Switch
from .mechanism import MECHANISMS, Bound, HandedAlert, Mechanism
from .truth import Truth


class Phase(NamedTuple):
    """A strength, for some seconds."""

    strength: float
    seconds: float


class Shape(NamedTuple):
    """A course in time: phases, from the beginning again where it repeats."""

    phases: tuple[Phase, ...]
    repeats: bool = False

    @property
    def period_s(self) -> float:
        """How long to look so that the worst of it is seen; 0: it stays as it is."""
        return sum(phase.seconds for phase in self.phases) if self.repeats else 0.0


SHAPES = {
    "step": Shape((Phase(1, 0),)),
    "ramp": Shape((Phase(0.25, 3), Phase(0.5, 3), Phase(0.75, 3), Phase(1, 0))),
    "bursts": Shape((Phase(1, 8), Phase(0, 6)), repeats=True),
    "flapping": Shape((Phase(1, 3), Phase(0, 3)), repeats=True),
}


class Innocent(Entry):
    """A change that hurts nobody."""

    service: str
    effect: Effect


INNOCENT = read_table("drills/surprise/decoys.yaml", list[Innocent])
DECOYS = ("none", "innocent deploy", "innocent config", "loud victim", "second fault")
NONE, DEPLOY, CONFIG, LOUD, SECOND = DECOYS
KINDS = {DEPLOY: "release", CONFIG: "config"}
TROUBLE = (WarroomError, psycopg.Error, psutil.Error, OSError)
"""What comes of acting on a shop that is not well any more."""


class Course:
    """Effects that go through a shape, in a thread where that takes time."""

    def __init__(self, effects: list[Effect], shape: Shape) -> None:
        self.effects, self.shape = effects, shape
        self.switches: list[Switch] = []
        self.over = Event()
        self.thread = Thread(target=self._go_on, name="course", daemon=True)

    def begin(self, shop: Shop) -> None:
        """The first phase is there when this returns."""
        for effect in self.effects:
            switch = effect.begin(shop)
            self.switches.append(switch)
            switch.on(self.shape.phases[0].strength)
        if len(self.shape.phases) > 1:
            self.thread.start()

    def end(self) -> None:
        """Take it all back, the last first; a shop in trouble may not let us."""
        self.over.set()
        if self.thread.is_alive():
            self.thread.join(10)
        for switch in reversed(self.switches):
            with suppress(*TROUBLE):
                switch.off()

    def _go_on(self) -> None:
        phases = self.shape.phases
        while True:
            for phase, following in zip(phases, (*phases[1:], phases[0]), strict=True):
                if not phase.seconds or self.over.wait(phase.seconds):
                    return
                self._set(following.strength)

    def _set(self, strength: float) -> None:
        for switch in self.switches:
            with suppress(*TROUBLE):  # what it is about may be gone
                switch.on(strength) if strength else switch.off()


@dataclass
class Drawn:
    """A drawn fault, with what a drill asks of a `DrillFault`."""

    truth: Truth
    courses: list[Course]
    links: tuple[str, ...]
    handed: HandedAlert | None
    before: list[Innocent] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Says nothing of what it is."""
        return f"surprise-{self.truth.seed:03d}"

    @property
    def title(self) -> str:
        """The same for a heading."""
        return f"Surprise, seed {self.truth.seed}"

    def webhook(self, now: float) -> dict[str, Any] | None:
        """What is handed over as it is, at that time (unix seconds), where the mechanism has it."""
        return delivered(self.handed, now) if self.handed else None

    def inject(self, shop: Shop) -> None:
        """An innocent change first, then the fault, then a second one.

        Raises DrillError where one of them did not take.
        """
        try:
            for innocent in self.before:
                innocent.effect.begin(shop).on(1)
                time.sleep(SEEN_HEALTHY_S)
            for course in self.courses:
                course.begin(shop)
        except TROUBLE as error:
            raise DrillError(f"{self.name} did not take: {error}; run it again") from error

    def settle(self, shop: Shop) -> None:
        """Take back what is still going on."""
        for course in reversed(self.courses):
            course.end()


def draw(seed: int) -> Drawn:
    """The fault of a seed; the same one each time."""
    luck = random.Random(seed)
    group = luck.choice(sorted({each.group for each in MECHANISMS.values()}))
    mechanism = luck.choice([each for each in MECHANISMS.values() if each.group == group])
    place, share = luck.choice(mechanism.places), luck.choice(mechanism.shares)
    shape = luck.choice(mechanism.shapes)
    bound = mechanism.bind(place, share)
    decoy = luck.choice(decoys(bound)) if luck.random() < 0.6 else NONE
    told = {"seed": seed, "shape": shape, "share": share, "decoy": decoy}
    truth = bound.truth.model_copy(update=told)
    drawn = Drawn(truth, [Course(bound.effects, SHAPES[shape])], bound.links, bound.alert)
    if decoy in KINDS:
        drawn.before = [luck.choice(innocents(bound, KINDS[decoy]))]
    if decoy == SECOND:
        other, there = luck.choice(others(bound))
        second = other.bind(there, "all")
        drawn.courses.append(Course(second.effects, SHAPES["step"]))
        drawn.links += second.links
        drawn.truth = truth.beside(second.truth)
    return drawn


def decoys(bound: Bound) -> list[str]:
    """What may mislead beside this fault."""
    found = [decoy for decoy, kind in KINDS.items() if innocents(bound, kind)]
    if bound.truth.loud and bound.truth.hurt:
        found.append(LOUD)
    if bound.truth.hurt and others(bound):
        found.append(SECOND)
    return found


def innocents(bound: Bound, kind: str) -> list[Innocent]:
    """Innocent changes of a kind that do not touch what the fault is about."""
    truth = bound.truth
    touched = {*truth.place.split("->"), *truth.accept, truth.loud}
    touched |= {effect.service for effect in bound.effects if effect.kind == "release"}
    fitting = [one for one in INNOCENT if one.effect.kind == kind]
    if kind == "config":
        return fitting if truth.group != "configuration" else []
    return [one for one in fitting if one.service not in touched]


def others(bound: Bound) -> list[tuple[Mechanism, str]]:
    """Faults that may stand beside this one: of another group, at another place."""
    return [
        (each, place)
        for each in MECHANISMS.values()
        for place in each.second
        if each.group != bound.truth.group and place not in bound.truth.accept
    ]


def delivered(alert: HandedAlert, now: float) -> dict[str, Any]:
    """An alert as Alertmanager posts it, at that time (unix seconds)."""
    return webhook([Firing(alert.name, alert.service, alert.severity, 0.0, "", now, alert.summary)])
