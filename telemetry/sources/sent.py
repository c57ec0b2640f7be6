"""Changes that pipelines sent to Warroom itself, read back as those of any other feed."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..model import Change, Window
from .changes import Changes, Say
from .datasource import Datasource, JsonData

Told = Callable[[float, float], Iterable[dict[str, Any]]]
"""Lines of a bundle of a time, unix seconds."""


class Sent(Changes):
    """What was sent."""

    def __init__(self, told: Told) -> None:
        here = Datasource.model_construct(name="sent", type="sent", url="", jsonData=JsonData())  # pyright: ignore
        super().__init__(here)
        self.told = told

    @property
    def name(self) -> str:
        """As a person knows it."""
        return "changes sent to Warroom"

    def listing(self, window: Window) -> Iterable[str]:
        """Nobody is asked."""
        return ()

    def changes(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        """As they were sent."""
        for row in self.told(window.start, window.end):
            facts: dict[str, Any] = {"service": "", **row, "files": tuple(row.get("files", ()))}
            yield Change(**facts)
