"""A fault drawn by seed: mechanism, place, shape in time, share and decoy."""

import random
from typing import Any

from ...incident.document import Incident
from ..effects import STEP, Course, Effect, Phase, Shape
from ..effects.changes import SEEN_HEALTHY_S, Release, Wait
from ..fault import LOOK_S, Fault
from ..score import DrillObservation, Score
from ..world import SHOP
from .mechanism import Bound, HandedAlert, Mechanism, ground
from .score import score_surprise
from .truth import Truth

SHAPES = {
    "step": STEP,
    "ramp": Shape((Phase(0.25, 3), Phase(0.5, 3), Phase(0.75, 3), Phase(1, 0))),
    "bursts": Shape((Phase(1, 8), Phase(0, 6)), repeats=True),
    "flapping": Shape((Phase(1, 3), Phase(0, 3)), repeats=True),
}
DECOYS = ("none", "innocent deploy", "innocent config", "loud victim", "second fault")
NONE, DEPLOY, CONFIG, LOUD, SECOND = DECOYS
KINDS = {DEPLOY: "release", CONFIG: "config"}
PATIENCE_S = 25.0
"""Without an alert within this time a person tells what customers say."""


class Drawn(Fault[Truth]):
    """A drawn fault. Its name and its title say nothing of what it is."""

    plan: tuple[tuple[tuple[Effect, ...], Shape], ...]
    handed: HandedAlert | None

    def courses(self) -> list[Course]:
        """An innocent change first, then the fault, then a second one."""
        return [Course(effects, shape) for effects, shape in self.plan]

    def webhook(self, now: float) -> dict[str, Any] | None:
        """What somebody hands over, where the mechanism has it."""
        return self.handed.posted(now) if self.handed else None

    def told(self, body: dict[str, Any] | None, now: float) -> dict[str, Any]:
        """What fires, else what a person says, who has heard customers or looked, and names no
        service; a loud victim comes before either."""
        truth = self.truth
        if body is None:
            who = "Several customers write" if truth.hurt else "Somebody sees"
            summary = f"{who} {truth.complaint}"
            report = HandedAlert(name="Report", service="", severity="warning", summary=summary)
            body = report.posted(now)
        if truth.decoy != LOUD:
            return body
        loud = HandedAlert(
            name="ServiceDegraded",
            service=truth.loud,
            severity="critical",
            summary=f"{truth.loud} does not do what it should for its callers",
        )
        return {**body, "alerts": [*loud.posted(now)["alerts"], *body["alerts"]]}

    def score(self, incident: Incident | None, seen: DrillObservation) -> Score:
        """The response held against the truth."""
        assert incident, "where nothing fires a person tells"
        return score_surprise(self.name, incident, self.truth, seen)


def draw(seed: int, world: str = SHOP) -> Drawn:
    """The fault of a seed; the same one each time."""
    luck, known = random.Random(seed), ground(world).mechanisms.values()
    group = luck.choice(sorted({each.group for each in known}))
    mechanism = luck.choice([each for each in known if each.group == group])
    place, share = luck.choice(mechanism.places), luck.choice(mechanism.shares)
    shape = luck.choice(mechanism.shapes)
    bound = mechanism.bind(place, share)
    decoy = luck.choice(decoys(bound, world)) if luck.random() < 0.6 else NONE
    drawn = {"seed": seed, "shape": shape, "share": share, "decoy": decoy}
    truth, links = bound.truth.model_copy(update=drawn), bound.links
    plan = [(bound.effects, SHAPES[shape])]
    if decoy in KINDS:
        innocent = luck.choice(innocents(bound, KINDS[decoy], world))
        plan.insert(0, ([innocent, Wait(kind="wait", seconds=SEEN_HEALTHY_S)], STEP))
    if decoy == SECOND:
        other, there = luck.choice(others(bound, world))
        second = other.bind(there, "all")
        plan.append((second.effects, STEP))
        truth, links = truth.beside(second.truth), links + second.links
    worst_s = max(truth.look_s, SHAPES[shape].period_s)
    return Drawn(
        name=f"surprise-{seed:03d}",
        world=world,
        title=f"Surprise, seed {seed}; its truth is sealed: {truth.seal}",
        truth=truth,
        links=links,
        patience_s=PATIENCE_S,
        wait_s=worst_s or LOOK_S,
        worst_s=worst_s,
        plan=tuple((tuple(effects), shape) for effects, shape in plan),
        handed=bound.alert,
    )


def announced(name: str, world: str) -> Drawn:
    """A mechanism by its name, at its first place, whole and at once. Raises KeyError."""
    mechanism = (ground(world).mechanisms | ground(world).besides)[name]
    return alone(mechanism, mechanism.places[0], mechanism.shares[0])


def alone(mechanism: Mechanism, place: str, share: str) -> Drawn:
    """A mechanism at a place, at once, and nothing that misleads."""
    bound = mechanism.bind(place, share)
    return Drawn(
        name=mechanism.name,
        world=mechanism.world,
        title=f"{mechanism.name.replace('-', ' ').capitalize()} at {bound.truth.place}",
        truth=bound.truth,
        links=bound.links,
        patience_s=2 * PATIENCE_S,
        wait_s=LOOK_S,
        plan=((tuple(bound.effects), STEP),),
        handed=bound.alert,
    )


def decoys(bound: Bound, world: str) -> list[str]:
    """What may mislead beside this fault."""
    found = [decoy for decoy, kind in KINDS.items() if innocents(bound, kind, world)]
    if bound.truth.loud and bound.truth.hurt:
        found.append(LOUD)
    if bound.truth.hurt and others(bound, world):
        found.append(SECOND)
    return found


def innocents(bound: Bound, kind: str, world: str) -> list[Effect]:
    """Innocent changes of a kind that do not touch what the fault is about."""
    truth = bound.truth
    touched = {*truth.place.split("->"), *truth.accept, truth.loud}
    touched |= {effect.service for effect in bound.effects if isinstance(effect, Release)}
    fitting = [one for one in ground(world).innocent if one.kind == kind]
    if kind == "config":
        return fitting if truth.group != "configuration" else []
    return [one for one in fitting if isinstance(one, Release) and one.service not in touched]


def others(bound: Bound, world: str) -> list[tuple[Mechanism, str]]:
    """Faults that may stand beside this one: of another group, at another place."""
    return [
        (each, place)
        for each in ground(world).mechanisms.values()
        for place in each.second
        if each.group != bound.truth.group and place not in bound.truth.accept
    ]
