"""A cluster as a recording has it: the last that was read of each object."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..cluster.objects import Object
from ..cluster.snapshot import Snapshot, read_list
from .recording import Recording
from .sources.clusters import MODALITY
from .sources.source import EVER

LAST = f"""SELECT coalesce(cluster, ''), "at", service, object FROM {MODALITY}
WHERE object IS NOT NULL AND rowid IN (SELECT arg_max(rowid, ("at", rowid)) FROM {MODALITY}
WHERE rowid < ? GROUP BY cluster, kind, namespace, name)
ORDER BY rowid"""


@dataclass(frozen=True)
class ClusterState:
    """Clusters by name, each by itself: what is in one is never taken for what another has."""

    clusters: Mapping[str, Snapshot]
    services: Mapping[str, str]  # whose an object is, by what it is `called`
    at: float  # when it was read last, unix seconds

    @property
    def seen(self) -> Snapshot:
        """The only cluster."""
        return next(iter(self.clusters.values()), Snapshot(()))

    def called(self, cluster: str, ref: str) -> str:
        """An object where several clusters may have one of its name: Deployment shop/cart in eu."""
        return f"{ref} in {cluster}" if cluster and len(self.clusters) > 1 else ref

    def find(self, called: str) -> tuple[str, Snapshot, Object] | None:
        """(cluster, all of it, the object)"""
        for cluster, seen in self.clusters.items():
            for one in seen.objects:
                if self.called(cluster, one.ref) == called:
                    return cluster, seen, one
        return None


def cluster_of(recording: Recording) -> ClusterState | None:
    """The cluster as it was read last; None where none was. Shared: never written into."""
    if not recording.held[MODALITY]:
        return None
    return recording.remember(MODALITY, lambda: _read(recording))


def _read(recording: Recording) -> ClusterState:
    recording.tables.kept.note((MODALITY, EVER))
    with recording.tables.lock:
        rows = recording.tables.db.execute(LAST, [recording.held[MODALITY]]).fetchall()
    return state_of((*row, json.loads(text)) for *row, text in rows)


def state_of(rows: Iterable[tuple[str, float, str, Any]]) -> ClusterState:
    """Of (its cluster, when it was read, whose it is, the object as the API returns it), the last
    of each."""
    objects, whose, last = defaultdict[str, list[Object]](list), list[tuple[str, str, str]](), 0.0
    listed = defaultdict[str, set[str]](set)
    for cluster, at, service, raw in rows:
        some, kinds = read_list(raw)
        objects[cluster] += some
        listed[cluster] |= kinds
        last = max(last, at)
        whose += [(cluster, one.ref, service) for one in some if service]
    state = ClusterState({c: Snapshot(objects[c], listed[c]) for c in sorted(objects)}, {}, last)
    services = {state.called(cluster, ref): service for cluster, ref, service in whose}
    for cluster, seen in state.clusters.items():
        for pod in seen.pods:  # a workload that was not read is its pods'
            if service := services.get(state.called(cluster, pod.ref)):
                services.setdefault(state.called(cluster, seen.top(pod).ref), service)
    return replace(state, services=services)
