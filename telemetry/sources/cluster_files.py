"""Files of a cluster's dump, in whatever form people have them: as kubectl wrote them, with its own
words and what pods said between, as Windows wrote them, or packed; told by what they hold.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...errors import TelemetryError

LARGEST = 256 * 2**20
"""Bytes of all files together: bounds memory; a cluster of 5,000 pods takes about 100 MB."""
DUMPED = (".json", ".jsonl", ".ndjson", ".yaml", ".yml")
HEAD = 4096
"""Bytes by which a file of another name is known."""
PACKED = b"\x1f\x8b"
OTHER = {
    b"k8s\0": "is protobuf: write it with `kubectl get … -o json`",
    b"PK\3\4": "is an archive: unpack it",
    b"ustar": "is an archive: unpack it",
}
"""How files begin, or a tar's header ends, that are none of what is read, and what helps."""
REFUSAL = r"Error from server|[Ee]rror: |Unable to connect"
LINE = rf"(?:Warning: |[WIE]\d{{4}} \d|{REFUSAL}|No resources found|\$ )"
"""How kubectl's own words begin, and those of a shell, which stand beside objects."""
BEGINS = re.compile(
    rf"(?:\s|---|#.*|{LINE}.*)*(?:\{{\s*\"(?:apiVersion|kind|items)\"|\[\s*\{{\s*\"(?:apiVersion|kind)\""
    r"|(?:- )?(?:apiVersion|kind): |items:\s)"
)
BESIDE = re.compile(rf"^(?:==== START logs [\s\S]*?(?:^==== END logs .*|\Z)|{LINE}.*)", re.M)
REFUSED = re.compile(rf"^(?:{REFUSAL}).*", re.M)
JSON = re.compile(r"^(?=\{|\[\s*[\[{\]])", re.M)
YAML = re.compile(r"^(?:---|(?:- )?(?:apiVersion|kind|items|metadata):)", re.M)
COLORS = re.compile(r"\x1b\[[\d;]*m")
ALIAS = re.compile(r"[\s\[{,:-]\*\w")


def is_dump(file: Path) -> bool:
    """By its name, or by how it begins."""
    if Path(file.name.lower().removesuffix(".gz")).suffix in DUMPED:
        return True
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
        if head.startswith(PACKED):
            with gzip.open(file) as opened:
                head = opened.read(HEAD)
    except (OSError, EOFError, zlib.error):
        return False
    return bool(_other(head)) or BEGINS.match(_text(head, "replace")) is not None


def documents(files: Sequence[Path], unread: list[str]) -> Iterator[Any]:
    """All that stand in these files one after another; `unread` takes what is none, and why. Raises
    TelemetryError where nothing can be read, and where there is too much."""
    read, size = 0, 0
    for file in files:
        try:
            text = _text(_bytes(file))
            if (size := size + len(text)) > LARGEST:
                raise OverflowError
            for document in _documents(text):
                read += 1
                yield document
        except OverflowError as error:
            much = f"{file.parent} holds more than {LARGEST >> 20} MB: leave a namespace out"
            raise TelemetryError(much) from error
        except (OSError, EOFError, zlib.error, ValueError, RecursionError, yaml.YAMLError) as error:
            unread.append(f"{file} is not JSON or YAML of kubectl's: {error}")
    if unread and not read:
        raise TelemetryError(unread[0])


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        packed = opened.read(len(PACKED)) == PACKED
    with gzip.open(file) if packed else file.open("rb") as opened:
        found = opened.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise OverflowError
    if why := _other(found[:HEAD]):
        raise ValueError(f"it {why}")
    return found


def _other(head: bytes) -> str:
    begun = (why for begin, why in OTHER.items() if begin in (head[: len(begin)], head[257:262]))
    return next(begun, "")


def _text(found: bytes, errors: str = "strict") -> str:
    """With the mark by which Windows says how it is written, or else UTF-8."""
    wide = found.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = found.decode("utf-16" if wide else "utf-8-sig", errors)
    return COLORS.sub("", text) if "\x1b" in text[:HEAD] else text


def _documents(text: str) -> Iterator[Any]:
    """What kubectl could not get is told once all that it got was read."""
    begun, written = JSON.search(text), YAML.search(text)
    json_first = begun and not (written and written.start() < begun.start())
    for one in _json(text, begun.start()) if begun and json_first else _yaml(text):
        if why := _no_objects(one):
            raise ValueError(why)
        yield one
    if refused := REFUSED.search(text if len(text) < HEAD else f"{text[:HEAD]}\n{text[-HEAD:]}"):
        raise ValueError(refused[0].strip())


def _no_objects(one: Any) -> str:
    """Why a document has no objects that can be read, where it should; empty: it may have."""
    if not isinstance(one, dict):
        return ""
    if one.get("kind") == "Status" and one.get("status") == "Failure":
        return str(one.get("message"))
    if one.get("kind") == "Table":
        return "it is a table: write the objects with -o json"
    return "it is a client's own form: write it with -o json" if "api_version" in one else ""


def _json(text: str, at: int) -> Iterator[Any]:
    """One after another; what stands between is skipped, with what pods said."""
    if "==== START logs " in text:
        text = BESIDE.sub("", text)
        at = found.start() if (found := JSON.search(text)) else len(text)
    read = json.JSONDecoder().raw_decode
    while at < len(text):
        document, at = read(text, at)
        yield document
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text) and text[at] not in "{[":
            at = after.start() if (after := JSON.search(text, at)) else len(text)


def _yaml(text: str) -> Iterator[Any]:
    """What stands for something written elsewhere (`*one`) is counted as if it were written out."""
    text = BESIDE.sub("", text).strip()
    if ALIAS.search(text) and _written_out(text) > LARGEST:  # or a text that looks so
        raise yaml.YAMLError(f"its aliases stand for more than {LARGEST >> 20} MB")
    for one in yaml.load_all(text, Loader=_AsWritten):
        if isinstance(one, str):
            raise ValueError(f"it is text: {one[:60]}")
        yield one


def _written_out(text: str) -> int:
    """Characters of its values with every alias written out: a few lines grow without bounds."""
    sizes, open_, total = dict[str, int](), list[tuple[str | None, int]](), 0
    for event in yaml.parse(text, Loader=_AsWritten):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor not in sizes:
                raise yaml.YAMLError(f"*{anchor} stands within what it stands for")
            total += sizes[anchor]
        elif isinstance(event, yaml.ScalarEvent):
            total += len(event.value) + 1
            sizes |= {anchor: len(event.value) + 1} if anchor else {}
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((anchor, total))
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = open_.pop()
            sizes |= {name: total - before} if name else {}
    return total


_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _AsWritten(_Safe):
    """Times stay text, as in JSON."""


_AsWritten.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
