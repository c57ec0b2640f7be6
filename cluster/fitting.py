"""Whether a pod fits on a node, and what keeps it away: the scheduler's own filters.

https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from .objects import (
    NOTHING,
    Fields,
    Object,
    containers,
    expression,
    mappings,
    quantity,
    selects,
    texts,
    value,
    words,
)
from .snapshot import Snapshot

RESOURCES = ("cpu", "memory", "ephemeral-storage")
CORDON = "node.kubernetes.io/unschedulable"
KEEPS_AWAY = ("NoSchedule", "NoExecute")
OWN = "node.kubernetes.io/"
"""How taints begin that the control plane sets by itself, for what a node's conditions say."""
ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
"""Taints that keep ordinary pods off, as they should."""


@dataclass(frozen=True)
class Obstacle:
    """One reason why a pod may not run on a node."""

    kind: str  # cordon, taint, selector, affinity, apart, held-off, together, spread, ports, …
    detail: str = ""  # the taint's key, the label, the resource, whose rule it is
    never: bool = False  # of room: it would not fit on the empty node either


class Room:
    """What is free on each node, by what pods asked for."""

    def __init__(self, seen: Snapshot) -> None:
        self.seen = seen

    @cached_property
    def on(self) -> Mapping[str, list[Object]]:
        """Pods that hold room on a node, by its name."""
        over = "Failed"
        return {
            node.name: [p for p in self.seen.on(node.name) if p.text("status.phase") != over]
            for node in self.seen.nodes
        }

    def taken(self, node: Object, resource: str) -> float:
        """What of a node is asked for already."""
        return sum(wanted(pod).get(resource, 0.0) for pod in self.on.get(node.name, []))

    def obstacles(self, pod: Object, node: Object) -> list[Obstacle]:
        """All that keeps a pod away from a node; empty where it fits."""
        return [
            *_taints(pod, node),
            *_labels(pod, node),
            *self._room(pod, node),
            *self._ports(pod, node),
            *self._company(pod, node),
            *self._spread(pod, node),
            *self._volumes(pod, node),
        ]

    def _room(self, pod: Object, node: Object) -> Iterator[Obstacle]:
        for resource, amount in wanted(pod).items():
            whole = quantity(node.fields("status.allocatable").get(resource))
            if whole is None and resource in RESOURCES:
                continue  # the node does not say
            if amount > (whole or 0.0):
                yield Obstacle("room", resource, never=True)
            elif amount > (whole or 0.0) - self.taken(node, resource) + 1e-9:
                yield Obstacle("room", resource)
        most = quantity(node.fields("status.allocatable").get("pods"))
        if most is not None and len(self.on.get(node.name, [])) >= most:
            yield Obstacle("room", "pods")

    def _ports(self, pod: Object, node: Object) -> Iterator[Obstacle]:
        there = {port for other in self.on.get(node.name, []) for port in _host_ports(other)}
        for port in _host_ports(pod):
            if port in there:
                yield Obstacle("ports", port)

    def _company(self, pod: Object, node: Object) -> Iterator[Obstacle]:
        for kind, side in (("apart", "podAntiAffinity"), ("together", "podAffinity")):
            path = f"spec.affinity.{side}.requiredDuringSchedulingIgnoredDuringExecution"
            for term in pod.list(path):
                key = str(term.get("topologyKey") or "")
                near = any(self._meant(pod, term, one) for one in self._around(node, key))
                if near is (kind == "apart") and not (
                    kind == "together" and self._begins(pod, term)
                ):
                    yield Obstacle(kind, key)
        yield from self._held_off(pod, node)

    def _held_off(self, pod: Object, node: Object) -> Iterator[Obstacle]:
        """What runs there already may not have such a pod beside it: its rule holds both ways."""
        for other, term in self._apart:
            key = str(term.get("topologyKey") or "")
            here, there = node.labels.get(key), self._node_of(other)
            if here and there and there.labels.get(key) == here and self._meant(other, term, pod):
                yield Obstacle("held-off", self.seen.top(other).ref)
                return

    @cached_property
    def _apart(self) -> list[tuple[Object, Fields]]:
        """Pods that run and want to be apart from others, with what they say of these."""
        path = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"
        return [(pod, term) for some in self.on.values() for pod in some for term in pod.list(path)]

    def _node_of(self, pod: Object) -> Object | None:
        return self.seen.find("Node", "", pod.text("spec.nodeName"))

    def _around(self, node: Object, key: str) -> Iterator[Object]:
        """Pods in the node's topology."""
        here = node.labels.get(key)
        for other in self.seen.nodes if here is not None else ():
            if other.labels.get(key) == here:
                yield from self.on.get(other.name, [])

    def _meant(self, pod: Object, term: Fields, other: Object) -> bool:
        """Whether a pod's term selects another one: by labels, namespace, and keys that both have
        with one value."""
        spaces, of = texts(term.get("namespaces")), term.get("namespaceSelector")
        if isinstance(of, Mapping):
            space = self.seen.find("Namespace", "", other.namespace)
            inside = other.namespace in spaces or selects(of, space.labels if space else {})
        else:
            inside = other.namespace in (spaces or [pod.namespace])
        keys = texts(term.get("matchLabelKeys"))
        same = all(pod.labels.get(key) == other.labels.get(key) for key in keys)
        return inside and same and selects(value(term, "labelSelector") or NOTHING, other.labels)

    def _begins(self, pod: Object, term: Fields) -> bool:
        """The first of a group that shall be together needs no company."""
        every = (one for some in self.on.values() for one in some)
        return self._meant(pod, term, pod) and not any(self._meant(pod, term, o) for o in every)

    def _spread(self, pod: Object, node: Object) -> Iterator[Obstacle]:
        """https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"""
        for one in pod.list("spec.topologySpreadConstraints"):
            if one.get("whenUnsatisfiable") == "ScheduleAnyway":
                continue
            key = str(one.get("topologyKey") or "")
            if key not in node.labels:
                yield Obstacle("selector", f"the label {key}")
                continue
            selector = value(one, "labelSelector") or NOTHING
            counts: dict[str, int] = {}
            for other in self.seen.nodes:
                if (domain := other.labels.get(key)) is not None and not [*_labels(pod, other)]:
                    mine = (p for p in self.on.get(other.name, []) if p.namespace == pod.namespace)
                    more = sum(selects(selector, p.labels) for p in mine)
                    counts[domain] = counts.get(domain, 0) + more
            here, least = counts.get(node.labels[key], 0), min(counts.values(), default=0)
            if here + 1 - least > (quantity(one.get("maxSkew")) or 1):
                yield Obstacle("spread", key)

    def _volumes(self, pod: Object, node: Object) -> Iterator[Obstacle]:
        for claim in claims(self.seen, pod):
            volume = self.seen.find("PersistentVolume", "", claim.text("spec.volumeName"))
            terms = volume.list("spec.nodeAffinity.required.nodeSelectorTerms") if volume else []
            if terms and not any(_term(term, node) for term in terms):
                yield Obstacle("volume", claim.ref)


def claims(seen: Snapshot, pod: Object) -> Iterator[Object]:
    """The claims that a pod mounts and that are there."""
    for volume in pod.list("spec.volumes"):
        name = str(value(volume, "persistentVolumeClaim.claimName") or "")
        if found := seen.find("PersistentVolumeClaim", pod.namespace, name):
            yield found


def wanted(pod: Object) -> dict[str, float]:
    """What a pod asks for: the sum of its containers, or the largest that prepares it."""
    found: dict[str, float] = defaultdict(float)
    first: dict[str, float] = defaultdict(float)
    for one in containers(pod):
        asked = value(one.spec, "resources.requests") or value(one.spec, "resources.limits")
        for name, amount in words(asked or NOTHING).items():
            size = quantity(amount) or 0.0
            if one.init and one.spec.get("restartPolicy") != "Always":
                first[name] = max(first[name], size)
            else:
                found[name] += size
    for name, size in first.items():
        found[name] = max(found[name], size)
    return dict(found)


def _taints(pod: Object, node: Object) -> Iterator[Obstacle]:
    tolerations = pod.list("spec.tolerations")
    cordoned = node.get("spec.unschedulable") is True
    if cordoned and not _tolerated({"key": CORDON, "effect": "NoSchedule"}, tolerations):
        yield Obstacle("cordon", node.name)
    for taint in node.list("spec.taints"):
        if taint.get("effect") not in KEEPS_AWAY or _tolerated(taint, tolerations):
            continue
        if taint.get("key") != CORDON:
            yield Obstacle("taint", str(taint.get("key") or ""))


def _tolerated(taint: Fields, tolerations: list[Fields]) -> bool:
    for one in tolerations:
        if one.get("effect") not in (None, "", taint.get("effect")):
            continue
        if not one.get("key"):
            if one.get("operator") == "Exists":
                return True
            continue
        if one.get("key") != taint.get("key"):
            continue
        if one.get("operator") == "Exists" or (one.get("value") or "") == (
            taint.get("value") or ""
        ):
            return True
    return False


def _labels(pod: Object, node: Object) -> Iterator[Obstacle]:
    for key, text in words(pod.fields("spec.nodeSelector")).items():
        if node.labels.get(key) != text:
            yield Obstacle("selector", f"{key}={text}")
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
    terms = pod.list(f"{path}.nodeSelectorTerms")
    if terms and not any(_term(term, node) for term in terms):
        yield Obstacle("affinity", _said(terms[0]))


def _term(term: Fields, node: Object) -> bool:
    """Terms are alternatives; inside one all holds."""
    fields = {"metadata.name": node.name}
    return all(expression(e, node.labels) for e in mappings(term.get("matchExpressions"))) and all(
        expression(e, fields) for e in mappings(term.get("matchFields"))
    )


def _said(term: Fields) -> str:
    parts = [*mappings(term.get("matchExpressions")), *mappings(term.get("matchFields"))]
    told = ((one.get("key"), one.get("operator"), *texts(one.get("values"))) for one in parts)
    return ", ".join(" ".join(map(str, one)) for one in told)


def _host_ports(pod: Object) -> Iterator[str]:
    for one in containers(pod):
        for port in one.ports():
            number = port.get("hostPort") or (
                port.get("containerPort") if pod.get("spec.hostNetwork") is True else None
            )
            if number:
                yield f"{number}/{port.get('protocol') or 'TCP'}"
