"""The tables of chat: neighbours of tables.py, under the same metadata."""

import sqlalchemy as sa

from .tables import METADATA

CHATS = sa.Table(  # one row an incident that is told in chat: what stands there
    "chats",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # counts turns; of several one takes each
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("ts", sa.String, nullable=False, index=True),  # of its message; empty: not posted
    sa.Column("shown", sa.String, nullable=False),  # digest of what the message shows
    sa.Column("told", sa.Text, nullable=False),  # keys of the lines in its thread, JSON
    sa.Column("due_at", sa.Float, nullable=False),  # nobody touches it before
    sa.Column("unsure", sa.Boolean, nullable=False),  # something was sent, and nothing came back
    sa.Column("attempts", sa.Integer, nullable=False),  # in vain, since something arrived
    sa.Column("at", sa.Float, nullable=False),  # when it was written last
)

CHAT_EVENTS = sa.Table(  # what came from chat and is answered once
    "chat_events",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
)
