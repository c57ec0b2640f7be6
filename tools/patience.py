"""Waiting for a call no longer than it is worth."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import TypeVar

from ..errors import ToolFailed

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns or raises. Raises ToolFailed when it takes longer.

    Python cannot end a running call: a late one goes on in its thread, and its answer is thrown
    away.
    """
    executor = ThreadPoolExecutor(1)
    try:
        return executor.submit(call).result(seconds)
    except TooLate:
        hint = "ask for fewer services or a shorter window"
        raise ToolFailed(f"gave up after {seconds:g} s; {hint}") from None
    finally:
        executor.shutdown(wait=False)
