"""What a log line says, in a few words: enough to tell statements of a program apart.

Templates (templates.py) keep as much of a line as they can, for people. Here a line is compared
with the same statement's lines elsewhere, so what differs from request to request must go: values
are masked, words that most services' lines share (levels, "TraceID:") say nothing, and only the
beginning is read, because programs say what first and with which data then.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..templates import gather, head, mask_all

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
