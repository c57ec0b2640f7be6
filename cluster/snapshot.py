"""A cluster at one time: its objects by kind and name, who owns whom, what events say of whom."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from .objects import Fields, Object, mappings, reference, seconds, value

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Rollout")
REVISED = ("ReplicaSet", "ControllerRevision")
SYSTEM = "kube-system"
HASHES = {"pod-template-hash": "Deployment", "rollouts-pod-template-hash": "Rollout"}
"""Labels with the hash that ends a ReplicaSet's name, and whose it is."""
MADE = {**HASHES, "apps.kubernetes.io/pod-index": "StatefulSet"} | {
    **{
        "statefulset.kubernetes.io/pod-name": "StatefulSet",
        "controller-revision-hash": "DaemonSet",
    },
    **{"batch.kubernetes.io/job-name": "Job", "job-name": "Job"},
}
"""Labels that controllers give their pods:
https://kubernetes.io/docs/reference/labels-annotations-taints/"""
MIRROR = "kubernetes.io/config.mirror"
"""Of a pod that the kubelet of its node runs by itself:
https://kubernetes.io/docs/concepts/workloads/pods/#static-pods"""
LOG = "PodLog"
"""What a container said, as a recording has it beside the objects: no kind of the API's."""
T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """What an event says of an object."""

    reason: str
    message: str
    last: float  # unix seconds; 0: it does not say
    count: float = 1  # how often


class Snapshot:
    """All objects that were read. `listed` are the kinds that were read whole: of those, what is
    not here is not there; of others nobody knows."""

    def __init__(self, objects: Iterable[Object], listed: Iterable[str] = ()) -> None:
        self.objects = [one for one in objects if one.kind and one.name]
        self.listed = {*listed, *(one.kind for one in self.objects)}
        self._named = {(o.kind, o.namespace, o.name): o for o in self.objects}
        self._kinds: Mapping[str, list[Object]] = defaultdict(list)
        for one in self.objects:
            self._kinds[one.kind].append(one)
        self._made: dict[Callable[[Snapshot], Any], Any] = {}
        self._unread: dict[str, Object] = {}
        self._tops: dict[Object, Object] = {}

    def once(self, make: "Callable[[Snapshot], T]") -> T:
        """What is made of it, and is the same for whoever asks again."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def of(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Those of a kind, of a namespace or all."""
        found = self._kinds.get(kind, [])
        return [o for o in found if o.namespace == namespace] if namespace is not None else found

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """The one of this name."""
        return self._named.get((kind, namespace, name))

    def missing(self, kind: str, namespace: str, name: str) -> bool:
        """Whether it is known not to be there."""
        return kind in self.listed and self.find(kind, namespace, name) is None

    @cached_property
    def at(self) -> float:
        """The newest time that any object tells, unix seconds: when the snapshot was taken at the
        earliest; 0 where none tells any."""
        return max((t for o in self.objects for t in _times(o)), default=0.0)

    def owner(self, one: Object) -> Object | None:
        """Whoever controls it, but a Canary of Flagger; one that was not read as what it owns tells
        of it."""
        links = one.list("metadata.ownerReferences")
        for link in links:
            if link.get("controller") or len(links) == 1:
                kind, name = str(link.get("kind")), str(link.get("name"))
                found = self.find(kind, one.namespace, name) or self._told_by(one, kind, name)
                if found and kind != "Canary":
                    return found
        return None if links else self._named_after(one)

    def _named_after(self, one: Object) -> Object | None:
        """The workload of which it has the labels and the name, where nothing tells its owner."""
        if one.kind not in ("Pod", "ReplicaSet"):
            return None
        base = one.name if one.kind == "ReplicaSet" else one.name.rpartition("-")[0]
        for label, kind in MADE.items():
            if end := one.labels.get(label):
                found = self.find(kind, one.namespace, base.removesuffix(f"-{end}"))
                if found is not None and found is not one:
                    return found
        return None

    def _told_by(self, one: Object, kind: str, name: str) -> Object | None:
        """A workload to which the name of what it made leads, or of a kind that nobody read."""
        for label, of in HASHES.items():
            if kind == "ReplicaSet" and (end := one.labels.get(label)) and name.endswith(f"-{end}"):
                kind, name = of, name.removesuffix(f"-{end}")
        above, _, at = name.rpartition("-")
        if kind == "Job" and at.isdigit() and self.find("CronJob", one.namespace, above):
            kind, name = "CronJob", above
        known = self.find(kind, one.namespace, name)
        if known or kind in self.listed or kind not in WORKLOADS:
            return known
        template = one.get("spec.template") or {
            "metadata": {"labels": {k: v for k, v in one.labels.items() if k not in HASHES}},
            "spec": one.fields("spec"),
        }
        metadata = {"name": name, "namespace": one.namespace}
        made = Object({"kind": kind, "metadata": metadata, "spec": {"template": template}})
        return self._unread.setdefault(made.ref, made)

    def top(self, one: Object) -> Object:
        """The workload that people wrote: of a pod's ReplicaSet the Deployment."""
        if (known := self._tops.get(one)) is None:
            known, seen = one, {one.ref}
            while (above := self.owner(known)) and above.ref not in seen:
                seen.add(above.ref)
                known = above
            self._tops[one] = known
        return known

    @cached_property
    def pods(self) -> list[Object]:
        """Every pod that is not over."""
        return [p for p in self.of("Pod") if p.text("status.phase") != "Succeeded"]

    @cached_property
    def _of_workload(self) -> Mapping[str, list[Object]]:
        found: dict[str, list[Object]] = defaultdict(list)
        for pod in self.pods:
            found[self.top(pod).ref].append(pod)
        return found

    def pods_of(self, workload: Object) -> list[Object]:
        """The pods that a workload owns at last."""
        return self._of_workload.get(workload.ref, [])

    @cached_property
    def _index(self) -> Mapping[tuple[str, ...], list[Object]]:
        """Pods by label and node, revisions by their owners: a cluster has thousands."""
        found: dict[tuple[str, ...], list[Object]] = defaultdict(list)
        for pod in self.pods:
            found["on", pod.text("spec.nodeName")].append(pod)
            for pair in pod.labels.items():
                found["labelled", pod.namespace, *pair].append(pod)
        for one in (one for kind in REVISED for one in self.of(kind)):
            for link in one.list("metadata.ownerReferences"):
                to = str(link.get("kind")), str(link.get("name"))
                found[one.kind, one.namespace, *to].append(one)
        return found

    def labelled(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """The pods that have all these labels; none for none."""
        some = (self._index.get(("labelled", namespace, *pair), []) for pair in labels.items())
        fewest = min(some, key=len, default=[])
        return [one for one in fewest if labels.items() <= one.labels.items()]

    def on(self, node: str) -> list[Object]:
        """The pods that a node was given."""
        return self._index.get(("on", node), [])

    def revised(self, kind: str, workload: Object) -> list[Object]:
        """Its ReplicaSets or ControllerRevisions."""
        to = (kind, workload.namespace, workload.kind, workload.name)
        return self._index.get(to, [])

    @cached_property
    def workloads(self) -> list[Object]:
        """What people wrote: workloads that nothing owns, also where only their pods were read."""
        read = [o for kind in WORKLOADS for o in self.of(kind) if self.owner(o) is None]
        tops = {top.ref: top for top in map(self.top, self.pods)}
        return [*read, *(one for ref, one in tops.items() if ref in self._unread)]

    @cached_property
    def _told(self) -> Mapping[str, list[Told]]:
        found: dict[str, list[Told]] = defaultdict(list)
        for event in self.of("Event"):
            about = event.fields("involvedObject") or event.fields("regarding")
            namespace = str(about.get("namespace") or "")
            kind, name = str(about.get("kind")), str(about.get("name"))
            above = name.rpartition("-")[0]
            unread = kind == "ReplicaSet" and kind not in self.listed
            if unread and self.find("Deployment", namespace, above):
                kind, name = "Deployment", above
            found[reference(kind, namespace, name)].append(_read(event))
        for told in found.values():
            told.sort(key=lambda one: -one.last)
        return found

    def events(self, one: Object, *reasons: str) -> list[Told]:
        """What events say of an object, the newest first; of these reasons, or all."""
        told = self._told.get(one.ref, [])
        return [event for event in told if not reasons or event.reason in reasons]

    @cached_property
    def nodes(self) -> list[Object]:
        """The machines."""
        return self.of("Node")


def _read(event: Object) -> Told:
    series = event.fields("series")
    last = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        event.get("metadata.creationTimestamp"),
    )
    return Told(
        reason=event.text("reason"),
        message=event.text("message") or event.text("note"),
        last=next((at for at in map(seconds, last) if at), 0.0),
        count=event.number("count") or event.number("series.count") or 1,
    )


def _times(one: Object) -> Iterable[float]:
    """Times that an object tells of itself."""
    found: list[Any] = [one.get("metadata.creationTimestamp"), one.get("lastTimestamp")]
    found += [one.get("spec.renewTime"), one.get("eventTime"), one.get("status.startTime")]
    for condition in one.list("status.conditions"):
        found += [condition.get("lastTransitionTime"), condition.get("lastHeartbeatTime")]
    return [at for at in map(seconds, found) if at]


WATCHED = ("ADDED", "MODIFIED", "DELETED")
"""Types of what a watch writes about an object."""


def read_list(document: Any) -> tuple[list[Object], set[str]]:
    """The objects of one decoded file: an object, a list as `kubectl get -o json` writes it, or
    several of either; and the kinds that lists are of: one without items says that there are none.
    """
    if not isinstance(document, Mapping):
        return _together(mappings(document))
    if {"type", "object"} <= document.keys():
        return read_list(document["object"] if document["type"] in WATCHED else None)
    kind = str(document.get("kind") or "")
    if not kind.endswith("List") or "items" not in document:
        by_name = [one for one in document.values() if isinstance(one, (Mapping, list))]
        single = kind or "metadata" in document
        return ([Object(document)], set[str]()) if single else _together(by_name)
    of = kind.removesuffix("List")
    items, kinds = _together(_kinded(item, of, document) for item in mappings(document["items"]))
    return items, kinds | ({of} if of else set())


def _together(parts: Iterable[Any]) -> tuple[list[Object], set[str]]:
    read = [read_list(part) for part in parts]
    return [one for some, _of in read for one in some], {kind for _some, of in read for kind in of}


def _kinded(item: Fields, kind: str, of: Fields) -> Fields:
    """The API leaves kind and version out of a typed list's items."""
    if item.get("kind"):
        return item
    return {"kind": kind, "apiVersion": value(of, "apiVersion"), **item}
