"""What somebody may in one team's incidents, where that is not what they may everywhere."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    """The column as record/people_tables.py has it."""
    op.add_column("members", sa.Column("role", sa.String))
