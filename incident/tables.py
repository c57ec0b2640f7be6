"""Our own tables: the truth about alerts, incidents, evidence, approvals and effects.

SQLAlchemy Core, so that PostgreSQL can follow; a change of a table is a new file in migrations/.
"""

from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("received_at", Float, nullable=False),  # unix seconds
    Column("fingerprint", String, nullable=False, index=True),
    Column("body", Text, nullable=False),  # the alert as parsed, JSON
    Column("incident_id", String, index=True),  # empty until an incident took it
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", String, primary_key=True),
    Column("document", Text, nullable=False),  # JSON, evidence references left out
    Column("version", Integer, nullable=False),  # counts writes
    Column("state", String, nullable=False, index=True),
    Column("severity", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("fingerprint", String, nullable=False, index=True),
    Column("opened_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

EVIDENCE = Table(
    "evidence",
    METADATA,
    Column("incident_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),  # E1, E2, …
    Column("record", Text, nullable=False),  # Evidence as JSON
)

PAYLOADS = Table(
    "payloads",
    METADATA,
    Column("digest", String, primary_key=True),  # SHA-256 of the canonical JSON
    Column("body", LargeBinary, nullable=False),  # canonical JSON, zlib
)

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("incident_id", String, primary_key=True),
    Column("subject", String, primary_key=True),  # hash of the exact plan or message
    Column("kind", String, nullable=False),  # action or text
    Column("title", Text, nullable=False),
    Column("requested_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("verdict", String),  # empty while open
    Column("decided_by", String),
    Column("decided_at", Float),
    Column("reason", Text),
)

EFFECTS = Table(
    "effects",
    METADATA,
    Column("key", String, primary_key=True),  # incident, what, hash: one row, one effect
    Column("incident_id", String, nullable=False, index=True),
    Column("claimed_at", Float, nullable=False),
    Column("done_at", Float),  # empty: claimed and never reported back
    Column("result", Text),  # JSON
)

MODEL_CALLS = Table(
    "model_calls",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("incident_id", String, nullable=False, index=True),
    Column("at", Float, nullable=False, index=True),
    Column("specialist", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("purpose", String, nullable=False),  # reason, skeptic, write
    Column("model", String, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("cost", Float),  # empty: no price is known
    Column("seconds", Float, nullable=False),
    Column("outcome", String, nullable=False),
)
