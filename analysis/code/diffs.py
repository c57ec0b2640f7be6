"""A unified diff as hunks, and what of it is a change: moved lines, comments and log lines are not.

Reads what git writes and the shorter forms in which tools pass diffs on: a hunk header may hold a
path, a function, or both. Dozens of expressions look at each line later on, some of them in time
that grows with the square of a name's or a line's length: so both are bounded here.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

COMMENT = re.compile(r"^\s*(?://|#(?!\w*include|\[)|/?\*|--\s|<!--|;;|\"\"\"|''')")
LOGGING = re.compile(
    r"^\s*(?:[\w.:>-]*\b(?:log(?:ger|ging)?|console|slog|klog|zap|print(?:f|ln|k)?|spdlog)\b[\w.]*"
    r"\s*(?:[.:(]|<<)|LOG(?:GER)?[_.(]|fmt\.Print|System\.out)",
    re.IGNORECASE,
)
LONGEST_CHAIN, LONGEST_LINE, LONGEST_DIFF = 160, 1000, 100_000
"""Characters: what a person writes is shorter; a key or a generated file is not read whole. A chain
is a run of what names, paths and addresses are made of."""
_CHAIN = re.compile(r"[\w$.:@/-]+")
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_TAIL = re.compile(r"(?<!\W)\W++$")
_PATH = re.compile(r"^[\w.@/-]*[\w-]\.\w{1,8}(?::|$)|^[\w.-]+(?:/[\w.-]+)+(?::|$)")
_NUMBERS = re.compile(r"^[-+]\d+(?:,\d+)?(?: [-+]\d+(?:,\d+)?)*$")


@dataclass
class Hunk:
    """Lines that stand together: (sign, text) with sign "+", "-" or " "."""

    file: str = ""
    place: str = ""
    """Function or other heading; "" where none is given."""
    lines: list[tuple[str, str]] = field(default_factory=list)

    def side(self, sign: str) -> list[tuple[bool, str]]:
        """The lines before ("-") or after ("+") the change; each with whether it is of that side
        alone."""
        return [(mark == sign, text) for mark, text in self.lines if mark in (" ", sign)]


@dataclass(frozen=True)
class Edit:
    """What a diff takes away and adds, in lines of code or configuration, in order."""

    hunks: tuple[Hunk, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Nothing is left that could change what a program does."""
        return not self.removed and not self.added


def hunks(diff: str) -> list[Hunk]:
    """The hunks of a diff; one without a header where there is none."""
    found, file = [Hunk()], ""
    for line in tidied(diff).splitlines():
        if line.startswith(("diff --git", "index ", "new file", "deleted file", "similarity")):
            continue
        if line.startswith(("--- ", "+++ ")):
            named = line[4:].split("\t")[0].removeprefix("a/").removeprefix("b/")
            file = file if named == "/dev/null" else named
        elif line.startswith("@@"):
            found.append(_headed(line, file))
        else:
            found[-1].file = found[-1].file or file
            sign = line[:1] if line[:1] in ("+", "-") else " "
            found[-1].lines.append((sign, line[1:] if line[:1] in ("+", "-", " ") else line))
    return [hunk for hunk in found if hunk.lines]


def read(diff: str) -> Edit:
    """What the diff changes. A line that is taken away here and added there has only moved."""
    found = hunks(diff)
    lines = [pair for hunk in found for pair in hunk.lines]
    removed = [text for sign, text in lines if sign == "-" and telling(text)]
    added = [text for sign, text in lines if sign == "+" and telling(text)]
    both = Counter(map(_bare, removed)) & Counter(map(_bare, added))
    return Edit(tuple(found), tuple(_without(removed, both)), tuple(_without(added, both)))


def tidied(diff: str) -> str:
    """The diff with its long chains and long lines shortened; two that differ differ afterwards."""
    lines = (_shortened(_CHAIN.sub(_chain, line), LONGEST_LINE) for line in diff.splitlines())
    return "\n".join(lines)[:LONGEST_DIFF]


def _chain(match: re.Match[str]) -> str:
    return _shortened(match.group(), LONGEST_CHAIN)


def _shortened(text: str, most: int) -> str:
    """Its beginning; what stands for the rest are letters, as digits would be read as settings."""
    if len(text) <= most:
        return text
    rest = f"{zlib.crc32(text[most:].encode(errors='replace')):08x}"
    return text[:most] + rest.translate(_LETTERS)


def telling(text: str) -> bool:
    """Whether a line can change what a program does: not blank, a bracket, a comment or a log."""
    return bool(re.search(r"\w", text)) and not COMMENT.match(text) and not LOGGING.match(text)


def _headed(line: str, file: str) -> Hunk:
    """A hunk from its header: `@@ -1,2 +1,2 @@ def f`, `@@ path: def f`, `@@ path @@ def f`."""
    parts = [part.strip() for part in line.strip("@ ").split("@@")]
    parts = [part for part in parts if part and not _NUMBERS.match(part)]
    for index, part in enumerate(parts):
        if _PATH.match(part):
            named, _, rest = part.partition(": ")
            parts[index] = rest
            return Hunk(named.rstrip(":"), " ".join(filter(None, parts)))
    return Hunk(file, " ".join(parts))


def _bare(text: str) -> str:
    return _TAIL.sub("", re.sub(r"\s+", " ", text.strip()))


def _without(lines: Sequence[str], moved: Iterable[str] | Counter[str]) -> list[str]:
    left = Counter(moved)
    kept = []
    for line in lines:
        if left[_bare(line)]:
            left[_bare(line)] -= 1
        else:
            kept.append(line)
    return kept
