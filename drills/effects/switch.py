"""What an effect is: it finds what it is about, and is then turned on and off."""

from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple

from ...yaml_tables import Entry
from ..environment import Shop


class Switch(NamedTuple):
    """Turns an effect on at a strength from 0 to 1, and off; both may be called again."""

    on: Callable[[float], None]
    off: Callable[[], None] = lambda: None


class Once(Entry):
    """An effect that is there or not, and that nobody takes back: the run ends with its
    processes."""

    def begin(self, shop: Shop) -> Switch:
        """Nothing has to be found beforehand."""
        return Switch(lambda _: self.do(shop))

    @abstractmethod
    def do(self, shop: Shop) -> None:
        """Bring it about."""
