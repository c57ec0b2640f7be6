"""Who belongs to which team, and what somebody sees by that.

A team is a name of the catalogue. Whoever belongs to teams sees the incidents of these and those of
no team; whoever belongs to none, and every administrator, sees all. Somebody may have a role of
their own in a team: it counts for its incidents, instead of what they may everywhere.
"""

from typing import TypeAlias

from sqlalchemy import ColumnElement, Engine, delete, exists, select, true, update

from ..errors import InputError, NotFound
from . import audit
from .database import durable, glance
from .people_tables import MEMBERS
from .tables import INCIDENTS, insert_once
from .tokens import Role

Sight: TypeAlias = frozenset[str] | None
"""The teams whose incidents somebody sees; None: those of all."""


class Teams:
    """The teams of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = durable(engine)
        self.reading = glance(engine)

    def all(self) -> dict[str, dict[str, Role | None]]:
        """Members by team, both in order, with their role there; None: as everywhere."""
        found: dict[str, dict[str, Role | None]] = {}
        query = select(MEMBERS).order_by(MEMBERS.c.team, MEMBERS.c.name)
        with self.reading.begin() as connection:
            for row in connection.execute(query):
                role = Role(row.role) if row.role else None
                found.setdefault(row.team, {})[row.name] = role
        return found

    def add(self, team: str, name: str, by: str, role: Role | None = None) -> None:
        """Have somebody belong to it, by the name of their account or token, with this role. Raises
        InputError for a role that is not one team's to give."""
        if not team.strip() or not team.isprintable():
            raise InputError("a team has the name that the catalogue gives it")
        if role in (Role.admin, Role.sender):
            raise InputError(f"{role} is a role of all teams: give observer, responder, commander")
        key = {"team": team.strip(), "name": name.lower()}
        mine = (MEMBERS.c.team == key["team"], MEMBERS.c.name == key["name"])
        other = MEMBERS.c.role.is_distinct_from(role)
        with self.engine.begin() as connection:
            new = insert_once(connection, MEMBERS, **key, role=role)
            changed = update(MEMBERS).where(*mine, other).values(role=role)
            if new or connection.execute(changed).rowcount:
                detail = {**key, **({"role": role.value} if role else {})}
                audit.add(connection, by, "join team", detail=detail)

    def remove(self, team: str, name: str, by: str) -> None:
        """They belong to it no more. Raises NotFound."""
        row = {"team": team, "name": name.lower()}
        theirs = (MEMBERS.c.team == row["team"], MEMBERS.c.name == row["name"])
        with self.engine.begin() as connection:
            if connection.execute(delete(MEMBERS).where(*theirs)).rowcount != 1:
                raise NotFound(f"{name} is not in {team}; `warroom team list` has who is")
            audit.add(connection, by, "leave team", detail=row)

    def team_of(self, incident_id: str) -> str:
        """Whose it is; empty: nobody's, or there is none."""
        query = select(INCIDENTS.c.team).where(INCIDENTS.c.id == incident_id)
        with self.reading.begin() as connection:
            return connection.execute(query).scalar() or ""

    def sees(self, sight: Sight, incident_id: str) -> bool:
        """Whether there is such an incident for whoever sees so far."""
        query = select(INCIDENTS.c.id).where(INCIDENTS.c.id == incident_id, seen(sight))
        with self.reading.begin() as connection:
            return connection.execute(query).first() is not None


def seen(sight: Sight) -> ColumnElement[bool]:
    """Of rows of incidents, those that are seen."""
    return true() if sight is None else INCIDENTS.c.team.in_({"", *sight})


def told(sight: Sight, incident_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Of rows that name an incident, those that are no other team's."""
    if sight is None:
        return true()
    others = INCIDENTS.c.team.not_in({"", *sight})
    return ~exists().where(INCIDENTS.c.id == incident_id, others)
