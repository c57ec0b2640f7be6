"""A cluster as a recording has it: the last that was read of each object."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..cluster.objects import Object
from ..cluster.snapshot import Snapshot, read_list
from .recording import Recording
from .sources.clusters import MODALITY
from .sources.source import EVER

LAST = f"""SELECT "at", service, object FROM {MODALITY} WHERE object IS NOT NULL AND rowid IN
(SELECT arg_max(rowid, ("at", rowid)) FROM {MODALITY} WHERE rowid < ?
GROUP BY kind, namespace, name)
ORDER BY rowid"""


@dataclass(frozen=True)
class ClusterState:
    """Its objects, whose they are, when they were read last (unix seconds)."""

    seen: Snapshot
    services: Mapping[str, str]  # by reference of an object: Deployment shop/cart
    at: float


def cluster_of(recording: Recording) -> ClusterState | None:
    """The cluster as it was read last; None where none was. Shared: never written into."""
    if not recording.held[MODALITY]:
        return None
    return recording.remember(MODALITY, lambda: _read(recording))


def _read(recording: Recording) -> ClusterState:
    recording.tables.kept.note((MODALITY, EVER))
    with recording.tables.lock:
        rows = recording.tables.db.execute(LAST, [recording.held[MODALITY]]).fetchall()
    return state_of((at, service, json.loads(text)) for at, service, text in rows)


def state_of(rows: Iterable[tuple[float, str, Any]]) -> ClusterState:
    """Of (when it was read, whose it is, the object as the API returns it), the last of each."""
    objects, listed, services, last = list[Object](), set[str](), dict[str, str](), 0.0
    for at, service, raw in rows:
        some, kinds = read_list(raw)
        objects += some
        listed |= kinds
        last = max(last, at)
        services |= {one.ref: service for one in some if service}
    seen = Snapshot(objects, listed)
    for pod in seen.pods:  # a workload that was not read is its pods'
        if pod.ref in services:
            services.setdefault(seen.top(pod).ref, services[pod.ref])
    return ClusterState(seen, services, last)
