"""`warroom connect`: a backend is asked once and written into warroom.yaml, as a line behind the
last datasource: nothing else in the file is touched.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from ..errors import InputError, TableError, TelemetryError
from ..incident.private import write_private
from ..misfit import place, said
from ..telemetry.sources.checkup import Checkup, checkup, checkups
from ..telemetry.sources.datasource import Datasource, Kind
from ..telemetry.sources.discovery import addressed, behind
from .configuration_file import FILE, NAMED, parse_configuration
from .schemas import BESIDE, lay_beside

SECTION = "datasources"
HEAD = (
    f"# yaml-language-server: $schema={BESIDE}\n"
    "# All keys: `warroom schema configuration`. What is wrong with it: `warroom config check`.\n"
)


@dataclass
class Connected:
    """What came of it."""

    file: Path
    written: list[Checkup] = field(default_factory=list)
    refused: list[Checkup] = field(default_factory=list)
    """Lie behind the door and did not answer."""
    known: list[str] = field(default_factory=list)
    """Were in the file already, by name."""
    unread: list[str] = field(default_factory=list)
    """What no source reads, in words."""


def connect(
    kind: str, url: str, token_file: Path | None, name: str, file: Path | None
) -> Connected:
    """Ask what is there, and write down what answers.

    Args:
        kind: a datasource's type.
        url: as people copy it from the browser; a folder for what lies here.
        token_file: holds a bearer token.
        name: as incidents will call it; empty: after its kind.
        file: to write; None: WARROOM_CONFIG, else warroom.yaml here.

    Raises InputError, TableError for what cannot be used, TelemetryError for what does not answer.
    """
    file = (file or Path(os.environ.get(NAMED) or FILE)).resolve()
    text = _text(file)
    before = parse_configuration(text, file).datasources
    door = _datasource(kind, url, token_file, name or kind)
    if any(one.name == name and _key(one) != _key(door) for one in before):
        raise InputError(f"{file.name} has another {name} already: give this one another --name")
    made, new = Connected(file), list[Datasource]()
    for one, found in _looked_at(door, made):
        known = next((each.name for each in before if _key(each) == _key(one)), "")
        if found.fault:
            made.refused.append(found)
        elif known:
            made.known.append(known)
        else:
            found.name = _free(one.name, {each.name for each in (*before, *new)})
            made.written.append(found)
            new.append(_as_seen(one, found))
    if new:
        _write(file, text, before, new)
    return made


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return HEAD
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InputError(f"{file}: {reason}; name another with --config") from error


def _datasource(kind: str, url: str, token_file: Path | None, name: str) -> Datasource:
    if kind not in (kinds := get_args(Kind)):
        near = "".join(f" (nearest: {one})" for one in get_close_matches(kind, kinds, 1))
        raise InputError(f"nothing here is of kind {kind}: write one of {', '.join(kinds)}{near}")
    known: dict[str, Any] = {"name": name, "type": kind, **addressed(kind, url)}
    if token_file:
        known["authorization"] = {"credentials_file": token_file.resolve()}
    try:
        return Datasource.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{place(first) or kind}: {said(first)}"
        raise InputError(f"{what}; see docs/datasources.md") from None


def _looked_at(door: Datasource, made: Connected) -> list[tuple[Datasource, Checkup]]:
    """It, and what lies behind it."""
    first = checkup(door)
    if first.fault:
        raise TelemetryError(f"{door.url} {first.fault}; nothing was written")
    try:
        more, made.unread = behind(door)
    except TelemetryError as error:
        cure = "what is behind it is told to those who have datasources:read"
        raise TelemetryError(f"{door.url} {error}; {cure}; nothing was written") from error
    return list(zip([door, *more], [first, *checkups(more)], strict=True))


def _key(one: Datasource) -> tuple[str, ...]:
    """The same for the same place."""
    return one.type, one.url.rstrip("/"), one.jsonData.repository


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    every = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for one in every if one not in taken)


def _as_seen(one: Datasource, found: Checkup) -> Datasource:
    """By its new name, with the interval at which it was seen to scrape."""
    interval = {"timeInterval": found.interval_s} if found.interval_s else {}
    data = one.jsonData.model_copy(update=interval)
    return one.model_copy(update={"name": found.name, "jsonData": data})


def _write(file: Path, text: str, before: Sequence[Datasource], new: Sequence[Datasource]) -> None:
    """Whole or not at all. Raises InputError where it is written in a way that we cannot extend."""
    lines = [_line(one) for one in new]
    text = extended(text, lines)
    try:
        right = parse_configuration(text, file).datasources == [*before, *new]
    except TableError:
        right = False
    if not right:
        raise InputError(f"{file} cannot be extended: put into {SECTION} {', '.join(lines)}")
    begun = not file.exists()
    mode = 0o644 if begun else file.stat().st_mode
    try:
        write_private(file, text)
        file.chmod(mode)
        if begun:
            lay_beside(file)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; name another with --config") from error


def _line(one: Datasource) -> str:
    """A datasource in one line of YAML, without what is so anyway."""
    told = one.model_dump(mode="json", exclude_defaults=True)
    flow = yaml.safe_dump(
        told, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return flow.strip().replace("$", "$$")  # the file's sign for a variable


def extended(text: str, lines: Sequence[str]) -> str:
    """The text of a warroom.yaml with these datasources behind those that it has."""
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    keys = root.value if isinstance(root, yaml.MappingNode) else []
    section = next((value for key, value in keys if key.value == SECTION), None)
    if section is None:
        return _ended(text) + f"{SECTION}:\n" + _items(lines, 2)
    listed = isinstance(section, yaml.SequenceNode)
    if listed and section.flow_style:
        at = section.end_mark.index - 1
        return text[:at] + ", ".join([""] * bool(section.value) + [*lines]) + text[at:]
    end = _last(section).end_mark
    at = end.index if end.column == 0 else text.find("\n", end.index) + 1 or len(text)
    return _ended(text[:at]) + _items(lines, section.start_mark.column if listed else 2) + text[at:]


def _items(lines: Sequence[str], column: int) -> str:
    return "".join(f"{' ' * column}- {line}\n" for line in lines)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _last(node: Any) -> Any:
    """What is written last of it: the end of a block is known only behind the comments after it."""
    while not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        part = node.value[-1]
        node = part[1] if isinstance(part, tuple) else part
    return node
