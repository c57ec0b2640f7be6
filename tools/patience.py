"""Waiting for a call no longer than it is worth."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextvars import ContextVar
from typing import TypeVar

from ..errors import ToolFailed

T = TypeVar("T")

_given_up: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)
"""Set when nobody waits any more for the call that runs here."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns or raises. Raises ToolFailed when it takes longer.

    Python cannot end a running call from outside: a late one ends at its next `go_on`, which every
    reading of telemetry asks, and its answer is thrown away.
    """
    late = threading.Event()
    executor = ThreadPoolExecutor(1)
    try:
        return executor.submit(_work, late, call).result(seconds)
    except TooLate:
        hint = "ask for fewer services or a shorter window"
        raise ToolFailed(f"gave up after {seconds:g} s; {hint}") from None
    finally:
        late.set()
        executor.shutdown(wait=False)


def _work(late: threading.Event, call: Callable[[], T]) -> T:
    _given_up.set(late)
    return call()


def go_on() -> None:
    """Raises ToolFailed where nobody waits for this call any more."""
    late = _given_up.get()
    if late is not None and late.is_set():
        raise ToolFailed("given up: nobody waits for the answer")
