"""A line of a log, as its store has it, as a row of a bundle: JSON, logfmt or plain text."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import re2

from ...cluster.objects import named
from ...yaml_tables import Entry, Pattern, Regex, read_table
from ..tables import WEIGHT
from . import known_lines
from .datasource import SourceLabels

RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")
LOGFMT = re.compile(r'([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|\S*)')
MOST_ATTRIBUTES, LONGEST = 40, 20_000
"""Attributes of a line, characters of one: where it was raised is what Python's stacks end with."""
PARSED = 100_000
"""Characters of a line that is looked into; a longer one is text."""


class LogFields(Entry):
    """Where loggers put what a line says; each key is explained in the table."""

    message: tuple[str, ...]
    level: tuple[str, ...]
    trace_id: tuple[str, ...]
    span_id: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    level_in_text: Regex
    telling: Pattern
    telling_levels: Pattern


FIELDS = read_table("telemetry/sources/log_fields.yaml", LogFields)
ELSEWHERE = (*FIELDS.message, *FIELDS.level, *FIELDS.trace_id, *FIELDS.span_id)
"""What a row has a place of its own for."""
TELLING = re2.compile(f"(?i)({FIELDS.telling})")
TELLING_LEVELS = re2.compile(f"(?i){FIELDS.telling_levels}")
LEVEL_OF = {word: level for level, words in FIELDS.levels.items() for word in words}


@dataclass(frozen=True)
class Line:
    """One line of a store."""

    ns: int  # unix nanoseconds
    labels: Mapping[str, str]  # of its stream, and what the store knows of it besides
    text: str
    weight: float | None = None  # how many lines it stands for, where it was chosen

    @property
    def key(self) -> tuple[int, str, str]:
        """Equal for the same line."""
        return self.ns, json.dumps(self.labels, sort_keys=True), self.text

    @property
    def wrong(self) -> bool:
        """Whether it tells of something wrong, by what it says or by its level."""
        level = first_of(self.labels, FIELDS.level)
        return bool(TELLING.search(self.text) or TELLING_LEVELS.fullmatch(level))

    def row(self, service: str, usual: SourceLabels) -> dict[str, Any]:
        """As a bundle has it."""
        facts = known_lines.in_text(self.text)
        said = {} if facts else _parsed(self.text)
        known = {**said, **self.labels}
        facts = facts or known_lines.in_fields(known)
        message = first_of(said, FIELDS.message) or self.text
        told = (*ELSEWHERE, *usual.service, *usual.instance)
        used = {named(name) for name in told}
        rest = [
            (name, value)
            for name, value in {**facts, **known, **facts}.items()
            if named(name) not in used and not isinstance(value, list)
        ]
        return {
            "ts": self.ns / 1e9,
            "service": service,
            "instance": first_of(self.labels, usual.instance),
            "level": _level(known, self.text),
            "message": message,
            "trace_id": first_of(known, FIELDS.trace_id),
            "span_id": first_of(known, FIELDS.span_id),
            "attributes": {name: _short(value) for name, value in rest[:MOST_ATTRIBUTES]},
            **({WEIGHT: self.weight} if self.weight else {}),
        }


def unix_ns(text: str) -> int:
    """RFC 3339 with up to nine digits behind the point. Raises ValueError."""
    parts = RFC3339.fullmatch(text)
    if not parts:
        raise ValueError(f"{text!r} is no time")
    whole = datetime.fromisoformat(parts[1] + parts[3].replace("Z", "+00:00"))
    return int(whole.timestamp()) * 10**9 + int((parts[2] or "").ljust(9, "0"))


def rfc3339(ns: int) -> str:
    """The same the other way round."""
    whole = datetime.fromtimestamp(ns // 10**9, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ns % 10**9:09d}Z"


def _parsed(text: str) -> dict[str, Any]:
    """What a structured line says; empty for plain text."""
    start = text[:PARSED].lstrip()
    if start.startswith("{") and len(text) <= PARSED:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return dict(_flat(found)) if isinstance(found, dict) else {}
    pairs = LOGFMT.findall(start) if "=" in start else []
    found = {name: _unquoted(value) for name, value in pairs}
    return found if first_of(found, FIELDS.level) or first_of(found, FIELDS.message) else {}


def _flat(found: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Its values, and those one level below by names with a dot."""
    for name, value in found.items():
        if isinstance(value, dict):
            inner = ((f"{name}.{key}", one) for key, one in value.items())
            yield from ((key, one) for key, one in inner if not isinstance(one, dict))
        elif value is not None:
            yield name, value


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')


def first_of(found: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of these that says something."""
    same = {named(name): value for name, value in found.items()}
    values = (same.get(named(name)) for name in names)
    telling = (v for v in values if v not in (None, "", {}) and not isinstance(v, list))
    return next(map(str, telling), "")


def _level(known: Mapping[str, Any], text: str) -> str:
    """As we call it; what nobody says is info."""
    for name in FIELDS.level:
        word = first_of(known, [name]).casefold()
        if word in LEVEL_OF:
            return LEVEL_OF[word]
    found = FIELDS.level_in_text.search(text[:200])
    word = next((part for part in found.groups() if part), "") if found else ""
    return LEVEL_OF.get(word.casefold(), "info")


def _short(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value
