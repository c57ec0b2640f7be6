"""Accounts, sessions, teams; whose an incident is; who may not approve what they made."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The tables as record/people_tables.py has them."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("link", sa.String, unique=True),
        sa.Column("link_until", sa.Float),
        sa.Column("subject", sa.String, unique=True),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("disabled_at", sa.Float),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, index=True),
        sa.Column("vouched", sa.String, nullable=False),
        sa.Column("token", sa.String),
        sa.Column("network", sa.String, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("ends_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
    )
    op.create_table(
        "members",
        sa.Column("team", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True, index=True),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
    )
    team = sa.Column("team", sa.String, nullable=False, server_default="", index=True)
    op.add_column("incidents", team)
    barred = sa.Column("barred", sa.String, nullable=False, server_default="")
    op.add_column("approvals", barred)
