"""What happens to the database: statements of an operator, sessions and jobs of tools."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from string import Template
from threading import Event, Thread
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from ...yaml_tables import Entry
from ..environment import Shop
from .switch import Switch


class Sql(Entry):
    """Statements of the database's superuser; `hang_up`: whose connections are ended after.

    `$strength` in a statement is the strength.
    """

    kind: Literal["sql"]
    do: list[str]
    undo: tuple[str, ...] = ()
    hang_up: str = ""

    def begin(self, shop: Shop) -> Switch:
        def run(statements: Sequence[str], strength: float = 0.0) -> None:
            for statement in statements:
                shop.sql(Template(statement).safe_substitute(strength=f"{strength:g}"))
            if self.hang_up:
                shop.sql(HANG_UP.format(role=self.hang_up))

        return Switch(lambda strength: run(self.do, strength), lambda: run(self.undo))


HANG_UP = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND usename LIKE '{role}'
        AND usename NOT IN ('postgres', 'reporting')
"""
HANG_UP_TOOL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{tool}'
"""


@contextmanager
def session(shop: Shop, tool: str) -> Iterator[psycopg.Connection]:
    """A connection of a person or tool, for as long as the block runs."""
    where = make_conninfo(shop.postgres.dsn("reporting"), application_name=tool)
    with psycopg.connect(where, autocommit=True) as open_one:
        yield open_one


REPORTING = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporting') THEN
            CREATE ROLE reporting LOGIN IN ROLE shop PASSWORD '{password}';
        END IF;
    END $$
"""


class Hold(Entry):
    """Sessions of a tool that stay: with a transaction open where they `run` something."""

    kind: Literal["hold"]
    run: str = ""
    sessions: int = 1
    tool: str

    def begin(self, shop: Shop) -> Switch:
        held = ExitStack()

        def take(strength: float) -> None:
            held.close()
            shop.sql(REPORTING.format(password=shop.postgres.password))
            for _ in range(max(1, round(self.sessions * strength))):
                with suppress(psycopg.OperationalError):  # none is left: that is what it is about
                    one = held.enter_context(session(shop, self.tool))
                    if self.run:
                        one.execute("BEGIN")
                        one.execute(self.run.encode())

        return Switch(take, held.close)


class Again(Entry):
    """A job runs a statement again and again."""

    kind: Literal["again"]
    run: str
    pause_s: float = 0.0
    sessions: int = 1
    tool: str

    def begin(self, shop: Shop) -> Switch:
        over = Event()
        threads: list[Thread] = []

        def work() -> None:
            with suppress(psycopg.Error), session(shop, self.tool) as one:
                while not over.is_set():
                    one.execute(self.run.encode())
                    over.wait(self.pause_s)

        def start(_: float) -> None:
            over.clear()
            shop.sql(REPORTING.format(password=shop.postgres.password))
            threads.extend(Thread(target=work, daemon=True) for _ in range(self.sessions))
            for thread in threads:
                thread.start()

        def stop() -> None:
            over.set()
            shop.sql(HANG_UP_TOOL.format(tool=self.tool))
            for thread in threads:
                thread.join(5)
            threads.clear()

        return Switch(start, stop)
