"""A Kubernetes cluster from dumps of its objects: `kubectl get … -o json`, a file or many."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..cluster.objects import Object
from ..cluster.ranking import Ranked, troubles
from ..cluster.snapshot import Snapshot, read_list
from ..errors import InputError
from .look import Health, Look

LARGEST = 256 * 2**20
"""Bytes of all files together: bounds memory; a cluster of 5,000 pods takes about 100 MB."""
SURE = 0.75
"""From which a trouble is called bad; below that it is a warning."""


def look_at_cluster(folder: Path) -> list[Look]:
    """Every trouble, the one that others follow from first. Raises InputError as `read_cluster`."""
    seen = read_cluster(folder)
    found = [_look(one) for one in troubles(seen)]
    counted = f"{len(seen.objects):,} objects of {len(seen.listed)} kinds were read"
    return found or [Look("cluster", str(folder), Health.well, f"{counted}, and nothing is wrong")]


def read_cluster(folder: Path) -> Snapshot:
    """The objects of all JSON files in a folder, or of one file.

    Raises InputError where there are none, or too many, or a file is no JSON.
    """
    files = sorted(folder.rglob("*.json")) if folder.is_dir() else [folder]
    if not files or not all(file.is_file() for file in files):
        raise InputError(
            f"{folder} holds no dump of a cluster: write one there with "
            f"`kubectl get all,events,nodes,configmaps -A -o json > {folder}/objects.json`"
        )
    if sum(file.stat().st_size for file in files) > LARGEST:
        raise InputError(f"{folder} holds more than {LARGEST >> 20} MB: leave a namespace out")
    objects, listed = list[Object](), set[str]()
    for document in (one for file in files for one in _documents(file)):
        some, kinds = read_list(document)
        objects += some
        listed |= kinds
    return Snapshot(objects, listed)


def _documents(file: Path) -> Iterator[Any]:
    try:
        yield json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON of kubectl's: {error}") from error


def _look(one: Ranked) -> Look:
    trouble = one.trouble
    bad = one.sure >= SURE and not one.follows
    shown = "; ".join(f"{s.object} {s.field}: {s.value}" for s in trouble.signs[:2])
    after = f"; it follows from {one.follows}" if one.follows else ""
    says = f"{trouble.statement}{after} ({shown})"
    health = Health.bad if bad else Health.warning
    return Look("cluster", trouble.cause, health, says, trouble.about.cure, trouble.object)
