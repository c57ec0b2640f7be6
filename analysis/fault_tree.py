"""Minimal cut sets of a fault tree: which basic events together are enough for the top event.

MOCUS, from the top down: an OR gate makes a row of each of its inputs, an AND gate puts all of them
into one row; a row that holds another one is absorbed (A + AB = A). J. B. Fussell, W. E. Vesely, "A
new methodology for obtaining cut sets for fault trees", Trans. Am. Nucl. Soc. 15 (1972); NUREG-0492
(1981), chapter VII.
"""

from collections.abc import Mapping
from typing import NamedTuple

MOST = 5000
"""Rows that are opened; a tree of some dozens of gates takes a few hundred."""


class Gate(NamedTuple):
    """What stands below an event; without `every` any of it is enough."""

    every: bool
    inputs: tuple[str, ...]


class CutSets(NamedTuple):
    """The sets, those of the fewest events first; not whole: some may be missing, or too large."""

    sets: list[frozenset[str]]
    whole: bool


def minimal_cut_sets(top: str, gates: Mapping[str, Gate], most: int = MOST) -> CutSets:
    """The minimal cut sets of the event `top`. What has no gate is a basic event; the same name
    under several gates is one event. With an event below itself it is never whole."""
    rows, found = [frozenset({top})], list[frozenset[str]]()
    while rows and most:
        row, most = rows.pop(), most - 1
        event = next((name for name in sorted(row) if name in gates), None)
        if event and not any(known <= row for known in found):
            gate, rest = gates[event], row - {event}
            rows += [rest | {*gate.inputs}] if gate.every else [rest | {i} for i in gate.inputs]
        elif not any(known <= row for known in found):
            found = [known for known in found if not row <= known] + [row]
    return CutSets(sorted(found, key=lambda each: (len(each), sorted(each))), not rows)
