"""Objects of a Kubernetes cluster as rows of a recording, as the API returns them, without what
nobody may keep: of Secrets names and keys, of settings that are secret by their name nothing.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...actions.facts import LOGIN_IN_URL, SECRET_NAME
from ...cluster.objects import Object, mappings, whose
from ...cluster.snapshot import Snapshot, read_list
from ...cluster.starting import PULLS
from ...errors import TelemetryError
from .cluster_logs import log_rows

LARGEST = 256 * 2**20
"""Bytes of all files together: bounds memory; a cluster of 5,000 pods takes about 100 MB."""
LONGEST = 20_000
"""Characters of one text that are kept."""
HIDDEN = "(not kept)"
WHERE = re.compile(r"(?i)[_.-](?:host|hostname|addr|address|port)$")
"""Of a name that says where a secret thing is: DB_DSN_HOST."""
FLAG = re.compile(r"(?i)(--?[\w.-]*(?:passw|pwd|secret|token|credential|api-?key)[\w.-]*[= ])(\S+)")
NOTED = {"kubectl.kubernetes.io/last-applied-configuration"}
"""Annotations that hold another copy of all of it."""
SECRETS = ("data", "stringData")
ALIAS = re.compile(r"[\s\[{,:-]\*\w")
Row = dict[str, Any]


def row_of(raw: dict[str, Any], at: float, labels: Sequence[str], cluster: str = "") -> Row:
    """An object that was read at a time, unix seconds; `labels` say whose it is."""
    one = Object(raw)
    known = {"kind": one.kind, "namespace": one.namespace, "name": one.name}
    told = {"service": whose(one, labels), "cluster": cluster}
    return {"at": at, **known, **told, "object": kept(raw)}


def gone(row: Row, at: float) -> Row:
    """The same where the object is not there any more."""
    return {**row, "at": at, "object": None}


def listed(kind: str, at: float, cluster: str = "") -> Row:
    """That a kind was read whole, as an empty list of it says."""
    body = {"kind": f"{kind}List", "items": []}
    known = {"kind": body["kind"], "namespace": "", "name": "", "cluster": cluster}
    return {"at": at, **known, "object": body}


def kept(raw: dict[str, Any]) -> dict[str, Any]:
    """An object without what may not be kept."""
    found = _kept(raw)
    metadata = found.get("metadata")
    if isinstance(metadata, dict):
        if fields := metadata.get("managedFields"):
            metadata["managedFields"] = [{**one, "fieldsV1": {}} for one in mappings(fields)]
        notes = metadata.get("annotations")
        if isinstance(notes, dict):
            metadata["annotations"] = {k: _named(k, v) for k, v in notes.items() if k not in NOTED}
    if raw.get("kind") in ("Secret", "ConfigMap"):
        for part in (one for one in SECRETS if isinstance(found.get(one), dict)):
            keep = _registries if raw["kind"] == "Secret" else _named
            found[part] = {k: keep(k, v) for k, v in found[part].items()}
    return found


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        found = {key: _kept(one) for key, one in value.items()}
        if isinstance(name := value.get("name"), str) and "value" in value:  # a setting
            found["value"] = _named(name, found["value"])
        return found
    if isinstance(value, list):
        return [_kept(one) for one in value]
    return _text(value) if isinstance(value, str) else value


def _named(name: str, value: Any) -> Any:
    secret = SECRET_NAME.search(name) and not WHERE.search(name)
    return HIDDEN if isinstance(value, str) and value and secret else value


def _registries(name: str, value: Any) -> str:
    """Of a Secret nothing but which registries its pull secret is for."""
    if name not in PULLS or not isinstance(value, str):
        return ""
    try:
        found = json.loads(value if value.lstrip().startswith("{") else b64decode(value))
        return " ".join(found.get("auths", found))
    except (ValueError, TypeError, AttributeError):  # no base64, no JSON, or none of these
        return ""


def _text(text: str) -> str:
    """Without passwords in addresses and options; the host stays, since it says who is called."""
    if "://" in text:
        text = LOGIN_IN_URL.sub(lambda found: f"{found[0].partition('://')[0]}://", text)
    text = FLAG.sub(rf"\1{HIDDEN}", text) if "-" in text else text
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


# Files: dumps as kubectl writes them, or rows as they are recorded, several documents in one.


def rows_in(
    files: Iterable[Path],
    labels: Sequence[str],
    logs: Sequence[tuple[str, Path]] = (),
    unread: list[str] | None = None,
) -> Iterator[Row]:
    """The rows of these files, and of `logs` (path in the dump, file) beside them. What kubectl
    wrote was read when its objects say at the latest. `unread` takes what is no JSON and why; the
    other files are read all the same.

    Raises TelemetryError where nothing can be read, and where there is too much.
    """
    every = list(files)
    if sum(file.stat().st_size for file in every) > LARGEST:
        text = f"{every[0].parent} holds more than {LARGEST >> 20} MB: leave a namespace out"
        raise TelemetryError(text)
    dumped, kinds = list[Object](), set[str]()
    unread = [] if unread is None else unread
    for document in _all_documents(every, unread):
        if isinstance(document, dict) and "at" in document and "kind" in document:
            yield document
            continue
        some, of = read_list(document)
        dumped += some
        kinds |= of
    seen = Snapshot(dumped)
    at = seen.at or max((file.stat().st_mtime for file in every), default=0.0)
    yield from (listed(kind, at) for kind in sorted(kinds))
    yield from (row_of(dict(one.raw), at, labels) for one in dumped if one.kind and one.name)
    for row in log_rows(logs, seen, at, labels):
        yield {**row, "object": _kept(row["object"])}


def _all_documents(files: Sequence[Path], unread: list[str]) -> Iterator[Any]:
    read = 0
    for file in files:
        try:
            for document in _documents(file):
                read += 1
                yield document
        except TelemetryError as error:
            unread.append(str(error))
    if unread and not read:
        raise TelemetryError(unread[0])


def _documents(file: Path) -> Iterator[Any]:
    """All that stand in it one after another: JSON, or YAML by the file's name."""
    read = _yaml if file.suffix in (".yaml", ".yml") else _json
    try:
        yield from read(file.read_text(encoding="utf-8").strip())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise TelemetryError(f"{file} is not JSON or YAML of kubectl's: {error}") from error


def _json(text: str) -> Iterator[Any]:
    at, read = 0, json.JSONDecoder().raw_decode
    while at < len(text):
        document, at = read(text, at)
        yield document
        while at < len(text) and text[at].isspace():
            at += 1


def _yaml(text: str) -> Iterator[Any]:
    """What stands for something written elsewhere (`*one`) is counted as if it were written out."""
    if ALIAS.search(text) and _written_out(text) > LARGEST:  # or a text that looks so
        raise yaml.YAMLError(f"its aliases stand for more than {LARGEST >> 20} MB")
    return yaml.load_all(text, Loader=_AsWritten)


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
