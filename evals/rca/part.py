"""How much of a root-cause case is shown, and how well: the whole, or a part of it, or damaged.

A case carries its part (`RcaCase.part`), so that every method sees the same: hidden files are not
there, lost cells and records never were. Chance is drawn from what a record says, and a service's
clock from its name: the same part of the same case is the same each time.
"""

from dataclasses import dataclass
from zlib import crc32

from ...errors import InputError

MODALITIES = ("metrics", "logs", "traces", "changes", "topology")
"""What can be hidden: the files of a case by their first word. Who calls whom is still read off
the spans where topology alone is hidden."""


@dataclass(frozen=True)
class Part:
    """What is left of a case."""

    without: frozenset[str] = frozenset()  # of MODALITIES
    late_s: float = 0.0  # the detection comes so much later; negative: earlier
    apart_s: float = 0.0  # clocks of services differ by up to this, in logs and spans
    lost: float = 0.0  # share of cells, log lines and spans that were never recorded
    healthy: bool = True  # False: nothing from before the incident

    def hides(self, file: str) -> bool:
        """Whether a file of this name is not shown."""
        return file.partition(".")[0] in self.without


WHOLE = Part()


def only(*names: str) -> Part:
    """These modalities and nothing else."""
    return Part(without=frozenset(MODALITIES) - set(names))


def without(names: str) -> Part:
    """All but these, given as one word with commas. Raises InputError for others."""
    named = {word.strip() for word in names.split(",") if word.strip()}
    for word in sorted(named):
        if word not in MODALITIES:
            raise InputError(f"no modality {word!r}; there are: {', '.join(MODALITIES)}")
    return Part(without=frozenset(named))


def seed(name: str) -> int:
    """Of a case's chances, by its name."""
    return crc32(name.encode())
