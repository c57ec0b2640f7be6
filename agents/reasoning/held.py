"""What some references hold: texts, numbers and moments that a sentence may repeat."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import combinations

from .figures import Figure, close, figures

LONG = 400
"""Characters of one text that are read for figures."""


@dataclass
class Held:
    """Everything that some references say."""

    texts: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    rows: list[datetime] = field(default_factory=list)  # of timeline rows: durations between them

    def __post_init__(self) -> None:
        self.words = "\n".join(self.texts).casefold()
        self.shown = [figure for text in self.texts for figure in _shown(text[:LONG])]

    def has(self, figure: Figure) -> bool:
        """Whether a figure of a sentence stands here, as shown or by value."""
        if figure.kind in ("name", "date", "amount"):
            return figure.text.casefold() in self.words or self._other(figure)
        if figure.kind == "clock":
            return any(clock.startswith(figure.text.zfill(5)) for clock in self._clocks())
        same = (f.value for f in self.shown if f.kind == figure.kind)
        return any(close(figure, value) for value in (*same, *self._values(figure)))

    def _other(self, figure: Figure) -> bool:
        if figure.kind == "date":
            return any(f"{m.astimezone(UTC):%Y-%m-%d}" == figure.text for m in self.moments)
        counted = [f.value for f in self.shown if f.kind == "number"] + self.values
        return figure.kind == "amount" and figure.value > 0 and figure.value in counted

    def _clocks(self) -> Iterator[str]:
        yield from (f.text.zfill(8) for f in self.shown if f.kind == "clock")
        yield from (f"{moment.astimezone(UTC):%H:%M:%S}" for moment in self.moments)

    def _values(self, figure: Figure) -> Iterator[float]:
        """Numbers as this kind of figure would show them."""
        for value in self.values:
            if figure.kind == "percent" and abs(value) <= 1:
                yield value * 100
            elif figure.kind == "number":
                yield value
            elif figure.kind == "duration":
                yield from (value, value / 1000)  # a payload has seconds or milliseconds
        if figure.kind == "duration":
            yield from self._apart()

    def _apart(self) -> Iterator[float]:
        """Seconds between any two rows of the timeline."""
        for one, other in combinations(self.rows, 2):
            yield abs((one - other).total_seconds())


@lru_cache(maxsize=20_000)
def _shown(text: str) -> tuple[Figure, ...]:
    """Figures of a text; every sentence of a draft asks for those of the same evidence."""
    return tuple(figures(text))
