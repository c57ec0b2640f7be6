"""Postmortems: versions of the text and what people say of it; versions of the drawings of why it
happened. All only grow. One is there under each number: who saves over a newer one is told so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from ..errors import NotFound, Overwritten
from ..incident.events import PersonActed
from ..incident.identity import Identity
from . import audit, events
from .database import durable, glance
from .leases import Clock, shared_clock
from .tables import INCIDENTS, METADATA, insert_once, next_number

VERSIONS = sa.Table(
    "postmortem_versions",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # 0: as it was drafted
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("note", sa.Text, nullable=False),  # what was changed, in their words
    sa.Column("markdown", sa.Text, nullable=False),
)

REMARKS = sa.Table(
    "postmortem_remarks",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # that they had before them
    sa.Column("paragraph", sa.String, nullable=False),  # its digest; empty: of the whole
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
CHARTS = sa.Table(
    "cause_charts",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # 0: as code drew it
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("note", sa.Text, nullable=False),  # what was done to which node
    sa.Column("nodes", sa.Text, nullable=False),  # JSON
)
DRAFTER = "warroom"
"""Who made version 0."""


class Said(StrEnum):
    """What a remark is."""

    comment = "comment"
    signed = "signed"  # read a machine's paragraph and stands by it
    published = "published"  # this version, for whoever asks


@dataclass(frozen=True)
class Version:
    """One state of the text; `at` in unix seconds."""

    number: int
    at: float
    made_by: str
    note: str
    markdown: str


@dataclass(frozen=True)
class Remark:
    """What somebody said of a paragraph, or did with a version."""

    number: int
    kind: Said
    version: int
    paragraph: str
    at: float
    made_by: str
    text: str


class Postmortems:
    """The postmortems of one installation."""

    def __init__(self, engine: Engine, clock: Clock = shared_clock) -> None:
        self.engine, self.reading, self.clock = durable(engine), glance(engine), clock

    def versions(self, incident_id: str, of: sa.Table = VERSIONS) -> list[Version]:
        """Oldest first; none before somebody saved one."""
        query = select(of).where(of.c.incident_id == incident_id).order_by(of.c.number)
        with self.reading.begin() as connection:
            return [Version(*row[1:]) for row in connection.execute(query)]

    def remarks(self, incident_id: str) -> list[Remark]:
        """Oldest first."""
        query = select(REMARKS).where(REMARKS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(REMARKS.c.number)).mappings().all()
        fields = [{k: row[k] for k in Remark.__annotations__} for row in rows]
        return [Remark(**{**each, "kind": Said(each["kind"])}) for each in fields]

    def published(self, incident_id: str) -> Version | None:
        """The version that was published last; None: none was."""
        query = select(REMARKS.c.version).where(
            REMARKS.c.incident_id == incident_id, REMARKS.c.kind == Said.published.value
        )
        with self.reading.begin() as connection:
            last = query.order_by(REMARKS.c.number.desc()).limit(1)
            number = connection.execute(last).scalar()
        found = self.versions(incident_id) if number is not None else []
        return next((each for each in found if each.number == number), None)

    def save(
        self,
        incident_id: str,
        base: int,
        draft: str,
        text: str,
        note: str,
        by: Identity,
        of: sa.Table = VERSIONS,
    ) -> int:
        """Keep it as the version after `base`; its number. `draft` becomes version 0 where nobody
        saved before. Raises NotFound, Overwritten where `base` is not the newest any more."""
        with self.engine.begin() as connection:
            _locked(connection, incident_id)
            at = self.clock(connection)
            first = (incident_id, 0, at, DRAFTER, "as drafted", draft)
            insert_once(connection, of, **dict(zip(of.columns.keys(), first, strict=True)))
            number = next_number(connection, of.c.number, *_of(of, incident_id))
            if number - 1 != base:
                raise Overwritten("somebody saved meanwhile: look at what changed, then save again")
            new = (incident_id, number, at, by.name, note, text)
            insert_once(connection, of, **dict(zip(of.columns.keys(), new, strict=True)))
            detail = {"version": number, "note": note}
            self._told(connection, incident_id, by, EDITS[of.name], detail)
        return number

    def keep_draft(self, incident_id: str, draft: str) -> None:
        """Have it as version 0, unless there is one."""
        first = {"number": 0, "made_by": DRAFTER, "note": "as drafted", "markdown": draft}
        with self.engine.begin() as connection:
            _locked(connection, incident_id)
            at = self.clock(connection)
            insert_once(connection, VERSIONS, incident_id=incident_id, at=at, **first)

    def remark(
        self,
        incident_id: str,
        kind: Said,
        version: int,
        by: Identity,
        paragraphs: Sequence[str] = ("",),
        text: str = "",
    ) -> None:
        """Say this of each paragraph. Raises NotFound where nobody saved such a version."""
        with self.engine.begin() as connection:
            _locked(connection, incident_id)
            there = select(VERSIONS.c.number).where(*_of(VERSIONS, incident_id))
            if kind is Said.published:
                known = connection.execute(there.where(VERSIONS.c.number == version)).first()
                if known is None:
                    raise NotFound(f"there is no version {version}: save it, then publish that")
            number = next_number(connection, REMARKS.c.number, *_of(REMARKS, incident_id))
            row = {"incident_id": incident_id, "kind": kind.value, "version": version}
            row |= {"at": self.clock(connection), "made_by": by.name, "text": text}
            for place, paragraph in enumerate(paragraphs):
                insert_once(connection, REMARKS, **row, number=number + place, paragraph=paragraph)
            detail = {"version": version, "paragraphs": list(paragraphs), "text": text}
            self._told(connection, incident_id, by, ACTS[kind], detail)

    def _told(
        self, connection: Connection, incident_id: str, by: Identity, act: str, detail: dict
    ) -> None:
        audit.add(connection, str(by), act, incident_id, detail)
        said = f"version {detail['version']}" + (f": {t}" if (t := detail.get("text")) else "")
        event = PersonActed(by=by.name, act=act, text=said)
        events.append(connection, incident_id, event, self.clock(connection))


EDITS = {VERSIONS.name: "edit postmortem", CHARTS.name: "edit causes"}
ACTS = {
    Said.comment: "comment postmortem",
    Said.signed: "sign postmortem",
    Said.published: "publish postmortem",
}


def _of(table: sa.Table, incident_id: str) -> list[sa.ColumnElement[bool]]:
    return [table.c.incident_id == incident_id]


def _locked(connection: Connection, incident_id: str) -> None:
    """One writer an incident: its row is held until the transaction ends."""
    query = select(INCIDENTS.c.id).where(INCIDENTS.c.id == incident_id).with_for_update()
    if connection.execute(query).first() is None:
        raise NotFound(f"no incident {incident_id}; `warroom incidents` lists them")
