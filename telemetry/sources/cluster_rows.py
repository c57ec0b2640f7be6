"""Objects of a Kubernetes cluster as rows of a recording, as the API returns them, without what
nobody may keep: of Secrets names and keys, of settings that are secret by their name nothing.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...actions.facts import LOGIN_IN_URL, SECRET_NAME
from ...cluster.objects import Object, mappings, whose
from ...cluster.snapshot import Snapshot, read_list
from ...cluster.starting import PULLS
from .cluster_files import documents
from .cluster_logs import log_rows

LONGEST = 20_000
"""Characters of one text that are kept."""
HIDDEN = "(not kept)"
WHERE = re.compile(r"(?i)[_.-](?:host|hostname|addr|address|port)$")
"""Of a name that says where a secret thing is: DB_DSN_HOST."""
FLAG = re.compile(r"(?i)(--?[\w.-]*(?:passw|pwd|secret|token|credential|api-?key)[\w.-]*[= ])(\S+)")
NOTED = {"kubectl.kubernetes.io/last-applied-configuration"}
"""Annotations that hold another copy of all of it."""
SECRETS = ("data", "stringData")
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


# Files: dumps of objects, or rows as they are recorded.


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
    dumped, kinds = dict[tuple[str, str, str], Object](), set[str]()
    unread, nameless = [] if unread is None else unread, 0
    for document in documents(every, unread):
        if isinstance(document, dict) and "at" in document and "kind" in document:
            yield document
            continue
        try:
            some, of = read_list(document)
        except RecursionError:
            unread.append("lists within lists go too deep, and were left out")
            continue
        over = isinstance(document, dict) and document.get("type") == OVER
        for one in some:
            named = one.kind, one.namespace, one.name
            if over:
                dumped.pop(named, None)
            elif all(named[::2]) and _newer(one, dumped.get(named)):
                dumped[named] = one
            nameless += bool(one.name and not one.kind)
        kinds |= of
    if nameless:
        unread.append(f"{nameless:,} objects do not say of which kind they are, and were left out")
    seen = Snapshot(dumped.values())
    at = seen.at or max((file.stat().st_mtime for file in every), default=0.0)
    yield from (listed(kind, at) for kind in sorted(kinds))
    yield from (row_of(dict(one.raw), at, labels) for one in seen.objects)
    for row in log_rows(logs, seen, at, labels):
        yield {**row, "object": _kept(row["object"])}


OVER = "DELETED"
"""What a watch says of an object that is no more."""


def _newer(one: Object, other: Object | None) -> bool:
    """Whether it was changed later than what was read before of the same; what cannot be told was
    read in the order of time."""
    version = "metadata.resourceVersion"
    return other is None or (one.number(version) or 0) >= (other.number(version) or 0)
