"""What was computed out of telemetry, kept while nothing new has arrived."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 40
"""Answers kept: what thirteen steps ask of two or three pairs of windows, and the tables that hang
on the alert alone."""


@dataclass
class _Cell:
    """One answer; its lock is held while somebody works it out, so that it is done once."""

    lock: RLock = field(default_factory=RLock)
    stamp: Hashable = None
    value: Any = None


class Kept:
    """The latest answers by key; an answer lives as long as its stamp. Thread-safe.

    What is being made may ask for other keys, never for its own makers' keys: there are no rings.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.cells: OrderedDict[Hashable, _Cell] = OrderedDict()
        self.lock = Lock()

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """The answer under this key and stamp, made where it is not there."""
        with self.lock:
            cell = self.cells.setdefault(key, _Cell())
            self.cells.move_to_end(key)
            while len(self.cells) > self.most:
                self.cells.popitem(last=False)
        with cell.lock:
            if cell.stamp != stamp:
                cell.value = make()
                cell.stamp = stamp
            return cell.value

    def clear(self) -> None:
        """Forget all answers."""
        with self.lock:
            self.cells.clear()
