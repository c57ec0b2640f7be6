"""Log lines: what is new or surging, and search."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import re2
from pydantic import Field

from ..analysis.requests.tables import LogTable
from ..analysis.template_shift import LogLine, compare_templates
from ..errors import ToolFailed, ToolRetry
from ..telemetry.model import LogRecord, Window
from ..telemetry.records import LEVELS as SPELLINGS
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, durations, facts, nearest, number, seconds, table
from .times import Moment, between

LARGEST = 1000
"""States of a pattern's program: a few hundred characters, or repetitions that multiply to it."""
LIMIT_S = 10.0


def matches(pattern: str, texts: Sequence[str], seconds: float = LIMIT_S) -> tuple[list[int], bool]:
    """(indices of the texts that match in any case, whether the pattern was taken as plain text).

    What RE2 does not know (look-around, back references, an unclosed bracket) is searched as it is
    written. Raises ToolRetry for a pattern that is too large, ToolFailed after `seconds`.
    """
    search, plain = _compiled(_utf8(pattern))
    return [index for index, text in _in_time(texts, seconds) if search(text)], plain


def _compiled(pattern: bytes) -> tuple[Callable[[bytes], object], bool]:
    """What searches, and whether it searches for plain text."""
    options = re2.Options()
    options.log_errors = False
    try:
        compiled, plain = re2.compile(b"(?im)" + pattern, options), False
    except re2.error as error:
        if "too large" in str(error) or "repetition size" in str(error):
            raise _too_large() from None
        compiled, plain = re2.compile(b"(?i)" + re2.escape(pattern), options), True
    if compiled.programsize > LARGEST:
        raise _too_large()
    return compiled.search, plain


def _too_large() -> ToolRetry:
    hint = "give fewer or smaller counted repetitions, such as x+ for x{1,500}"
    return ToolRetry(f"the pattern is too large to search with; {hint}")


def _in_time(texts: Sequence[str], seconds: float) -> Iterator[tuple[int, bytes]]:
    """Each text, while there is time."""
    last = time.monotonic() + seconds
    for index, text in enumerate(texts):
        if time.monotonic() > last:
            looked = f"{index} of {len(texts)} texts were searched in {seconds:g} s"
            raise ToolFailed(f"{looked}; give a shorter pattern, or fewer rows or services")
        yield index, _utf8(text)


def _utf8(text: str) -> bytes:
    """Half characters, which JSON can spell and UTF-8 cannot, as question marks."""
    return text.encode(errors="replace")


LEVELS = ("debug", "info", "warning", "error", "critical")
LOUD = ["warning", "error", "critical"]
Level = Annotated[str, Field(json_schema_extra={"enum": [*LEVELS]})]
"""The argument of a tool that takes a level: ours, or as the data spells it (warn, WARN, fatal)."""
AnyLevel = Annotated[str, Field(json_schema_extra={"enum": ["", *LEVELS]})]
"""The same; empty means every one."""
LONGEST_MESSAGE = 2000
"""Characters of a line that are kept."""


def level_of(bench: Bench, word: str, window: Window) -> str:
    """A level in our spelling. Raises ToolRetry naming those that there are."""
    bare = word.strip().lower()
    level = SPELLINGS.get(bare, bare)
    there = bench.telemetry.log_table(window).levels
    if level not in (*LEVELS, *there):
        raise ToolRetry(f"unknown level {word!r}; known are {nearest(bare, (*LEVELS, *there))}")
    return level


@dataclass(frozen=True, slots=True)
class LogPattern(Row):
    """A log template that is new, surging or vanished; `first` in unix seconds."""

    service: str
    level: str
    kind: str
    template: str
    before: int
    after: int
    ratio: float | None
    score: float | None
    first: float | None
    sample: str


@dataclass(frozen=True, slots=True)
class LogMatch(Row):
    """A log line that matches; `ts` in unix seconds."""

    ts: float | None
    service: str
    instance: str
    level: str
    message: str
    exception: str
    route: str
    trace_id: str
    attributes: str


@tool(Effect.read, examples=("logs",))
def log_patterns(
    bench: Bench,
    services: list[str] | None = None,
    levels: list[Level] | None = None,
    limit: int = 40,
) -> Table[LogPattern]:
    """Log templates that are new, surging or vanished against the baseline, by service and level.

    Looks at warnings and above unless `levels` says otherwise. Score is -log10 of the
    probability that the count changed by chance. Errors first.
    """
    frame = bench.frame
    whole = frame.whole
    chosen = [level_of(bench, level, whole) for level in levels] if levels else LOUD
    names = checked(bench, services)
    before, after = (_chosen(bench, w, names, chosen) for w in (frame.baseline, frame.incident))
    shifts = compare_templates(_lines(bench, before), _lines(bench, after), *durations(bench))
    rows = [
        LogPattern(
            service=shift.service,
            level=shift.level,
            kind=shift.kind,
            template=cut(shift.template, 300),
            before=shift.before,
            after=shift.after,
            ratio=number(shift.ratio, 3),
            score=number(-shift.log10_p, 3),
            first=number(float(after.ts[shift.first])) if shift.first is not None else None,
            sample=cut(shift.example, 400),
        )
        for shift in shifts[: max(1, limit)]
    ]
    summary = f"{len(shifts)} log templates changed; first: {rows[0].kind if rows else ''} "
    summary += f"in {rows[0].service}: {cut(rows[0].sample, 120)}" if rows else ""
    nothing = (
        f"no template changed among {len(before)} lines before and {len(after)} in the incident"
        f" (levels {', '.join(chosen)})"
    )
    return table(rows, summary, nothing, frame.incident)


def _chosen(
    bench: Bench, window: Window, services: list[str] | None, levels: list[str]
) -> LogTable:
    """The lines of these levels and services."""
    found = bench.telemetry.log_table(window)
    found = found.chosen(found.of_levels(levels))
    return found if services is None else found.chosen(found.of_services(services))


def _lines(bench: Bench, found: LogTable) -> list[LogLine]:
    texts = bench.telemetry.messages(found)
    columns = found.service.tolist(), found.level.tolist(), texts, found.weight.tolist()
    rows = zip(*columns, strict=True)
    return [LogLine(found.services[s], found.levels[i], text, w) for s, i, text, w in rows]


@tool(Effect.read, examples=("logs",))
def search_logs(
    bench: Bench,
    pattern: str,
    service: str = "",
    level: AnyLevel = "",
    start: Moment = "",
    end: Moment = "",
    limit: int = 50,
    attributes: bool = False,
    oldest_first: bool = False,
) -> Table[LogMatch]:
    """Log lines whose message matches a regular expression (RE2), newest first; of the incident
    window, or from `start` to `end`.

    attributes: search `name=value` of each attribute too, and show them.
    """
    names = checked(bench, [service]) if service else None
    window = between(bench, start, end, bench.frame.incident)
    levels = [level_of(bench, level, window)] if level else None
    found = bench.telemetry.logs(window, names, levels)
    matching, _plain = matches(pattern, [_searched(log, attributes) for log in found])
    hits = [found[index] for index in (matching if oldest_first else matching[::-1])]
    rows = [_match(log, attributes) for log in hits[: max(1, limit)]]
    more = f", the first {len(rows)} are shown" if len(rows) < len(hits) else ""
    summary = f"{len(hits)} of {len(found)} lines match{more}"
    nothing = f"none of {len(found)} lines in {seconds(window)} matches {cut(pattern, 80)!r}"
    return table(rows, summary, nothing, window)


def _searched(log: LogRecord, attributes: bool) -> str:
    return f"{log.message}\n{facts(log.attributes)}" if attributes else log.message


def _match(log: LogRecord, attributes: bool) -> LogMatch:
    return LogMatch(
        ts=number(log.ts),
        service=log.service,
        instance=log.instance,
        level=log.level,
        message=cut(log.message, LONGEST_MESSAGE),
        exception=cut(log.attributes.get("exception.type"), 200),
        route=cut(log.attributes.get("http.route"), 200),
        trace_id=log.trace_id,
        attributes=cut(facts(log.attributes), LONGEST_MESSAGE) if attributes else "",
    )
