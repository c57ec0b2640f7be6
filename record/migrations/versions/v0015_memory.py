"""What is remembered of incidents that ended."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """The tables as record/memories.py has them; a chore fills them."""
    op.create_table(
        "memories",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("at", sa.Float),
        sa.Column("team", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "memory_signs",
        sa.Column("sign", sa.String, primary_key=True),
        sa.Column("memory_id", sa.String, primary_key=True, index=True),
    )
