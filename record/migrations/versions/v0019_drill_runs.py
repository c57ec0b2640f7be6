"""What came of drills."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0015"


def upgrade() -> None:
    """The table as record/drills.py has it."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "drill_runs",
        sa.Column("id", number, primary_key=True),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("asked", sa.String, nullable=False),
        sa.Column("drill", sa.String, nullable=False),
        sa.Column("world", sa.String, nullable=False),
        sa.Column("seed", sa.Integer),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
