"""Words of code, paths, routes and log lines that are worth comparing.

A token is an identifier, a file name or a part of a route, in lower case. Language keywords and
the words that every log line and every diff has are left out: they join everything to everything.
"""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*")
_FILE = re.compile(
    r"(?<![\w-])[\w-]+\.(?:py|js|ts|go|java|kt|rb|rs|cs|php|sql|ya?ml|json|toml|conf)\b"
)
_SHORTEST = 4
_COMMON = frozenset(
    re.findall(
        r"\S+",
        """
    assert async await break case catch class const continue default elif else except export false
    finally float from func function global import include int interface join lambda list none null
    package pass private public raise range return self static string struct super switch this
    throw throws true type union val value values void while with yield dict tuple bool
    error errors exception failed failure line file traceback most recent call last request
    response status code http https message info warning debug level time data name test tests
    main args kwargs init __init__ __main__ version service select where insert update delete
    after before into over under that have been when then than will would could should not
    """,
    )
)
_INERT = re.compile(
    r"(^|/)(docs?|tests?|examples?)/|(^|/)(readme|changelog|license)|\.(md|rst|txt)$"
)


def tokens_of(text: str) -> frozenset[str]:
    """Tokens of any text: words of four letters or more, files with and without their ending,
    dotted and dashed names whole and in parts."""
    found: set[str] = {name.lower() for name in _FILE.findall(text)}
    for word in _WORD.findall(text):
        lower = word.lower()
        found.add(lower)
        found.update(re.split(r"[.-]", lower))
    return frozenset(t for t in found if len(t) >= _SHORTEST and t not in _COMMON)


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
