"""`warroom connect`: a backend is asked once and written into warroom.yaml, where a new line is put
behind the last datasource: nothing else in the file is touched.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..errors import InputError, TableError, TelemetryError
from ..incident.private import write_private
from ..telemetry.sources.checkup import Checkup, checkup, checkups
from ..telemetry.sources.datasource import Datasource
from ..telemetry.sources.discovery import addressed, behind
from .configuration_file import NAMED, Configuration, parse_configuration

FILE = "warroom.yaml"
SECTION = "datasources"
HEAD = "# All keys: `warroom config schema`. What is wrong with it: `warroom config check`.\n"


@dataclass(frozen=True)
class Connected:
    """What came of it."""

    file: Path
    written: tuple[Checkup, ...] = ()
    refused: tuple[Checkup, ...] = ()
    """Behind the door, and did not answer."""
    known: tuple[str, ...] = ()
    """Was in the file already, by name."""
    unread: tuple[str, ...] = ()
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
    before = _read(file)
    taken = {one.name for one in before.datasources}
    door = _datasource(kind, url, token_file, name or _free(kind, taken))
    if name in taken and not _same(door, before):
        raise InputError(f"{file.name} has another {name} already: give this one another --name")
    first = checkup(door)
    if first.fault:
        raise TelemetryError(f"{door.url} {first.fault}; nothing was written")
    try:
        more = behind(door)
    except TelemetryError as error:
        raise TelemetryError(
            f"{door.url} {error}; its token needs datasources:read to list what is behind it"
        ) from error
    looked = list(zip((door, *more.datasources), [first, *checkups(more.datasources)], strict=True))
    new = [(one, found) for one, found in looked if not found.fault and not _same(one, before)]
    named = [(_named(one, taken), found) for one, found in new]
    if named:
        _write(file, before, [_measured(one, found) for one, found in named])
    for one, found in named:
        found.name = one.name
    return Connected(
        file,
        tuple(found for _, found in named),
        tuple(found for _, found in looked if found.fault),
        tuple(known for one, _ in looked if (known := _same(one, before))),
        more.unread,
    )


def _read(file: Path) -> Configuration:
    return parse_configuration(_text(file), file)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return HEAD
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InputError(f"{file}: {reason}; name another with --config") from error


def _datasource(kind: str, url: str, token_file: Path | None, name: str) -> Datasource:
    known: dict[str, Any] = {"name": name, "type": kind, **addressed(kind, url)}
    if token_file:
        known["authorization"] = {"credentials_file": token_file.resolve()}
    try:
        return Datasource.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "url"
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{where}: {said}; see docs/datasources.md") from None


def _same(one: Datasource, before: Configuration) -> str:
    """What the file calls it already; empty: it has none such."""
    key = one.type, one.url.rstrip("/"), one.jsonData.repository
    for known in before.datasources:
        if (known.type, known.url.rstrip("/"), known.jsonData.repository) == key:
            return known.name
    return ""


def _named(one: Datasource, taken: set[str]) -> Datasource:
    name = _free(one.name, taken)
    taken.add(name)
    return one.model_copy(update={"name": name})


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    every = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for one in every if one not in taken)


def _measured(one: Datasource, found: Checkup) -> Datasource:
    """With the interval at which it was seen to scrape."""
    if found.interval_s is None:
        return one
    data = one.jsonData.model_copy(update={"timeInterval": found.interval_s})
    return one.model_copy(update={"jsonData": data})


def _write(file: Path, before: Configuration, new: Sequence[Datasource]) -> None:
    """Whole or not at all. Raises InputError where the file is written in a way that we cannot
    extend."""
    lines = [_line(one) for one in new]
    text = extended(_text(file), lines)
    try:
        right = parse_configuration(text, file).datasources == [*before.datasources, *new]
    except TableError:
        right = False
    if not right:
        raise InputError(f"{file} could not be extended: put into {SECTION} " + ", ".join(lines))
    mode = file.stat().st_mode if file.exists() else 0o644
    try:
        write_private(file, text)
        file.chmod(mode)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; name another with --config") from error


def _line(one: Datasource) -> str:
    """A datasource in one line of YAML, without what is so anyway."""
    told = one.model_dump(mode="json", exclude_defaults=True)
    data = told.get("jsonData", {})
    if "timeInterval" in data:
        data["timeInterval"] = f"{data['timeInterval']:g}s"
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
    if isinstance(section, yaml.SequenceNode) and section.flow_style:
        at = section.end_mark.index - 1
        comma = ", " if section.value else ""
        return text[:at] + comma + ", ".join(lines) + text[at:]
    column = section.start_mark.column if isinstance(section, yaml.SequenceNode) else 2
    end = _last(section).end_mark
    at = end.index if end.column == 0 else text.find("\n", end.index) + 1 or len(text)
    return _ended(text[:at]) + _items(lines, column) + text[at:]


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
