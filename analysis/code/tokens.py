"""Words of code, paths, routes and log lines: in plain form, and those worth comparing.

A token is an identifier, a file name or a part of a route, in lower case. Language keywords and
the words that every log line and every diff has are left out: they join everything to everything.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from ...yaml_tables import Entry, Words, read_table

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINT = re.compile(r"[_\-./:]+|\s+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*")
_FILE = re.compile(
    r"(?<![\w-])[\w-]+\.(?:py|js|ts|go|java|kt|rb|rs|cs|php|sql|ya?ml|json|toml|conf)\b"
)
_SHORTEST = 4
_INERT = re.compile(
    r"(^|/)(docs?|tests?|examples?)/|(^|/)(readme|changelog|license)|\.(md|rst|txt)$"
)


def plain(text: str) -> str:
    """`maxPoolSize`, `max_pool_size` and `max-pool-size` all become `max pool size`: one pattern
    reads names of code, metrics and logs."""
    return _JOINT.sub(" ", _CAMEL.sub(" ", text)).lower()


class _WordTable(Entry):
    """Words that join everything to everything."""

    keywords: Words
    everywhere: Words


@cache
def _common() -> frozenset[str]:
    table = read_table("analysis/code/tokens.yaml", _WordTable)
    return table.keywords | table.everywhere


def tokens_of(text: str) -> frozenset[str]:
    """Tokens of any text: words of four letters or more, files with and without their ending,
    dotted and dashed names whole and in parts."""
    common = _common()
    found: set[str] = {name.lower() for name in _FILE.findall(text)}
    for word in _WORD.findall(text):
        lower = word.lower()
        found.add(lower)
        found.update(re.split(r"[.-]", lower))
    return frozenset(t for t in found if len(t) >= _SHORTEST and t not in common)


def changed_text(diff: str) -> str:
    """What a unified diff changes: added and removed lines, and the function each hunk is in.

    Context lines are left out: a change does not touch what it stands beside. A text that is
    not a diff comes back whole.
    """
    lines = diff.splitlines()
    changed = [line[1:] for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    hunks = [line.split("@@", 2)[2] for line in lines if line.startswith("@@") and "@@" in line[2:]]
    return "\n".join(changed + hunks) if changed else diff


def inert(files: Sequence[str]) -> bool:
    """Whether all files are documentation or tests, which do not run in production."""
    return bool(files) and all(_INERT.search(name.lower()) for name in files)


def specificity(token: str, documents: Iterable[frozenset[str]]) -> float:
    """1 for a token of one document, 1/n for one that n of them share."""
    return 1.0 / max(1, sum(token in document for document in documents))
