"""On-call: what people keep of it, escalations and their history."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The tables as record/oncall_tables.py has them."""
    op.create_table(
        "oncall",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "escalations",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("levels", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, index=True),
        sa.Column("answered_by", sa.String),
        sa.Column("answered_at", sa.Float),
    )
    op.create_table(
        "escalation_steps",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
