"""Where reading one source for one scope stands: what to ask for, what of an answer is new."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .model import EVENTS, Window
from .sources.source import EVER, Batch, Scope, Source

LATE_S = 30.0
"""A backend that keeps no place is asked again for so much of the past: rows come late."""
BEFORE_S = 7 * 86_400.0
"""Changes are asked for from so long before: today's culprit may be of last week."""
WEIGHED = re.compile(rb', "weight": [0-9.e+-]+\}\n$')
"""How the weight of a row ends its line: the same row may be chosen by one ask and not the next."""


@dataclass
class Reading:
    """Where reading one source for one scope stands."""

    source: Source
    scope: Scope
    after: Any = None
    until: float = float("-inf")  # read up to here, unix seconds
    seen: Counter[bytes] = field(default_factory=Counter)  # lines of the time that is read again
    says: tuple[str, ...] = ()  # what its last batch had not, nor those before
    stays: tuple[str, ...] = ()  # of that, what holds whatever comes
    gap: str = ""  # why there was none
    failed: bool = False  # it was not answered
    sampled: bool = False  # some of it was a part of what there was
    partly: bool = False  # so far: it was asked in a hurry

    def window(self, since: float, now: float) -> Window:
        """What to ask for."""
        if self.source.whole:
            return EVER
        early = BEFORE_S if self.source.modality in EVENTS else 0.0
        return Window(max(since - early, self.until - LATE_S), now)

    def fresh(self, batch: Batch, now: float) -> bytes:
        """The lines of a batch that were not there before: a place is exact, time overlaps."""
        self.after = batch.after
        if batch.after is not None:
            return batch.lines
        self.until = now
        lines = batch.lines.splitlines(keepends=True)
        written = {bare(line): line for line in lines}
        here = Counter(map(bare, lines))
        new, self.seen = here - self.seen, here
        return b"".join(written[row] for row in new.elements())

    def take(self, batch: Batch, hurried: bool = False) -> None:
        """What a batch says of itself. What was left out beside rows stays left out; that there
        were none yet holds until there are. What was not had in a hurry is no gap yet."""
        self.says = tuple(dict.fromkeys((*self.stays, *batch.left_out)))
        if batch.rows and not self.source.whole:
            self.stays = self.says
        self.partly = hurried and bool(batch.gap)
        self.gap = "" if self.partly else batch.gap
        self.says += (batch.gap,) if self.partly else ()
        self.sampled |= batch.sampled and not self.partly


def bare(line: bytes) -> bytes:
    """A line without its weight."""
    return WEIGHED.sub(b"}\n", line) if b'"weight"' in line[-40:] else line
