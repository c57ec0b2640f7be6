"""Log messages into templates: the fixed words of a line, with its values as wildcards.

Source: Drain (He, Zhu, Zheng, Lyu, "Drain: An Online Log Parsing Approach with Fixed Depth
Tree", ICWS 2017) as kept in the drain3 package. Drain's cost is per line and its result depends
on their order, so lines are masked and deduplicated first and fed in sorted order: the templates
depend on the set of lines alone.

Ids are made equal over millions of bytes at once, so that lines that differ in nothing but the
letters of hexadecimal ids are masked only once. That works on bytes whose digits read 0 already;
only letters of ids that are masked anyway become 0: where a mask might tell the difference,
nothing is changed.

Templates keep as much of a line as they can, for people. A statement is what is compared with the
same statement's lines elsewhere, so what differs from request to request goes: words that most
services' lines share (levels, "TraceID:") say nothing, and only the beginning is read, because
programs say what first and with which data then.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_letters, digits

import numpy as np
from drain3.drain import Drain
from numpy.typing import NDArray

SIMILARITY = 0.6
"""Share of equal words that joins a line to a template. Drain's default of 0.4 is for raw lines;
ours have lost their values already, so what still differs mostly means something."""
ODD = "surrogatepass"
"""Half characters are kept as they are."""
AT_ONCE = 20_000
"""Lines whose ids are made equal at once: bounds memory."""
LONGEST = 400
"""Characters of a line that are looked at; the rest rarely tells templates apart."""

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_MASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<quoted>", re.compile(r"(?<!\w)(?:\"[^\"\n]*\"|'[^'\n]*')(?!\w|\s*:)")),
    ("<uuid>", re.compile(r"\b[0a-fA-F]{8}(?:-[0a-fA-F]{4}){3}-[0a-fA-F]{12}\b")),
    ("<time>", re.compile(r"\b0000-00-00[T ]00:00:00(?:[.,]0+)?(?:Z|[+-]00:?00)?")),
    ("<ip>", re.compile(r"\b0{1,3}(?:\.0{1,3}){3}(?::0+)?\b")),
    ("<hex>", re.compile(r"\b(?:0[xX][0a-fA-F]+|(?=[a-fA-F]*0)[0a-fA-F]{8,})\b")),
    ("<num>", re.compile(r"(?<![A-Za-z_0])(?:(?<![\w)\]])[-+])?0+(?:\.0+)?(?:[eE][-+]?0+)?")),
)
"""In order: a later mask must not eat a part of an earlier one. Every digit reads as 0; one
that stays, as in http2, is shown as # in the end."""


@dataclass(frozen=True, slots=True)
class Mined:
    """Templates in alphabetical order, and which of them each message is."""

    templates: tuple[str, ...]
    labels: NDArray[np.intp]
    """One index into `templates` per message."""


def mine(messages: Sequence[str], keep: Iterable[str] = ()) -> Mined:
    """Find the templates of messages (only the first line of each is read).

    Mine baseline and incident together, so that a template means the same in both. A name in
    `keep` (services, say) never becomes a wildcard: "call to payments failed" and "call to
    catalog failed" stay two templates.
    """
    heads = [head(message) for message in messages]
    known = list(dict.fromkeys(heads))
    masked = dict(zip(known, mask_all(known), strict=True))
    template = _drain(sorted(set(masked.values())), _finder(keep))
    names = sorted(set(template.values()))
    number = {name: i for i, name in enumerate(names)}
    label = {line: number[template[m]] for line, m in masked.items()}
    return Mined(tuple(names), np.array([label[line] for line in heads], dtype=np.intp))


def mask_all(lines: Sequence[str]) -> list[str]:
    """Mask many single lines at once, in one pass of each pattern over all of them.

    All digits become 0 first, and all letters of ids, which makes most lines of a template equal:
    only different ones are then masked. Digits that are part of a name come back as one 0.
    """
    if not lines:
        return []
    zeroed: list[bytes] = []
    for first in range(0, len(lines), AT_ONCE):
        some = "\n".join(lines[first : first + AT_ONCE]).encode(errors=ODD)
        zeroed += plain_ids(some.translate(_DIGITS)).split(b"\n")
    known = list(dict.fromkeys(zeroed))
    text = b"\n".join(known).decode(errors=ODD)
    for name, pattern in _MASKS:
        text = pattern.sub(name, text)
    masked = dict(zip(known, re.sub("0+", "0", text).split("\n"), strict=True))
    return [masked[line] for line in zeroed]


def head(message: str) -> str:
    """The first line that says something, cut at LONGEST characters."""
    line = message.lstrip()[:LONGEST]
    return line.split("\n", 1)[0].rstrip()


def gather(lines: Iterable[str]) -> dict[str, str]:
    """Template of each of these different lines, which are masked already."""
    return _drain(lines, None)


def _finder(keep: Iterable[str]) -> re.Pattern[str] | None:
    names = sorted(
        set(mask_all([head(name) for name in keep if name.strip()])), key=lambda n: (-len(n), n)
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)") if names else None


def _drain(lines: Iterable[str], kept: re.Pattern[str] | None) -> dict[str, str]:
    """Template of each different masked line; lines with different kept names never meet."""
    miners: dict[tuple[str, ...], Drain] = {}
    clusters = {}
    for line in lines:
        names = tuple(kept.findall(line)) if kept else ()
        miner = miners.setdefault(names, Drain(sim_th=SIMILARITY))
        clusters[line] = miner.add_log_message(line)[0]
    return {line: cluster.get_template().replace("0", "#") for line, cluster in clusters.items()}


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


WORDS = 8
"""Words of a line that are read."""
SHARED = 0.5
"""A word of more than this share of the services is everybody's."""
FEW = 4
"""Fewer services than this: their words cannot be told from everybody's."""
_SPLIT = re.compile(r"[\s\[\](){}=,;|]+")
_MASKED = re.compile(r"<\w+>[:.]?")


def statements(
    messages: Sequence[str], services: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Statements in alphabetical order, and the number of each message's."""
    heads = [head(message) for message in messages]
    different = list(dict.fromkeys(heads))
    masked = dict(zip(different, mask_all(different), strict=True))
    words = {text: _words(text) for text in set(masked.values())}  # far fewer than lines
    users = {(name, masked[line]) for name, line in set(zip(services, heads, strict=True))}
    shared = _shared(users, words)
    own = {
        text: " ".join([w for w in parts if w not in shared][:WORDS])
        for text, parts in words.items()
    }
    said = {line: own[text] or text[:40] for line, text in masked.items()}
    merged = gather(sorted(set(said.values())))
    names = sorted(set(merged.values()))
    number = {name: i for i, name in enumerate(names)}
    label = {line: number[merged[text]] for line, text in said.items()}
    return tuple(names), np.array([label[line] for line in heads], np.int64)


def _words(line: str) -> tuple[str, ...]:
    """Words of a masked line without the masks."""
    return tuple(w for w in _SPLIT.split(line) if w and not _MASKED.fullmatch(w))


def _shared(lines: set[tuple[str, str]], words: dict[str, tuple[str, ...]]) -> set[str]:
    """Words of more than half of the services."""
    users: dict[str, set[str]] = defaultdict(set)
    for service, line in lines:
        for word in words[line]:
            users[word].add(service)
    everybody = {service for service, _ in lines}
    if len(everybody) < FEW:
        return set()
    return {word for word, names in users.items() if len(names) > SHARED * len(everybody)}
