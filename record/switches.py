"""The kill switch: off stops every new action at its claim, at once and across restarts, for the
whole installation or for one target; with who and why. Messages go on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select, update

from ..incident.identity import Identity
from ..incident.timeline import from_ts
from . import audit
from .database import durable, reader
from .tables import SWITCHES, insert_once

EVERYTHING = "effects"
"""The switch of the whole installation; every other is named by its target."""
ALL_RULES = "all rules"
"""The switch of what acts without a person; that of one rule is called "rule NAME"."""


@dataclass(frozen=True)
class Switch:
    """How a switch stands, since when (unix seconds), by whom and why."""

    name: str
    off: bool
    at: float
    made_by: str
    reason: str

    @property
    def words(self) -> str:
        """Why nothing acts, in one line."""
        rule = self.name.startswith("rule ")
        named = f"{self.name} is" if rule else f"actions on {self.name} are"
        what = {EVERYTHING: "actions are", ALL_RULES: "all rules are"}.get(self.name, named)
        why = f": {self.reason}" if self.reason else ""
        return f"{what} switched off by {self.made_by} at {from_ts(self.at):%H:%M:%S} UTC{why}"


class Switches:
    """The table of switches. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = durable(engine)
        self.reading = reader(engine)
        self.clock = clock

    def turn(self, off: bool, by: Identity, reason: str, target: str = EVERYTHING) -> Switch:
        """Turn one off or on again: what is claimed from now on obeys."""
        switch = Switch(target, off, self.clock(), by.name, reason.strip())
        with self.engine.begin() as connection:
            turn_in(connection, switch, by)
        return switch

    def all(self) -> list[Switch]:
        """Every switch that was ever turned, by name."""
        with self.reading.begin() as connection:
            rows = connection.execute(select(SWITCHES).order_by(SWITCHES.c.name)).mappings()
            return [Switch(**row) for row in rows]


def turn_in(connection: Connection, switch: Switch, by: Identity) -> None:
    """Have it stand so, inside a transaction of the caller's."""
    if not insert_once(connection, SWITCHES, **vars(switch)):
        here = SWITCHES.c.name == switch.name
        connection.execute(update(SWITCHES).where(here).values(vars(switch)))
    act = "switch off" if switch.off else "switch on"
    audit.add(connection, str(by), act, None, {"target": switch.name, "reason": switch.reason})


def switched_off(connection: Connection, target: str) -> Switch | None:
    """The switch that keeps actions from this target ("system/service"), or None."""
    names = {EVERYTHING, target, target.rpartition("/")[2]}
    query = select(SWITCHES).where(SWITCHES.c.name.in_(names), SWITCHES.c.off.is_(True))
    row = connection.execute(query.order_by(SWITCHES.c.name)).mappings().first()
    return Switch(**row) if row is not None else None
