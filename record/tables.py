"""The tables. All times are unix seconds; all texts named JSON hold our own types.

Correctness rests on what a database promises and nothing else: unique keys (`insert_once`), updates
that name what they expect to find, rows locked while they are read to be changed. A change of a
table is a new file in migrations/.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

METADATA = sa.MetaData()
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Of a row that counts itself up: SQLite does so for INTEGER only."""

DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("receiver", sa.String, nullable=False),  # which one took it
    sa.Column("key", sa.String, nullable=False),  # the sender's own id of it, or the body's digest
    sa.Column("received_at", sa.Float, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False),  # when it came again
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # as it came, zlib
    sa.Column("alerts", sa.Integer, nullable=False),  # how many it held
    sa.Column("problem", sa.Text, nullable=False),  # why it could not be read; empty: it was
    sa.UniqueConstraint("receiver", "key"),
)

ALERTS = sa.Table(  # one row an episode: from when it fires until it is over
    "alerts",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("receiver", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("starts_at", sa.Float, nullable=False),  # by the source's clock, where it says
    sa.Column("seen_at", sa.Float),  # its last word, by the source's clock, where it says when
    sa.Column("ends_at", sa.Float),  # by the source's clock; empty: it fires
    sa.Column("end_known_at", sa.Float),  # by ours
    sa.Column("received_at", sa.Float, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False),  # told of again
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),  # of its severity, 0 the worst; 4: not known
    sa.Column("scope", sa.String, nullable=False),  # environment and the like: never mixed, JSON
    sa.Column("component", sa.String, nullable=False),  # its service, or what it is called
    sa.Column("name", sa.String, nullable=False),
    sa.Column("signature", sa.String, nullable=False),  # of the error; empty: none named
    sa.Column("address", sa.String, nullable=False),  # where requests come from; empty
    sa.Column("body", sa.Text, nullable=False),  # the alert as parsed, JSON
    sa.Column("delivery", sa.String),  # key of the one that first told of it
    sa.Column("due_at", sa.Float, index=True),  # when grouping looks at it; empty: nothing is new
    sa.Column("looked_at", sa.Float),  # when it last did
    sa.Column("silence_id", sa.String, index=True),  # what keeps it quiet
    sa.Column("incident_id", sa.String, index=True),  # empty until an incident took it
    sa.Column("reason", sa.Text, nullable=False),  # why that one
    # Its incident has not looked at what hurts since it came (Store.look).
    sa.Column("unworked", sa.Boolean, nullable=False, server_default=sa.false(), index=True),
    sa.Index("alerts_episode", "receiver", "fingerprint", "starts_at", unique=True),
    sa.Index("alerts_scope", "scope", "last_at"),
)

GROUPS = sa.Table(  # which incident takes the alerts of a component; "" is the scope's own lock
    "groups",
    METADATA,
    sa.Column("scope", sa.String, primary_key=True),
    sa.Column("component", sa.String, primary_key=True),
    sa.Column("incident_id", sa.String, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False),  # of its alerts, when the last came
)

INCIDENTS = sa.Table(
    "incidents",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),  # JSON, evidence references left out
    sa.Column("version", sa.Integer, nullable=False),  # counts writes; a write names what it read
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False, index=True),
    sa.Column("opened_at", sa.Float, nullable=False),  # in the time that it lives in
    sa.Column("taken_at", sa.Float, nullable=False),  # in ours
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.Column("service", sa.String, nullable=False, server_default=""),  # of its first alert
    sa.Column("team", sa.String, nullable=False, server_default="", index=True),  # whose it is
)
LISTED = ("taken_at", "id", "state", "severity", "service", "title", "opened_at", "updated_at")
sa.Index("incidents_listed", *(INCIDENTS.c[name] for name in LISTED))  # documents stay unread

EVIDENCE = sa.Table(
    "evidence",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # E1, E2, …
    sa.Column("record", sa.Text, nullable=False),  # Evidence as JSON
    sa.Column("digest", sa.String, nullable=False, index=True),  # of its payload
)

PAYLOADS = sa.Table(
    "payloads",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),  # SHA-256 of the canonical JSON
    sa.Column("body", sa.LargeBinary, nullable=False),  # canonical JSON, zlib; empty once dropped
    sa.Column("dropped_at", sa.Float),  # by retention
)

APPROVALS = sa.Table(
    "approvals",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("subject", sa.String, primary_key=True),  # hash of the exact plan or message
    sa.Column("number", sa.Integer, primary_key=True),  # asked for the first, second, … time
    sa.Column("kind", sa.String, nullable=False),  # action, text, effect
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("requested_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False),  # persons that have to approve
    sa.Column("consents", sa.Text, nullable=False),  # who did before the last one, JSON
    sa.Column("lineage", sa.String, nullable=False),  # of the database when it was asked
    sa.Column("barred", sa.String, nullable=False, server_default=""),  # who may not approve it
    sa.Column("verdict", sa.String),  # empty while open
    sa.Column("decided_by", sa.String),
    sa.Column("decided_at", sa.Float),
    sa.Column("reason", sa.Text),
)

EFFECTS = sa.Table(
    "effects",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),  # incident, what, hash: one row, one effect
    sa.Column("incident_id", sa.String, nullable=False, index=True),
    sa.Column("does", sa.String, nullable=False),  # execute, undo, send
    sa.Column("target", sa.String, nullable=False),  # acted on; empty: nothing that could collide
    sa.Column("claimed_at", sa.Float, nullable=False),
    sa.Column("done_at", sa.Float),  # empty: claimed and never reported back
    sa.Column("void", sa.Boolean, nullable=False),  # known not to have happened
    sa.Column("result", sa.Text),  # JSON
)
UNDER_WAY = EFFECTS.c.done_at.is_(None) & (EFFECTS.c.target != "")
sa.Index(
    "one_effect_a_target",
    EFFECTS.c.target,
    unique=True,
    sqlite_where=UNDER_WAY,
    postgresql_where=UNDER_WAY,
)

WORK = sa.Table(
    "work",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("wake_at", sa.Float, index=True),  # when to look at it next; empty: it is over
    sa.Column("why", sa.Text, nullable=False),  # what it waits for, for people
    sa.Column("status", sa.String, nullable=False),  # ready, waiting, over, handed over, stuck
    sa.Column("owner", sa.String),  # the process that works it
    sa.Column("token", sa.Integer, nullable=False),  # counts the owners: an old one is refused
    sa.Column("lease_until", sa.Float),
    sa.Column("attempts", sa.Integer, nullable=False),  # failed in a row
    sa.Column("graph", sa.String, nullable=False),  # version of the graph that it runs on
)

TIMERS = sa.Table(
    "timers",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),  # what it is for, and which time
    sa.Column("due_at", sa.Float, nullable=False),
    sa.Column("done_at", sa.Float),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),  # incident, hash, channel
    sa.Column("incident_id", sa.String, nullable=False, index=True),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON
    sa.Column("put_at", sa.Float, nullable=False),
    sa.Column("next_at", sa.Float, index=True),  # empty: sent, or given up
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("sent_at", sa.Float),
    sa.Column("error", sa.Text),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("position", NUMBER, primary_key=True, autoincrement=False),  # over all incidents
    sa.Column("incident_id", sa.String, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # 1, 2, … in the incident
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("event", sa.String, nullable=False),  # its name, as in incident/events.py
    sa.Column("body", sa.Text, nullable=False),  # JSON
    sa.UniqueConstraint("incident_id", "number"),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=False),  # 1, 2, …, none missing
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("actor", sa.String, nullable=False),  # an authenticated identity
    sa.Column("act", sa.String, nullable=False),
    sa.Column("incident_id", sa.String, index=True),
    sa.Column("detail", sa.Text, nullable=False),  # JSON
    sa.Column("seal", sa.String, nullable=False),  # over this row and the seal before it
)

AUDIT_HEAD = sa.Table(
    "audit_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # 1: there is one row
    sa.Column("number", NUMBER, nullable=False),  # of the last audit row
    sa.Column("last", sa.String, nullable=False),  # its seal
    sa.Column("seal", sa.String, nullable=False),  # over both: a cut tail shows
    sa.Column("key", sa.String, nullable=False),  # name of the key that seals
)

TOKENS = sa.Table(
    "tokens",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),  # of the token: itself is kept nowhere
    sa.Column("name", sa.String, nullable=False, unique=True),  # whose
    sa.Column("role", sa.String, nullable=False),  # of record.tokens.Role
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("revoked_at", sa.Float),
)

SILENCES = sa.Table(
    "silences",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),  # silence, maintenance
    sa.Column("matchers", sa.Text, nullable=False),  # JSON
    sa.Column("starts_at", sa.Float, nullable=False),
    sa.Column("ends_at", sa.Float, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

CHANGES = sa.Table(  # what pipelines told us that they changed
    "changes",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("key", sa.String, nullable=False, unique=True),  # digest of the sender's own id
    sa.Column("at", sa.Float, nullable=False, index=True),  # when, as the sender says
    sa.Column("received_at", sa.Float, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),  # a line of a bundle, JSON
)

SWITCHES = sa.Table(
    "switches",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),  # effects, or a target
    sa.Column("off", sa.Boolean, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

MODEL_CALLS = sa.Table(
    "model_calls",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("incident_id", sa.String, nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("specialist", sa.String, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),  # reason, skeptic, write
    sa.Column("model", sa.String, nullable=False),
    sa.Column("input_tokens", sa.Integer, nullable=False),
    sa.Column("cached_tokens", sa.Integer, nullable=False),  # of the input
    sa.Column("output_tokens", sa.Integer, nullable=False),
    sa.Column("estimated", sa.Boolean, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("cost", sa.Float),  # empty: no price is known
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("outcome", sa.String, nullable=False),
)


def insert_once(connection: Connection, table: sa.Table, **row: Any) -> bool:
    """Insert this row unless one with a key of it is there: whether it is ours."""
    statement = inserting(connection.dialect.name, table).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(sa.literal(1))).first() is not None


def inserting(dialect: str, table: sa.Table) -> Any:
    """An insert that may say what to do where a key is there already."""
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


def next_number(connection: Connection, column: sa.Column, *where: Any) -> int:
    """The number after the largest. Safe where the rows it is chosen among are locked."""
    found = connection.execute(sa.select(sa.func.max(column)).where(*where)).scalar()
    return (found or 0) + 1
