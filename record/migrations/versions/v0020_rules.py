"""What rules decided without a person."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """The table as record/rules.py has it."""
    op.create_table(
        "rulings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("incident_id", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("service", sa.String, nullable=False, index=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("outcome", sa.String),
        sa.UniqueConstraint("rule", "incident_id", "subject"),
    )
    free = sa.text("outcome IS NULL")
    mine = ("one_action_a_rule", "rulings", ["rule"])
    op.create_index(*mine, unique=True, sqlite_where=free, postgresql_where=free)
