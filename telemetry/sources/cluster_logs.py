"""What pods said: text files beside a cluster's dump, as rows of its recording. A file names its
pod, and maybe the container, in its path or in its lines, whoever wrote it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...cluster.objects import Object, containers, whose
from ...cluster.snapshot import LOG, WORKLOADS, Snapshot

LOGGED = (".log", ".txt")
READ, KEPT = 4 * 2**20, 16_000
"""Bytes of a file's end that are read, and characters of a container's last words that are kept."""
MOST = 4_000
"""Files: bounds time and memory; a namespace of 1,000 pods has two each."""
SECTION = re.compile(
    r"^==== START logs for container (?P<container>\S+) of pod (?P<space>[^/\s]+)/(?P<pod>\S+) =+$"
    r"|^\[pod/(?P<of>[^/\]]+)/(?P<said>[^/\]]+)\] ?",
    re.M,
)
"""Of `kubectl cluster-info dump` before its lines, of `kubectl logs --prefix` before each."""
OTHER = re.compile(r"\s*(?:Name:|apiVersion:|NAME|\{\s*\"(?:apiVersion|kind|items)\")")
"""As a description or a table begins, which is nothing that a pod said."""
BEFORE = re.compile(r"(?i)(?<![a-z])prev(?:ious)?(?![a-z])")
Row = dict[str, Any]


def log_rows(
    files: Sequence[tuple[str, Path]], seen: Snapshot, at: float, labels: Sequence[str]
) -> Iterator[Row]:
    """(path in the dump, file) of each as rows of the containers that they are of; what names no
    pod of the dump is left out."""
    pods = _named(seen)
    for path, file in files[:MOST]:
        text = _read(file)
        none = OTHER.match(text) and not SECTION.search(text)
        for space, pod, container, lines in () if none else _sections(text, path):
            found = _pod(pods, space, pod)
            if found is not None and lines.strip():
                yield _row(found, container or _container(found, path), path, lines, at, labels)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - READ))
            return opened.read(READ).decode("utf-8", "replace")
    except OSError:
        return ""  # it went, or may not be read: the dump tells without it


def _sections(text: str, path: str) -> Iterator[tuple[str, str, str, str]]:
    """(namespace or path, pod or path, container or nothing, its lines)"""
    found = list(SECTION.finditer(text))
    if not found:
        yield path, path, "", text
        return
    of: dict[tuple[str, str, str], list[str]] = {}
    for one, after in zip(found, [*found[1:], None], strict=True):
        lines = text[one.end() : after.start() if after else None].partition("\n==== END logs")[0]
        key = one["space"] or path, one["pod"] or one["of"], one["container"] or one["said"]
        of.setdefault(key, []).append(lines.strip("\n"))
    yield from ((*key, "\n".join(lines)) for key, lines in of.items())


def _named(seen: Snapshot) -> Mapping[str, list[Object]]:
    """Pods by their names; by a workload's name the newest of its pods."""
    found: dict[str, list[Object]] = {}
    for pod in seen.of("Pod"):
        found.setdefault(pod.name, []).append(pod)
    for one in (one for kind in WORKLOADS for one in seen.of(kind) if one.name not in found):
        if pods := seen.pods_of(one):
            found.setdefault(one.name, []).append(max(pods, key=lambda pod: pod.created or 0.0))
    return found


def _pod(pods: Mapping[str, list[Object]], space: str, path: str) -> Object | None:
    """The one with the longest name that a path has, in the namespace that it has."""
    spaces = set(_words(space))
    for name in sorted(_words(path), key=len, reverse=True):
        some = pods.get(name, [])
        inside = [pod for pod in some if pod.namespace in spaces]
        if len(found := inside or some) == 1:
            return found[0]
    return None


def _words(path: str) -> Iterator[str]:
    """Every part of a path that may be a name: names have hyphens and dots, as what joins them."""
    for part in re.split(r"[/_]", path):
        ends = [m.start() for m in re.finditer(r"[.-]", part)][:24]
        starts = [0, *(end + 1 for end in ends)]
        yield from (part[a:b] for a in starts for b in (*ends, len(part)) if a < b)


def _container(pod: Object, path: str) -> str:
    """The one that a path names behind its pod; else the first of those that stay."""
    rest = set(_words(path.rpartition(pod.name)[2]))
    some = sorted(containers(pod), key=lambda one: (one.name not in rest, one.init, len(rest)))
    return some[0].name if some else ""


def _row(
    pod: Object, container: str, path: str, lines: str, at: float, labels: Sequence[str]
) -> Row:
    before = bool(BEFORE.search(path.replace(pod.name, "")))
    return log_row(pod, run_of(pod, container, before), lines, at, labels)


def run_of(pod: Object, container: str, before: bool) -> str:
    """What a recording calls the log of a container, or of its run before."""
    return f"{pod.name}/{container}{'/previous' if before else ''}"


def log_row(
    pod: Object, name: str, lines: str, at: float, labels: Sequence[str], cluster: str = ""
) -> Row:
    """The end of what a run of a container said."""
    body = {"kind": LOG, "metadata": {"namespace": pod.namespace, "name": name}}
    known = {"kind": LOG, "namespace": pod.namespace, "name": name, "service": whose(pod, labels)}
    known |= {"cluster": cluster} if cluster else {}
    return {"at": at, **known, "object": {**body, "text": lines.rstrip()[-KEPT:]}}
