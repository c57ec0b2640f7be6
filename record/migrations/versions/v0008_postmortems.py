"""Postmortems: versions of the text, and what people say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0009"


def upgrade() -> None:
    """The tables as record/postmortems.py has them."""
    op.create_table(
        "postmortem_versions",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("markdown", sa.Text, nullable=False),
    )
    op.create_table(
        "postmortem_remarks",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("paragraph", sa.String, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
