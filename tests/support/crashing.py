"""A crash within this process: at the n-th commit everything stops, and whatever is still written
afterwards, by threads or by who cleans up, is refused. What is opened anew works again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event


def writes(connection: Connection) -> bool:
    """Whether it is not one that only reads (record/database.py)."""
    options = connection.get_execution_options()
    return not options.get("reading") and "isolation_level" not in options


class Crash(BaseException):
    """The process is gone."""


class Crashing:
    """Counts commits of what writes; dead from the one at which it was to end."""

    def __init__(self, point: int, when: str) -> None:
        self.point, self.when = point, when
        self.dead = False
        self._lock = threading.Lock()

    def commit(self, connection: Connection) -> None:
        """Before a commit. Raises Crash from the point on."""
        self._end_if_dead()
        if not writes(connection):
            return
        with self._lock:
            self.point -= 1
            self.dead = self.point == 0 and self.when == "before"
        self._end_if_dead()

    def begin(self, _connection: Connection) -> None:
        """At the next transaction, where it is to end after a commit."""
        if self.point <= 0 and self.when == "after":
            self.dead = True
        self._end_if_dead()

    def _end_if_dead(self) -> None:
        if self.dead:
            raise Crash


@contextmanager
def crashing(engine: Engine, point: int, when: str) -> Iterator[Crashing]:
    """Whatever writes to this engine crashes at its n-th commit (0: never), until the block ends;
    the crash itself ends here."""
    crash = Crashing(point or 10**9, when)
    event.listen(engine, "commit", crash.commit)
    event.listen(engine, "begin", crash.begin)
    try:
        yield crash
    except Crash:
        pass
    finally:
        event.remove(engine, "commit", crash.commit)
        event.remove(engine, "begin", crash.begin)
