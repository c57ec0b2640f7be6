"""The drills of a world by name, and faults that are there together, or one after the other: each
is to be found and cured."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field, SerializeAsAny

from ..errors import InputError, NotFound
from ..incident.action import Outcome
from ..incident.document import Incident
from ..incident.severity import Severity
from .effects import Course
from .fault import Fault, Truth
from .faults import FAULTS
from .faults.score import FaultTruth
from .score import Check, DrillObservation, Score, milestones, said_better
from .surprise.draw import Drawn, alone, announced, draw, others
from .surprise.mechanism import ground
from .surprise.score import facts_met, told
from .surprise.truth import COSTLY, Account
from .world import SHOP, WORLDS, world

PLACES = ("first", "second", "third")
TWO = range(2000, 3000)
"""Seeds that draw two faults; those outside of it mean what they always did."""


class Together(Truth):
    """What is true of each."""

    parts: tuple[SerializeAsAny[Truth], ...]


class Composed(Fault[Together]):
    """Two or three faults, each so many seconds after the one before it."""

    faults: tuple[Any, ...] = Field(description="each a Fault")
    after_s: float = Field(default=0.0, description="from one to the next")

    @classmethod
    def of(cls, faults: Sequence[Fault[Any]], after_s: float, **other: Any) -> "Composed":
        """These, with the longest of their waits."""
        symptoms = tuple(dict.fromkeys(s for fault in faults for s in fault.truth.symptoms))
        truth = Together(symptoms=symptoms, parts=tuple(fault.truth for fault in faults))
        links = tuple(dict.fromkeys(link for fault in faults for link in fault.links))
        values: dict[str, Any] = {"world": faults[0].world, "links": links, "truth": truth}
        values |= {"name": "+".join(one.name for one in faults), "faults": tuple(faults)}
        values["title"] = "; then ".join(fault.title for fault in faults)
        for name in ("patience_s", "wait_s", "worst_s"):
            values[name] = max(getattr(fault, name) for fault in faults)
        return cls(**values | other, after_s=after_s)

    def courses(self) -> list[Course]:
        """Those of each, the later ones later."""
        return [
            replace(course, delay_s=number * self.after_s)
            for number, fault in enumerate(self.faults)
            for course in fault.courses()
        ]

    def webhook(self, now: float) -> dict[str, Any] | None:
        """What somebody hands over of the first that has it."""
        return next(filter(None, (fault.webhook(now) for fault in self.faults)), None)

    def told(self, body: dict[str, Any] | None, now: float) -> dict[str, Any] | None:
        """As of the first that has anything to tell."""
        return next(filter(None, (fault.told(body, now) for fault in self.faults)), None)

    def score(self, incident: Incident | None, seen: DrillObservation) -> Score:
        """Which of them were found and which cured, besides what holds for all."""
        detected = incident is not None and not seen.by_hand
        checks = [Check("detected", detected, "an alert" if detected else "none", "an alert")]
        if incident is None:
            return Score(self.name, "", checks, {"detect": None})
        checks += [_level(incident, self.truth.parts), _harm(incident, self.truth.parts)]
        for place, fault in zip(PLACES, self.faults, strict=False):
            found, cured = _found(incident, fault), _cured(incident, fault.truth, seen)
            checks += [replace(found, name=f"{place} found"), replace(cured, name=f"{place} cured")]
        return Score(self.name, incident.id, checks, milestones(incident, seen.detect_s))


def named(name: str = SHOP) -> Mapping[str, Fault[Any]]:
    """Every drill of a world by its name, in the order of the score table. Raises NotFound."""
    if name not in WORLDS:
        raise NotFound(f"no world {name!r} to drill in; there are: {', '.join(WORLDS)}")
    own = FAULTS if name == SHOP else {one: announced(one, name) for one in world(name).faults}
    return {**own, **{one: announced(one, name) for one in ground(name).besides}}


def compose(names: str, where: str, after_s: float) -> Composed:
    """Faults of a world by their names, with + between. Raises InputError, NotFound."""
    asked, known = names.split("+"), named(where)
    if not 2 <= len(asked) <= len(PLACES) or len(set(asked)) < len(asked):
        raise InputError("name two or three different faults: warroom drill compose A+B")
    drawable = ground(where).mechanisms
    if unknown := [name for name in asked if name not in {*known, *drawable}]:
        there = ", ".join(dict.fromkeys([*known, *drawable]))
        raise NotFound(f"no fault {unknown[0]!r} in the {where}; there are: {there}")
    return Composed.of([known.get(n) or announced(n, where) for n in asked], after_s)


def surprise(seed: int, where: str) -> Drawn | Composed:
    """The fault of a seed, or its two."""
    if seed not in TWO:
        return draw(seed, where)
    luck, known = random.Random(seed), ground(where).mechanisms.values()
    drawn = [(each, others(each.bind(each.places[0], each.shares[0]), where)) for each in known]
    found = [(each, beside) for each, beside in drawn if beside and each.hurt]
    group = luck.choice(sorted({each.group for each, _beside in found}))
    first, beside = luck.choice([pair for pair in found if pair[0].group == group])
    second, place = luck.choice(beside)
    one = alone(first, first.places[0], first.shares[0])
    both = [one, alone(second, place, second.shares[0])]
    seal = Composed.of(both, 0).truth.seal
    told = {"name": f"surprise-{seed}", "title": f"Surprise, seed {seed}; its truth: {seal}"}
    return Composed.of(both, luck.choice((0.0, 20.0)), **told)


def _level(incident: Incident, parts: Sequence[Truth]) -> Check:
    """That of whichever is worse."""
    wanted, level = min(map(_levels, parts)), incident.severity
    return Check("severity", level in wanted, level or "not classified", " or ".join(wanted))


def _levels(truth: Truth) -> list[Severity]:
    if isinstance(truth, FaultTruth):
        return [one for one in Severity if abs(one.rank - truth.severity.rank) <= 1]
    return list(truth.level if isinstance(truth, Account) else Severity)


def _cures(truth: Truth) -> set[str]:
    if isinstance(truth, FaultTruth):
        return {f"{kind} {target}" for kind, target in truth.effective_actions}
    return {*truth.cures, *truth.helps} if isinstance(truth, Account) else set()


def _harm(incident: Incident, parts: Sequence[Truth]) -> Check:
    good = set[str]().union(*map(_cures, parts))
    done = [incident.plan(e.plan) for e in incident.executions if e.outcome is not Outcome.failed]
    found = {f"{plan.kind} {plan.target}" for plan in done if plan}
    bad = sorted(one for one in found - good if one.startswith(COSTLY))
    return Check("harm", not bad, ", ".join(bad) or "none", "no action that does harm")


def _found(incident: Incident, fault: Fault[Any]) -> Check:
    """By what leads, or what an action is known to have ended."""
    truth, leading, ended = fault.truth, incident.leading(), incident.proven
    believed = [h for h in incident.hypotheses if h is leading or h.ended_by or h.id in ended]
    answer = "; ".join(f"{one.kind.value} at {one.service}" for one in believed) or "none"
    if isinstance(truth, FaultTruth):
        met = any((h.kind, h.service) == (truth.kind, truth.service) for h in believed)
        return Check("", met, answer, f"{fault.name}: {truth.kind.value} at {truth.service}")
    facts = (facts_met(told(incident, one), truth.facts) for one in believed)
    return Check("", any(all(met.values()) for met in facts), answer, truth.cause)


def _cured(incident: Incident, truth: Truth, seen: DrillObservation) -> Check:
    """By an action that is known to cure it, and its symptoms are gone."""
    cures = _cures(truth)
    if not cures:
        return Check("", None, "", "nothing of the catalogue cures it")
    done = {f"{p.kind} {p.target}" for e in said_better(incident) if (p := incident.plan(e.plan))}
    left = [str(one) for one in truth.symptoms if one.shows(seen.left.get(str(one)))]
    answer = f"{', '.join(sorted(done & cures)) or 'not acted upon'}; {', '.join(left) or 'gone'}"
    return Check("", bool(done & cures) and not left, answer, " or ".join(sorted(cures)))
