"""What nearly every test would wait for and few are about: migrations of an empty file, and the
work of hashing a password. What is cut short here has tests of its own that take the long way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, create_engine, inspect

from warroom.record import database, passwords
from warroom.record.migrations import HEAD, upgrade

SLOW_ON_PURPOSE = passwords.HASHER
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def shortened() -> Iterator[None]:
    """Until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "upgrade", in_one_go)
        patch.setattr(passwords, "HASHER", QUICK)
        yield


def in_one_go(connection: Connection, version: str = HEAD) -> None:
    """`upgrade`, but that an empty file gets at once what the migrations made of another one."""
    empty = connection.dialect.name == "sqlite" and not inspect(connection).get_table_names()
    if not empty or version != HEAD:
        upgrade(connection, version)
        return
    for statement in _statements():
        connection.exec_driver_sql(statement)


@cache
def _statements() -> Sequence[str]:
    """What makes the tables, and says which version they are."""
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection)
        return dumped(connection)[1:-1]  # without the transaction around them


def dumped(connection: Connection) -> list[str]:
    """All that an SQLite database holds, as statements."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return list(driver.iterdump())
