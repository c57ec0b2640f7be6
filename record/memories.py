"""What is remembered of incidents that ended, and which of them are like one.

A sign that n of N have is worth ln(1 + N / n): the rarer, the more. How alike one is: what the
signs that it shares are worth, of what all signs asked for are worth and DOUBT. The rarest are
asked for, as many as READ rows hold; which ones follows from the tables alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import fsum, log

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, delete, exists, func, insert, select, true

from ..errors import NotFound
from ..incident.document import Incident
from ..incident.lifecycle import OVER, State
from ..incident.memory import Remembered, remembered, signs_of
from .database import glance
from .tables import AUDIT, INCIDENTS, METADATA
from .teams import Sight

MEMORIES = sa.Table(
    "memories",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("at", sa.Float),  # when it began; empty: nobody said
    sa.Column("team", sa.String, nullable=False),  # whose it was
    sa.Column("body", sa.Text, nullable=False),  # Remembered as JSON
)
SIGNS = sa.Table(
    "memory_signs",
    METADATA,
    sa.Column("sign", sa.String, primary_key=True),
    sa.Column("memory_id", sa.String, primary_key=True, index=True),
)
FORGET, REDACT = "forget memory", "redact memory"
"""In the audit log, of one that is not made anew from its incident."""
DOUBT = 3.0
"""Worth of what nobody sees: two that have few signs at all are not sure to be alike."""
LEAST, MOST, SHOWN = 0.4, 5, 4
"""Likeness from which one is worth a word; how many are told of, and how many signs of each."""
READ = 3000
"""Rows of the index that are read: signs that more have tell nothing any more."""


@dataclass(frozen=True)
class Alike:
    """One of the past, how alike it is, 0..1, and the signs that both have, each with its worth."""

    memory: Remembered
    likeness: float
    signs: list[tuple[str, float]]

    @property
    def told(self) -> list[str]:
        """By which signs, each with its worth: those that are worth most."""
        told = [f"{sign.partition(' #')[0]} ({worth})" for sign, worth in self.signs[:SHOWN]]
        return told + ([f"{len(self.signs) - SHOWN} more"] if len(self.signs) > SHOWN else [])

    @property
    def words(self) -> str:
        """What became of it, and by which signs it is alike."""
        return f"{self.memory.account} Alike by {self.likeness:.0%}: {', '.join(self.told)}."


def like(engine: Engine, sight: Sight, own: str, signs: Sequence[str]) -> list[Alike]:
    """Which of those that are seen have these signs, the most alike first, but for `own`."""
    have = defaultdict[str, list[str]](list)
    with glance(engine).begin() as connection:
        total = connection.execute(select(func.count()).select_from(MEMORIES)).scalar_one()
        held = select(SIGNS.c.sign, func.count()).where(SIGNS.c.sign.in_(signs))
        known = {row[0]: row[1] for row in connection.execute(held.group_by(SIGNS.c.sign))}
        rarest = sorted(set(signs), key=lambda sign: (known.get(sign, 0), sign))
        rows = accumulate(known.get(sign, 0) for sign in rarest)
        asked = [sign for sign, so_far in zip(rarest, rows, strict=True) if so_far <= READ]
        worth = {sign: log(1 + total / known.get(sign, 1)) for sign in asked or rarest[:1]}
        query = select(SIGNS).join(MEMORIES, MEMORIES.c.id == SIGNS.c.memory_id)
        query = query.where(SIGNS.c.sign.in_(worth), MEMORIES.c.id != own, _seen(sight))
        for row in connection.execute(query):
            have[row.memory_id].append(row.sign)
        whole = DOUBT + fsum(worth.values())
        share = {one: round(fsum(map(worth.__getitem__, have[one])) / whole, 3) for one in have}
        near = sorted((one for one in share if share[one] >= LEAST), key=lambda o: (-share[o], o))
        bodies = select(MEMORIES.c.body).where(MEMORIES.c.id.in_(near[:MOST]))
        found = [*map(Remembered.model_validate_json, connection.execute(bodies).scalars())]
    told = {m.id: [(s, round(worth[s], 1)) for s in rarest if s in have[m.id]] for m in found}
    alike = [Alike(memory, share[memory.id], told[memory.id]) for memory in found]
    return sorted(alike, key=lambda one: (-one.likeness, one.memory.id))


def _seen(sight: Sight) -> sa.ColumnElement[bool]:
    return true() if sight is None else MEMORIES.c.team.in_({"", *sight})


def listed(engine: Engine, sight: Sight, memory_id: str = "") -> list[Remembered]:
    """The newest first, 200 at the most; one alone where it is named. Raises NotFound."""
    query = select(MEMORIES.c.body).where(_seen(sight)).limit(200)
    query = query.where(MEMORIES.c.id == memory_id) if memory_id else query
    with glance(engine).begin() as connection:
        rows = connection.execute(query.order_by(MEMORIES.c.at.desc(), MEMORIES.c.id)).scalars()
        found = [*map(Remembered.model_validate_json, rows)]
    if memory_id and not found:
        raise NotFound(f"nothing is remembered as {memory_id}: see `warroom memory list`")
    return found


def _settled(incident: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether people had it forgotten, or a text taken out of it."""
    return (AUDIT.c.incident_id == incident) & AUDIT.c.act.in_([FORGET, REDACT])


def keep(connection: Connection, document: Incident, was: State) -> None:
    """Remember it as it stands where it is over, else not; in the transaction that made it so.
    `was`: its state before."""
    if was not in OVER and document.state not in OVER:
        return
    settled = select(AUDIT.c.number).where(_settled(sa.literal(document.id)))
    if connection.execute(settled).first() is None:
        drop(connection, document.id)
        if document.state in OVER:
            write(connection, remembered(document), signs_of(document))


def write(connection: Connection, memory: Remembered, signs: Iterable[str]) -> None:
    """A new one."""
    row = {"id": memory.id, "at": memory.at, "team": memory.team, "body": memory.model_dump_json()}
    connection.execute(insert(MEMORIES).values(row))
    if rows := [{"sign": sign, "memory_id": memory.id} for sign in sorted(set(signs))]:
        connection.execute(insert(SIGNS), rows)


def drop(connection: Connection, memory_id: str) -> bool:
    """Have it no more; whether it was there."""
    connection.execute(delete(SIGNS).where(SIGNS.c.memory_id == memory_id))
    return bool(connection.execute(delete(MEMORIES).where(MEMORIES.c.id == memory_id)).rowcount)


def catch_up(engine: Engine, limit: int = 50) -> None:
    """Remember some that ended before there was a memory."""
    missing = ~exists().where(MEMORIES.c.id == INCIDENTS.c.id)
    over = INCIDENTS.c.state.in_([state.value for state in OVER])
    old = select(INCIDENTS.c.id).where(over, missing, ~exists().where(_settled(INCIDENTS.c.id)))
    with glance(engine).begin() as connection:
        found = connection.execute(old.order_by(INCIDENTS.c.id).limit(limit)).scalars().all()
    for incident in found:
        with engine.begin() as connection:
            this = select(INCIDENTS.c.document).where(INCIDENTS.c.id == incident).with_for_update()
            document = Incident.model_validate_json(connection.execute(this).scalar_one())
            keep(connection, document, document.state)
