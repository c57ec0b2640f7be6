"""A part of a process that ends by an error nobody expected ends the process.

A service that goes on without the part that writes alerts down, or groups them, looks well and does
nothing. Nothing is held in memory that a new start needs, and whoever started the process (systemd,
compose) starts it anew.
"""

import logging
import threading
from collections.abc import Callable

from ..errors import WarroomError

log = logging.getLogger(__name__)


class Falling:
    """Watches the threads of this process. `stop` ends it in order, from any thread."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._first: tuple[str, BaseException] | None = None
        threading.excepthook = self._thread_ended

    def fell(self, part: str, error: BaseException) -> None:
        """This part ended by that error."""
        log.critical("%s ended by an error nobody expected", part, exc_info=error)
        self._first = self._first or (part, error)
        self._stop()

    def check(self) -> None:
        """Raise WarroomError where a part ended so."""
        if self._first:
            part, error = self._first
            raise WarroomError(
                f"{part} ended by {type(error).__name__}: {error}; nothing is lost: start it "
                "again, and report the lines above"
            ) from error

    def _thread_ended(self, ended: threading.ExceptHookArgs) -> None:
        name = ended.thread.name if ended.thread else "a thread"
        self.fell(name, ended.exc_value or ended.exc_type())
