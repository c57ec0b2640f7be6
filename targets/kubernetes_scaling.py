"""Who else sets how many pods there are: a HorizontalPodAutoscaler, or KEDA's ScaledObject behind
one. What it keeps is not scaled behind its back; its bounds are set, where that is allowed."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..actions.capabilities import Activated
from ..cluster.objects import Object
from ..cluster.settings import SCALER, scaler_of
from ..errors import KubernetesError, ToolFailed
from ..kube_api import path_of
from .kubernetes_objects import owner_of, unreplaced
from .kubernetes_read import Cluster, Segments, Workload
from .kubernetes_write import Op, Place, written

KEDA = "ScaledObject"
FIELDS = {SCALER: ("minReplicas", "maxReplicas"), KEDA: ("minReplicaCount", "maxReplicaCount")}
Bounds = Mapping[str, int | None]  # by field of its spec; None: not written


@dataclass(frozen=True)
class Autoscaler:
    """What sets the replicas of one workload."""

    cluster: Cluster
    object: Object
    path: Segments

    def __str__(self) -> str:
        low, high = ("?" if one is None else one for one in self.held(self.object).values())
        return f"{self.object.ref}, {low} to {high}"

    def held(self, one: Object) -> dict[str, int | None]:
        """Its bounds."""
        found = {name: one.number(f"spec.{name}") for name in FIELDS[self.object.kind]}
        return {name: None if count is None else int(count) for name, count in found.items()}

    @property
    def closed(self) -> str:
        """Why its bounds are not set, and what would work; empty: they are."""
        owner, (low, high) = owner_of(self.object), FIELDS[self.object.kind]
        if owner:
            return f"{owner} keeps it: set its {low} and {high} there"
        if self.cluster.access.autoscalers == "act":
            return ""
        where = f"-n {self.object.namespace} {self.object.kind.lower()}/{self.object.name}"
        how = f"set its {low} and {high} (`kubectl edit {where}`)"
        return f"{how}, or write `autoscalers: act` beside its cluster, and a scale sets them"

    def around(self, count: int, now: int) -> dict[str, int | None]:
        """Bounds within which so many stay, no further from those that are than they have to be."""
        (low, least), (high, most) = self.held(self.object).items()
        if count >= now:
            return {low: count, high: max(count, most or count)}
        return {low: None if least is None else min(least, count), high: count}

    def let(self, wanted: Bounds, receipt: Activated) -> bool:
        """Set its bounds; whether they were others. Raises ToolFailed or Halfway as `written`."""
        was = self.held(self.object)
        if self.closed:
            raise ToolFailed(f"nothing was done: {self} sets it back: {self.closed}")

        def edit(now: Object) -> list[Op]:
            held = self.held(now)
            if held not in (was, wanted):
                raise ToolFailed(f"{now.name} has the bounds {held} by now: nothing was done")
            return [
                {"op": "add", "path": f"/spec/{name}", "value": count}
                if count is not None
                else {"op": "remove", "path": f"/spec/{name}"}
                for name, count in wanted.items()
                if held[name] != count
            ]

        return written(Place(self.cluster, self.path, receipt), edit)[1]


def autoscaler_of(one: Workload) -> Autoscaler | None:
    """The one that sets this workload's replicas; of none (`kubectl scale --replicas=0`) it sets
    nothing until there is one again."""
    hpa = scaler_of(one.seen, one.object) if one.replicas else None
    return _behind(one.cluster, hpa) if hpa else None


def autoscaling(one: Workload) -> dict[str, str]:
    """As a Part has it, and what else keeps its pods as they are."""
    found, said = autoscaler_of(one), {"unreplaced": unreplaced(one.object)}
    if found:  # whoever approves a scale is told what else it sets
        said["autoscaler"] = (
            str(found) if found.closed else f"{found}, which this sets to hold them"
        )
        said["unscaled"] = found.closed
    return said


def _behind(cluster: Cluster, hpa: Object) -> Autoscaler:
    """KEDA makes an autoscaler of its own, and puts back what is set there."""
    path = path_of("autoscaling/v2", "horizontalpodautoscalers", hpa.namespace, hpa.name)
    owner = owner_of(hpa)
    if owner is None or owner.what != KEDA:
        return Autoscaler(cluster, hpa, path)
    with suppress(KubernetesError):  # who may not read it is told who keeps the other
        behind = path_of("keda.sh/v1alpha1", "scaledobjects", hpa.namespace, owner.name)
        return Autoscaler(cluster, Object({**cluster.api.get(behind), "kind": KEDA}), behind)
    return Autoscaler(cluster, hpa, path)
