"""Edits of code that do harm: what kind of line went away or came, and what that brings about.

Counted over the whole diff: a guard that is taken out here and put in there, or into a helper, is
no harm. That is what tells a fault from a refactoring of the same lines.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ...yaml_tables import AnyCase, Entry, read_table
from .diffs import Edit
from .mechanisms import Mechanism as M
from .mechanisms import Weights


class Harm(Entry):
    """A kind of line, in words and as a pattern, and what its change brings about."""

    text: str
    pattern: AnyCase
    weights: Weights


class HarmTable(Entry):
    """Kinds of lines that do harm when they are taken away, and when they are added."""

    taken: tuple[Harm, ...]
    added: tuple[Harm, ...]


@dataclass(frozen=True)
class Done:
    """A harm that a diff does, with the line that shows it."""

    text: str
    line: str
    weights: Weights


@cache
def _table() -> HarmTable:
    return read_table("analysis/code/harms.yaml", HarmTable)


ERROR_CHECK = re.compile(r"\berr(?:or)?\b\s*[!=]=\s*nil|catch \(_|if err\b")
LOOP = re.compile(
    r"^\s*(?:for\b|while\b|foreach\b)|\.(?:forEach|map|flatMap|each)\(", re.IGNORECASE
)
REMOTE = re.compile(
    r"\bawait\b|\b(?:client|repo\w*|repository|store|db|dao|database|api|http|redis|"
    r"session|conn|svc|"
    r"service|catalog|gateway|rpc|stub|axios|requests)\w*\.\w+\(|"
    r"\.(?:get|find|fetch|load|look_?up|query|select|request|call|exec\w*|retrieve|"
    r"list)[A-Z_]\w*\(|"
    r"\b(?:fetch|query|find|load|lookup)_?\w*\(|\bSELECT\b|ctx,"
)


def harms(edit: Edit) -> list[Done]:
    """Every harm that the diff does, in the order of the tables; calls within a loop come first."""
    removed = [line for line in edit.removed if not ERROR_CHECK.search(line)]
    added = [line for line in edit.added if not ERROR_CHECK.search(line)]
    found = _looped(edit) + _operators(removed, added)
    for harm in _table().taken:
        if line := _more(harm.pattern, removed, added):
            found.append(Done(f"takes away {harm.text}", line, harm.weights))
    for harm in _table().added:
        if line := _more(harm.pattern, added, removed):
            found.append(Done(f"adds {harm.text}", line, harm.weights))
    return found


OPERATOR = re.compile(
    r"<=|>=|===?|!==?|&&|\|\||<|>|!(?=[\w(])|\b(?:and|or|not)\b|(?<=[\w)]) ?[-+*/%] "
    r"?(?=[\w(])"
)
TURNED = {M.data: 0.7, M.units: 0.7, M.crash: 0.6, M.auth: 0.6, M.null: 0.5, M.capacity: 0.3}


def _operators(removed: Sequence[str], added: Sequence[str]) -> list[Done]:
    """A condition or a calculation that is the same but for its operators."""
    bare = {_bare(line): line for line in removed}
    for line in added:
        before = bare.get(_bare(line))
        if before and OPERATOR.findall(before) != OPERATOR.findall(line):
            return [Done("turns a condition or a calculation", line.strip(), TURNED)]
    return []


def _bare(line: str) -> str:
    return " ".join(OPERATOR.sub(" ", line).split())


def _more(pattern: re.Pattern[str], here: Sequence[str], there: Sequence[str]) -> str:
    """A line of the pattern, if this side has more matches than the other; else ""."""
    hits = [line for line in here if pattern.search(line)]
    more = sum(len(pattern.findall(line)) for line in here)
    if more > sum(len(pattern.findall(line)) for line in there):
        return hits[0].strip()
    return ""


def _looped(edit: Edit) -> list[Done]:
    """Calls of others inside a loop, more than there were."""
    before = [line for hunk in edit.hunks for line in _in_loops(hunk.side("-"))]
    after = [line for hunk in edit.hunks for line in _in_loops(hunk.side("+"))]
    added = {line.strip() for line in edit.added}
    fresh = [line for line in after if line in added]
    if len(after) <= len(before) or not fresh:
        return []
    weights = {M.fanout: 1.0, M.database: 0.7, M.timeout: 0.4, M.capacity: 0.3}
    return [Done("calls others once for each item of a loop", fresh[0], weights)]


def _in_loops(side: list[tuple[bool, str]]) -> list[str]:
    """Lines that call others and stand deeper than a loop's head above them."""
    found, depth = [], None
    for _own, text in side:
        if not text.strip():
            continue
        indent = len(text) - len(text.lstrip())
        if depth is not None and indent <= depth:
            depth = None
        if depth is not None and REMOTE.search(text):
            found.append(text.strip())
        if LOOP.search(text) and depth is None:
            depth = indent
    return found
