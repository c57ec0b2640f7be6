"""First tables: alerts, incidents, evidence, payloads, approvals, effects."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("incident_id", sa.String, index=True),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False, index=True),
        sa.Column("opened_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_table(
        "evidence",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "payloads",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "approvals",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("requested_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("verdict", sa.String),
        sa.Column("decided_by", sa.String),
        sa.Column("decided_at", sa.Float),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "effects",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("incident_id", sa.String, nullable=False, index=True),
        sa.Column("claimed_at", sa.Float, nullable=False),
        sa.Column("done_at", sa.Float),
        sa.Column("result", sa.Text),
    )
