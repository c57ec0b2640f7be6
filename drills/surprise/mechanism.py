"""What can go wrong, where, and what is then true: the tables beside this file.

A mechanism is written once for all of its places. `bind` fills in the names of one place and the
numbers of one share, and gives the effects to begin and the truth to score against.
"""

import json
from functools import cache
from string import Template
from typing import Any, NamedTuple

from pydantic import Field, TypeAdapter

from ...incident.severity import Severity
from ...telemetry.detector import Firing, webhook
from ...yaml_tables import Entry, read_table
from ..effects import Effect
from ..symptom import Symptom
from ..world import SHOP, world
from .truth import Account, Truth

LOWEST_ERRORS = 0.01
SHOWS_FROM = 0.35
"""An error rate above this part of what a place costs when fully hurt shows the fault."""


class Share(Entry):
    """How much is hurt."""

    fraction: float
    rows: int
    every: int
    milder: int


class Place(Entry):
    """Where something can be wrong; CALLER->CALLEE is the network between two."""

    name: str
    level: tuple[Severity, ...]
    hit: float
    journey: str
    table: str = ""
    right: str = ""
    victim: str = ""
    symptoms: tuple[Symptom, ...] = ()  # where its failed requests do not show it

    def names(self) -> dict[str, str]:
        """What a mechanism may call by name."""
        caller, between, callee = self.name.rpartition("->")
        caller = caller or "gateway"  # by whom a service is called
        swap = "switch provider recommendations" if callee.startswith("ai-") else ""
        return {
            "place": self.name,
            "program": f"{self.name}-1",
            "caller": caller,
            "callee": callee,
            # the gateway passes its customers' agents on, and a database is asked by no agent
            "agent": "" if caller == "gateway" or callee == "database" else f"shop-{caller}",
            # the stretch of network in front of it, as a run names it
            "link": (self.name if callee == "database" else callee) if between else "",
            "who": rf"\b{self.name}\b",
            "edge": rf"\b{caller}\b.{{0,120}}\b{callee}\b|\b{callee}\b.{{0,120}}\b{caller}\b",
            "swap": f"reroute {callee}" if callee in SPARED else swap,
            "table": self.table,
            "right": self.right,
            "journey": self.journey,
        }


SPARED = ("catalog", "checkout")
"""Services with an instance in reserve."""


class Terrain(Entry):
    """The whole of a world's places.yaml; words and shares of the shop's hold everywhere."""

    words: dict[str, str] = Field(default_factory=dict)
    shares: dict[str, Share] = Field(default_factory=dict)
    places: list[Place]


class Ground(NamedTuple):
    """All that seeds draw from in one world."""

    words: dict[str, str]
    shares: dict[str, Share]
    places: dict[str, Place]
    mechanisms: dict[str, "Mechanism"]
    besides: dict[str, "Mechanism"]
    """Those that no seed draws."""
    innocent: list[Effect]
    """Changes that hurt nobody."""


class HandedAlert(Entry):
    """An alert that somebody hands over."""

    name: str
    service: str
    severity: str
    summary: str

    def posted(self, now: float) -> dict[str, Any]:
        """As Alertmanager posts it, at that time (unix seconds)."""
        firing = Firing(self.name, self.service, self.severity, 0.0, "", now, self.summary)
        return webhook([firing])


class Bound(NamedTuple):
    """A mechanism at one place: what to do, what is then true, which links it needs."""

    effects: list[Effect]
    truth: Truth
    links: tuple[str, ...]
    alert: HandedAlert | None


class Mechanism(Account):
    """One way in which a shop goes wrong. Texts may name what `Place.names` and the words have.

    hit, level, symptoms: where they are not the place's own.
    """

    name: str
    world: str = SHOP
    places: list[str]
    shapes: tuple[str, ...] = ("step",)
    shares: tuple[str, ...] = ("all",)
    second: tuple[str, ...] = ()  # places where it may stand beside another fault
    does: list[Any]  # each an Effect, once its texts are filled in
    hit: float | None = None
    alert: HandedAlert | None = None

    def bind(self, where: str, much: str) -> Bound:
        """This mechanism at a place, at a share."""
        known = ground(self.world)
        place, share = known.places[where], known.shares[much]
        words = {name: f"(?:{text})" for name, text in known.words.items()}
        names = words | place.names() | {name: str(value) for name, value in share}
        quoted = {name: json.dumps(text)[1:-1] for name, text in names.items()}
        filled = Mechanism.model_validate_json(
            Template(self.model_dump_json()).safe_substitute(quoted)
        )
        effects = TypeAdapter(list[Effect]).validate_python(filled.does)
        links = tuple(filter(None, [names["link"]]))
        return Bound(effects, filled.truth(place, share), links, filled.alert)

    def truth(self, place: Place, share: Share) -> Truth:
        """What is true of it at a place, once its texts are filled in."""
        errors = max(LOWEST_ERRORS, SHOWS_FROM * share.fraction * (self.hit or place.hit))
        shown = Symptom(service="gateway", signal="error_rate", level=errors)
        known = {name: getattr(self, name) for name in Account.model_fields}
        known |= {
            "cures": [action for action in self.cures if action],
            "accept": [name for name in (*place.name.split("->"), *self.accept) if name],
            "level": self.level or milder(place.level, share.milder),
            "symptoms": self.symptoms or place.symptoms or ([shown] if self.hurt else []),
        }
        return Truth(**known, mechanism=self.name, place=place.name, loud=place.victim)


def milder(levels: tuple[Severity, ...], by: int) -> tuple[Severity, ...]:
    """Each milder by so many levels, as far as there are any."""
    known = list(Severity)
    return tuple(dict.fromkeys(known[min(level.rank + by, 3)] for level in levels))


def _of(table: str, name: str) -> list[Mechanism]:
    read = read_table(f"drills/surprise/{table}.yaml", list[Mechanism])
    return [found.model_copy(update={"world": name}) for found in read]


@cache
def ground(name: str = SHOP) -> Ground:
    """What can go wrong in that world."""
    own = "" if name == SHOP else f"{name}-"
    usual, here = (read_table(f"drills/surprise/{of}places.yaml", Terrain) for of in ("", own))
    tables = (world(name).surprises, world(name).besides)
    drawn, besides = ({m.name: m for table in each for m in _of(table, name)} for each in tables)
    innocent = read_table(f"drills/surprise/{own}decoys.yaml", list[Effect])
    places = {place.name: place for place in here.places}
    return Ground(usual.words | here.words, usual.shares, places, drawn, besides, innocent)
