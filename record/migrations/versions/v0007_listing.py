"""What the list of incidents is read from: the alerting service, and an index that holds all of a
row but its document."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Titles are cut as they are from now on, for the index; the service of an incident that there
    is already stays empty until it is written again."""
    column = sa.Column("service", sa.String, nullable=False, server_default="")
    op.add_column("incidents", column)
    op.execute("UPDATE incidents SET title = substr(title, 1, 300)")
    listed = ["taken_at", "id", "state", "severity", "service", "title", "opened_at", "updated_at"]
    op.create_index("incidents_listed", "incidents", listed)
