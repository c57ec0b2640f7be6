"""Edits of code that do harm: what kind of line went away or came, and what that brings about.

Counted over the whole diff: a guard that is taken out here and put in there, or into a helper, is
no harm. That is what tells a fault from a refactoring of the same lines.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .diffs import Edit
from .mechanisms import Mechanism as M

Weights = Mapping[M, float]


@dataclass(frozen=True)
class Harm:
    """A kind of edit: lines of this pattern, fewer or more than before."""

    text: str
    pattern: re.Pattern[str]
    weights: Weights


@dataclass(frozen=True)
class Done:
    """A harm that a diff does, with the line that shows it."""

    text: str
    line: str
    weights: dict[M, float]


def _harm(text: str, pattern: str, **weights: float) -> Harm:
    return Harm(text, re.compile(pattern, re.IGNORECASE), {M[k]: v for k, v in weights.items()})


REMOVED = (
    _harm("a lock", r"\.?\b(?:r?lock|unlock)\(|mutex|synchronized|semaphore|with \w*lock\b|atomic", race=1, lock=0.3),
    _harm("a check for a missing value", r"[!=]==?\s*(?:nil|null|none|undefined)\b|is (?:not )?(?:none|null)\b|\?\.|\?\?|ofNullable|isPresent|is_some|if not \w+[:.]|if \(!\w+|hasOwnProperty|getOrDefault|\.get\([^()]*,", null=1, crash=0.5),
    _harm("what closes or frees", r"\.close\(|defer .*(?:close|cancel)|with open|with \w+.*\bas \w+:|\busing\b ?\(|try ?\(|\brelease\(|dispose\(|\bfree\(|unsubscribe|removeListener|clearInterval", handles=1, memory=0.7, pool=0.9),
    _harm("a bound", r"\bLIMIT\b|\.limit\(|\.take\(|\bTOP \d|paginat|maxsize=\d|\[:\d+\]|\.slice\(0", database=1, memory=0.7, payload=0.7, timeout=0.4),
    _harm("a condition of a query", r"\bWHERE\b|\.where\(|\.filter\(", database=0.9, data=0.5),
    _harm("an index", r"CREATE (?:UNIQUE )?INDEX|add_index|@Index|db_index=True|index=True", database=1),
    _harm("a cache", r"cache\w*\.(?:get|fetch|put|set|load)|@cache|@Cacheable|lru_cache|memoi[sz]e|\.remember\(", cache=1, database=0.7, fanout=0.6, cpu=0.4),
    _harm("a pause between attempts", r"sleep\(|back_?off|jitter", storm=1, retries=0.8),
    _harm("retries", r"\bretr(?:y|ies)|max_?attempts", retries=1),
    _harm("a timeout", r"time_?out|deadline", pool=0.7, capacity=0.7, timeout=0.3),
    _harm("what evicts or deletes", r"evict|popitem|\.delete\(|\.remove\(|\.clear\(|\bdel \w|\.shift\(|\.pop\(", memory=1, disk=0.4),
    _harm("a check", r"\bvalidat\w*\(|\bverif\w*\(|\bassert|sanitiz|is_?valid|\bcheck\w*\(", data=0.8, schema=0.6, auth=0.4, null=0.3),
    _harm("waiting for a result", r"\bawait\b|\.join\(|\.wait\(|\.get\(\)", race=0.9, data=0.4),
    _harm("a transaction", r"\btransaction|@Transactional|\bBEGIN\b|\bCOMMIT\b", data=0.7, race=0.7),
    _harm("handling of a failure", r"\bexcept\b|\bcatch\b|\brescue\b|\brecover\(|\.catch\(|fallback|or_?else", crash=0.7, null=0.4),
    _harm("a tolerance", r"leeway|skew|tolerance|grace", clock=1, auth=0.8),
    _harm("an order", r"ORDER BY|\bsorted\(|\.sort\(", lock=0.8, data=0.3),
    _harm("a conversion", r"divide\(|/ ?100\b|\* ?100\b|/ ?1000\b|\* ?1000\b|setScale|to_?cents|to_?units|HUNDRED", units=1),
    _harm("UTC", r"\butc\w*\b|time\.UTC|tz=", clock=1),
    _harm("an encoding", r"utf-?8|\.encode\(|\.decode\(|escape\(|quote\(|urlencode", encoding=1, schema=0.3),
    _harm("a guard against duplicates", r"distinct|dedup|idempoten|\bunique\b|ON CONFLICT", data=0.8, race=0.5),
    _harm("authentication", r"authori[sz]|authenticat|setHeader\(.*auth|Bearer", auth=0.9),
)  # fmt: skip
ADDED = (
    _harm("a pause", r"\bsleep\(", timeout=0.8, capacity=0.8, pool=0.5),
    _harm("a lock", r"\.?\block\(|mutex|synchronized|with \w*lock\b|SERIALIZABLE", lock=0.9, capacity=0.7, timeout=0.5),
    _harm("locking of rows", r"FOR UPDATE|LOCK TABLE|ALTER TABLE|VACUUM FULL|select_for_update|with_for_update", lock=1, timeout=0.6, database=0.6),
    _harm("the drop of an index", r"DROP INDEX|remove_index|drop_index|dropIndex", database=1, timeout=0.5, cpu=0.4),
    _harm("the drop or rename of a column or table", r"DROP (?:COLUMN|TABLE)|RENAME (?:COLUMN|TO)|remove_column|rename_column", schema=1, database=0.3),
    _harm("a join, a sort or a scan", r"\bJOIN\b|ORDER BY|LIKE ['\"]%|SELECT \*|regexp", database=0.8, cpu=0.3),
    _harm("a query", r"\bSELECT\b.*\bFROM\b", database=0.6, fanout=0.4),
    _harm("something unbounded", r"maxsize=None|unbounded|newCachedThreadPool|LinkedBlockingQueue\(\)|readall|ReadAll\(|\.findAll\(\)|\.all\(\)", memory=1, capacity=0.4),
    _harm("what is kept", r"self\.\w+\[[^\]]+\] ?=|\bcache\w*\[|global\w*\.(?:append|add|push)|static .*(?:Map|List)\b|self\.\w+\.append\(|this\.\w+\.push\(", memory=0.8),
    _harm("a demand", r"\brequired\b|NOT NULL|strict\w* ?[:=] ?true|DisallowUnknown|FAIL_ON|additionalProperties.*false", schema=0.9, data=0.7),
    _harm("use of a value that may be missing", r"\.unwrap\(\)|!!\.|\.orElseThrow|\.get\(\)\.|as!|\[0\]|\.first\(\)", null=0.8, crash=0.5),
    _harm("heavy work", r"bcrypt|scrypt|pbkdf|deepcopy|\.compile\(|gzip|compress|encrypt|re\.match|\.\*\)\+", cpu=0.9, timeout=0.3),
    _harm("writing through to disk", r"fsync|\.sync\(|flush=True|sync_all", disk=0.5, timeout=0.6),
    _harm("local time", r"datetime\.now\(\)|LocalDateTime|time\.Local\b|fromtimestamp\([^,]*\)", clock=0.8),
    _harm("threads or timers", r"\bgo func|threading\.Thread|new Thread|setInterval|create_task|\.spawn\(", handles=0.5, memory=0.5, cpu=0.5, race=0.4),
    _harm("an end of the process", r"\bpanic\(|os\.exit|System\.exit|process\.exit|\bfatal\(|\babort\(", crash=1),
    _harm("many retries", r"while (?:true|1)\b|for \(;;\)|loop \{", cpu=0.6, storm=0.6),
)  # fmt: skip
ERROR_CHECK = re.compile(r"\berr(?:or)?\b\s*[!=]=\s*nil|catch \(_|if err\b")
LOOP = re.compile(
    r"^\s*(?:for\b|while\b|foreach\b)|\.(?:forEach|map|flatMap|each)\(", re.IGNORECASE
)
REMOTE = re.compile(
    r"\bawait\b|\b(?:client|repo\w*|repository|store|db|dao|database|api|http|redis|session|conn|svc|"
    r"service|catalog|gateway|rpc|stub|axios|requests)\w*\.\w+\(|"
    r"\.(?:get|find|fetch|load|look_?up|query|select|request|call|exec\w*|retrieve|list)[A-Z_]\w*\(|"
    r"\b(?:fetch|query|find|load|lookup)_?\w*\(|\bSELECT\b|ctx,"
)


def harms(edit: Edit) -> list[Done]:
    """Every harm that the diff does, in the order of the tables; calls within a loop come first."""
    removed = [line for line in edit.removed if not ERROR_CHECK.search(line)]
    added = [line for line in edit.added if not ERROR_CHECK.search(line)]
    found = _looped(edit)
    for harm in REMOVED:
        if line := _more(harm.pattern, removed, added):
            found.append(Done(f"takes away {harm.text}", line, dict(harm.weights)))
    for harm in ADDED:
        if line := _more(harm.pattern, added, removed):
            found.append(Done(f"adds {harm.text}", line, dict(harm.weights)))
    return found


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
