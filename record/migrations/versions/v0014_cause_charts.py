"""Versions of the drawings of why an incident happened."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0010"


def upgrade() -> None:
    """The table as record/postmortems.py has it."""
    op.create_table(
        "cause_charts",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("nodes", sa.Text, nullable=False),
    )
