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
        what = "actions are" if self.name == EVERYTHING else f"actions on {self.name} are"
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
            if not insert_once(connection, SWITCHES, **vars(switch)):
                here = SWITCHES.c.name == target
                connection.execute(update(SWITCHES).where(here).values(vars(switch)))
            detail = {"target": target, "reason": switch.reason}
            audit.add(connection, str(by), "switch off" if off else "switch on", None, detail)
        return switch

    def all(self) -> list[Switch]:
        """Every switch that was ever turned, by name."""
        with self.reading.begin() as connection:
            rows = connection.execute(select(SWITCHES).order_by(SWITCHES.c.name)).mappings()
            return [Switch(**row) for row in rows]


def switched_off(connection: Connection, target: str) -> Switch | None:
    """The switch that keeps actions from this target ("system/service"), or None."""
    names = {EVERYTHING, target, target.rpartition("/")[2]}
    query = select(SWITCHES).where(SWITCHES.c.name.in_(names), SWITCHES.c.off.is_(True))
    row = connection.execute(query.order_by(SWITCHES.c.name)).mappings().first()
    return Switch(**row) if row is not None else None
