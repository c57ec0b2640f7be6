"""The tables of on-call: neighbours of tables.py, under the same metadata."""

import sqlalchemy as sa

from .tables import METADATA

ONCALL = sa.Table(  # what people keep: a schedule, an override, a note, a way to reach somebody, …
    "oncall",
    METADATA,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # counts writes; a write names what it read
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON
)

ESCALATIONS = sa.Table(  # one row an incident that was classified
    "escalations",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # counts steps; of several one takes each
    sa.Column("state", sa.String, nullable=False, index=True),  # open, acknowledged, over
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("levels", sa.Text, nullable=False),  # as they were when it began, JSON
    sa.Column("level", sa.Integer, nullable=False),  # told last; -1: nobody yet
    sa.Column("told", sa.Integer, nullable=False),  # times, at this level
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("due_at", sa.Float, index=True),  # of the next step; empty: none comes by itself
    sa.Column("answered_by", sa.String),  # who acknowledged it last
    sa.Column("answered_at", sa.Float),
)

STEPS = sa.Table(  # its history
    "escalation_steps",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # the version that it made
    sa.Column("person", sa.String, primary_key=True),  # told, or who acted; empty: nobody
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("act", sa.String, nullable=False),  # told, acknowledged, released, …
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
)
