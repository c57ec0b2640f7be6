"""What a service needs: deliveries, work and its timers, the outbox, events, audit, tokens,
silences, switches, changes that were sent; when an incident was taken, whatever time it lives in;
and which payload a piece of evidence has, so that old ones can be dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """The tables as record/tables.py has them."""
    column = sa.Column("taken_at", sa.Float, nullable=False, server_default="0")
    op.add_column("incidents", column)
    op.execute("UPDATE incidents SET taken_at = opened_at")
    _evidence()
    if _is_postgresql():
        for table in ("alerts", "model_calls"):
            op.alter_column(table, "id", type_=sa.BigInteger)
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("receiver", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("alerts", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.UniqueConstraint("receiver", "key"),
    )
    _alerts()
    _asked_again()
    _effects()
    _work()
    _notes()
    _audit()
    _people()


def _alerts() -> None:
    """Each alert that was kept becomes an episode of its own; one that nobody took is due."""
    op.rename_table("alerts", "alerts_before")
    op.drop_index("ix_alerts_fingerprint", "alerts_before")
    op.drop_index("ix_alerts_incident_id", "alerts_before")
    op.create_table(
        "alerts",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("receiver", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("starts_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float),
        sa.Column("ends_at", sa.Float),
        sa.Column("end_known_at", sa.Float),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("component", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("signature", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("delivery", sa.String),
        sa.Column("due_at", sa.Float, index=True),
        sa.Column("looked_at", sa.Float),
        sa.Column("silence_id", sa.String, index=True),
        sa.Column("incident_id", sa.String, index=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("unworked", sa.Boolean, nullable=False, server_default=sa.false(), index=True),
    )
    op.create_index(
        "alerts_episode", "alerts", ["receiver", "fingerprint", "starts_at"], unique=True
    )
    op.create_index("alerts_scope", "alerts", ["scope", "last_at"])
    op.execute(
        "INSERT INTO alerts (receiver, fingerprint, starts_at, received_at, last_at, times, rank, "
        "scope, component, name, signature, address, body, due_at, looked_at, incident_id, reason) "
        # Two rows of one moment keep apart by their numbers.
        "SELECT '', fingerprint, received_at + id * 0.000001, received_at, received_at, 1, 4, "
        "'{}', fingerprint, '', '', '', body, CASE WHEN incident_id IS NULL THEN received_at END, "
        "received_at, incident_id, '' FROM alerts_before ORDER BY id"
    )
    op.drop_table("alerts_before")
    op.create_table(
        "groups",
        sa.Column("scope", sa.String, primary_key=True),
        sa.Column("component", sa.String, primary_key=True),
        sa.Column("incident_id", sa.String, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
    )


def _asked_again() -> None:
    """The number of a request becomes a part of its key: on SQLite that takes another table."""
    op.create_table(
        "approvals_numbered",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("requested_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("consents", sa.Text, nullable=False),
        sa.Column("lineage", sa.String, nullable=False),
        sa.Column("verdict", sa.String),
        sa.Column("decided_by", sa.String),
        sa.Column("decided_at", sa.Float),
        sa.Column("reason", sa.Text),
    )
    kept = "incident_id, subject, kind, title, requested_at, expires_at"
    answer = "verdict, decided_by, decided_at, reason"
    op.execute(
        f"INSERT INTO approvals_numbered ({kept}, {answer}, number, wanted, consents, lineage)"
        f" SELECT {kept}, {answer}, 1, 1, '[]', '' FROM approvals"
    )
    op.drop_table("approvals")
    op.rename_table("approvals_numbered", "approvals")


def _effects() -> None:
    """What was claimed before has no target: it blocks none."""
    none = sa.false()
    op.add_column("effects", sa.Column("does", sa.String, nullable=False, server_default=""))
    op.add_column("effects", sa.Column("target", sa.String, nullable=False, server_default=""))
    op.add_column("effects", sa.Column("void", sa.Boolean, nullable=False, server_default=none))
    open_ = sa.text("done_at IS NULL AND target != ''")
    op.create_index(
        "one_effect_a_target",
        "effects",
        ["target"],
        unique=True,
        sqlite_where=open_,
        postgresql_where=open_,
    )


def _evidence() -> None:
    digest = sa.Column("digest", sa.String, nullable=False, server_default="")
    op.add_column("evidence", digest)
    found = "record::json ->> 'digest'" if _is_postgresql() else "json_extract(record, '$.digest')"
    op.execute(f"UPDATE evidence SET digest = {found}")
    op.create_index("ix_evidence_digest", "evidence", ["digest"])
    op.add_column("payloads", sa.Column("dropped_at", sa.Float))


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _work() -> None:
    op.create_table(
        "work",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("wake_at", sa.Float, index=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.Float),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("graph", sa.String, nullable=False),
    )
    op.create_table(
        "timers",
        sa.Column("incident_id", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("done_at", sa.Float),
    )


def _notes() -> None:
    op.create_table(
        "outbox",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("incident_id", sa.String, nullable=False, index=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("put_at", sa.Float, nullable=False),
        sa.Column("next_at", sa.Float, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.Float),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "events",
        sa.Column("position", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("incident_id", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("incident_id", "number"),
    )


ONLY_GROWS = "the audit log only grows: a row is neither changed nor removed"


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("incident_id", sa.String, index=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("seal", sa.String, nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("last", sa.String, nullable=False),
        sa.Column("seal", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
    )
    if _is_postgresql():
        op.execute(
            "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{ONLY_GROWS}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
            f"BEGIN SELECT RAISE(ABORT, '{ONLY_GROWS}'); END"
        )


def _people() -> None:
    op.create_table(
        "tokens",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Float),
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("matchers", sa.Text, nullable=False),
        sa.Column("starts_at", sa.Float, nullable=False),
        sa.Column("ends_at", sa.Float, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "changes",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("received_at", sa.Float, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("off", sa.Boolean, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
