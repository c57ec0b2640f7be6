"""Ids in log lines made equal, over millions of bytes at once: two lines that differ in nothing but
the letters of hexadecimal ids become one line, and need to be masked only once.

Works on bytes whose digits read 0 already. Only letters of ids that are masked anyway become 0;
where a mask of templates.py might tell the difference, nothing is changed.
"""

from string import ascii_letters, digits

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

SHORTEST = 8
"""Letters of the shortest id."""
DASHES = (0, 5, 10, 15)
"""Where a UUID has its dashes, from the first one on."""


def _table(letters: bytes) -> Bools:
    table = np.zeros(256, bool)
    table[list(letters)] = True
    return table


_HEX = _table(b"0abcdefABCDEF")
_WORD = _table(f"_{digits}{ascii_letters}".encode() + bytes(range(128, 256)))
"""Letters beyond ASCII count as parts of words: an id beside one is left alone."""
_JOINS = _table(b".,:+-")
"""After one of these, zeros may be a part of a time, an address or a number."""


def plain_ids(text: bytes) -> bytes:
    """The text with every letter of its hexadecimal ids as 0; its length stays."""
    found = np.frombuffer(b"\n" + text + b"\n", np.uint8).copy()
    for begin, end in (_uuids(found), _runs(found)):
        places = _spread(begin, end)
        found[places[found[places] != ord("-")]] = ord("0")
    return found[1:-1].tobytes()


def _uuids(text: Bytes) -> tuple[Ints, Ints]:
    """Begin and end of each UUID."""
    first = np.flatnonzero(text == ord("-"))
    first = first[(first >= 9) & (first + 28 < text.size)]
    for dash in DASHES[1:]:
        first = first[text[first + dash] == ord("-")]
    for place in sorted(set(range(-8, 28)) - set(DASHES)):
        first = first[_HEX[text[first + place]]]
    whole = ~_WORD[text[first - 9]] & ~_WORD[text[first + 28]]
    return first[whole] - 8, first[whole] + 28


def _runs(text: Bytes) -> tuple[Ints, Ints]:
    """Begin and end of each word of hexadecimal digits, one of them a figure."""
    edges = np.flatnonzero(np.diff(_WORD[text])) + 1  # the text begins and ends outside a word
    begin, end = edges[::2], edges[1::2]
    long = end - begin >= SHORTEST
    begin, end = begin[long], end[long]
    begin, end = begin[~_JOINS[text[begin - 1]]], end[~_JOINS[text[begin - 1]]]
    if not begin.size:
        return begin, end
    bounds = np.column_stack([begin, end]).ravel()
    # The odd parts, between two words, are counted as well and left out.
    other = np.add.reduceat(~_HEX[text], bounds, dtype=np.int64)[::2]
    figures = np.add.reduceat(text == ord("0"), bounds, dtype=np.int64)[::2]
    ids = (other == 0) & (figures > 0)
    return begin[ids], end[ids]


def _spread(begin: Ints, end: Ints) -> Ints:
    """Every place from begin to end, of all of them."""
    size = end - begin
    first = np.repeat(begin - np.cumsum(size) + size, size)
    return first + np.arange(first.size)
