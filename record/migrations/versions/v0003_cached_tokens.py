"""How much of a question came from the endpoint's cache: it counts less."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "model_calls",
        sa.Column("cached_tokens", sa.Integer, nullable=False, server_default="0"),
    )
