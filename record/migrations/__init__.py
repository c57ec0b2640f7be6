"""Schema migrations of our own tables, run when a database is opened."""

from pathlib import Path

from sqlalchemy import Connection

HEAD = "0021"


def upgrade(connection: Connection, version: str = HEAD) -> None:
    """Bring the tables of this connection to a version."""
    from alembic import command  # only a new or outdated database pays for this import
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
