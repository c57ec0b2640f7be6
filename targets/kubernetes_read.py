"""What a cluster has that can be acted on, read through its API: workloads with their versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..actions.inventory import Canary, Part
from ..cluster import canaries
from ..cluster.objects import SERVICE_LABELS, Object, whose
from ..cluster.revisions import revisions
from ..cluster.snapshot import Snapshot
from ..errors import InputError, KubernetesError, ToolFailed
from ..kube_api import ClusterAccess, KubeApi, api_of, path_of
from .kubernetes_objects import Owner, bare, fields, image, owner_of, released, switched

APPS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
READ = {
    "batch/v1": {"CronJob": "cronjobs"},
    "apps/v1": {**APPS, "ReplicaSet": "replicasets", "ControllerRevision": "controllerrevisions"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "v1": {"Service": "services"},
}
STEPPED = {
    "argoproj.io/v1alpha1": {"Rollout": "rollouts"},
    "flagger.app/v1beta1": {"Canary": "canaries"},
}
"""What is there only where releases go step by step."""
KINDS = (*APPS, "Rollout", "CronJob")
PLACES = {k: (v, name) for v, kinds in (READ | STEPPED).items() for k, name in kinds.items()}
EFFECT = "warroom/effect"
"""Annotation that keeps the key of the last effect."""
PAGE = 500
Segments = tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """A cluster that is acted on; by default it is only read."""

    access: ClusterAccess
    labels: tuple[str, ...] = SERVICE_LABELS
    """By which telemetry knows whose a workload is."""

    @property
    def api(self) -> KubeApi:
        """Its API."""
        return api_of(self.access)

    @property
    def closed(self) -> str:
        """Why nothing is done there, and what lets it be done."""
        where = f"cluster {self.access.name} is in mode {self.access.mode}"
        return f"{where}: write `mode: act` beside its name, and apply deploy/kubernetes/act.yaml"

    def listed(self, path: Segments) -> Iterator[dict[str, Any]]:
        """All objects of a list, page by page."""
        more = None
        while more != "":
            page = self.api.get(path, limit=PAGE, **{"continue": more})
            yield from page["items"]
            more = page["metadata"].get("continue") or ""

    def patched(
        self, path: Segments, version: str, ops: list[dict[str, Any]], **params: str
    ) -> Object:
        """By a JSON patch that holds only for this version of it. Raises KubernetesError."""
        body = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *ops]
        kind = "application/json-patch+json"
        return Object(self.api.send("PATCH", path, body, kind, fieldManager="warroom", **params))

    def nodes(self) -> list[Object]:
        """None where they may not be read."""
        return [Object(one) for one in self._some(path_of("v1", "nodes"))]

    def _some(self, path: Segments) -> list[dict[str, Any]]:
        """A list; empty where it may not be read, or is not served."""
        try:
            return list(self.listed(path))
        except KubernetesError as error:
            if error.status in (403, 404):
                return []
            raise

    def workloads(self) -> "list[Workload]":
        """All of the namespaces that are meant; not what only holds a Rollout's template."""
        found = [
            Object({**one, "kind": kind})
            for space in self.access.namespaces or ("",)
            for kind, (version, resource) in PLACES.items()
            for one in (self._some if version in STEPPED else self.listed)(
                path_of(version, resource, space)
            )
        ]
        seen = Snapshot(found)
        held = [o for r in seen.of("Rollout") if (o := canaries.templated(seen, r)) is not r]
        return [Workload(self, seen, o) for o in found if o.kind in KINDS and o not in held]


@contextmanager
def told() -> Iterator[None]:
    """What the API says no with, as a tool tells it."""
    try:
        yield
    except (KubernetesError, InputError) as error:  # the latter: its context is no more
        raise ToolFailed(str(error)) from error


def place_of(one: Object, part: str = "") -> Segments:
    """Where an object of these kinds lies, or a subresource of it."""
    return path_of(*PLACES[one.kind], one.namespace, one.name, part)


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet or Rollout, as it was read."""

    cluster: Cluster
    seen: Snapshot
    object: Object

    @property
    def path(self) -> Segments:
        """Where it lies."""
        return place_of(self.object)

    @property
    def full_name(self) -> str:
        """Where its service's name is not enough."""
        return f"{self.cluster.access.name}/{self.object.namespace}/{self.object.name}"

    @property
    def place(self) -> str:
        """As kubectl takes it."""
        return f"-n {self.object.namespace} {self.object.kind.lower()}/{self.object.name}"

    @property
    def service(self) -> str:
        """The service that it is, by its labels and its pods', else by its own name."""
        batch = self.object.kind == "CronJob"  # what runs at times is not the service of its label
        return f"cronjob {self.object.name}" if batch else whose(self.object, self.cluster.labels)

    @property
    def leads(self) -> Object | None:
        """The Service of its name."""
        names = (self.object.name, self.service)
        found = (self.seen.find("Service", self.object.namespace, name) for name in names)
        return next(filter(None, found), None)

    @property
    def owner(self) -> Owner | None:
        """Who would put a live change back, or take it for another release."""
        known, one = owner_of(self.object), self.release
        if known or one is None or one is self.object:
            return known
        return Owner("Flagger canary", one.namespace, one.name)

    @cached_property
    def release(self) -> Object | None:
        """The Rollout or Canary by which it is released step by step."""
        return canaries.delivering(self.seen, self.object)

    @property
    def stable(self) -> str:
        """The version that its release goes back to; empty: it is in none, or none is known."""
        if self.release is None or self.release.kind == "Rollout":
            return self._kept("status.stableRS")
        primary = canaries.templated(self.seen, self.release, "-primary").fields("spec.template")
        same = [name for name, known in self.versions.items() if image(known) == image(primary)]
        return same[-1] if same else ""

    def _kept(self, path: str) -> str:
        """The version whose pods have the hash that a Rollout tells there."""
        ends, kept = f"-{self.object.text(path)}", revisions(self.seen, self.object)[::-1]
        named = zip(self.versions, kept, strict=True)
        return next((name for name, one in named if one.ref.endswith(ends)), "")

    @property
    def canary(self) -> Canary | None:
        """Its release, while that is under way."""
        one = self.release
        if one is None or not canaries.under_way(one) or not self.stable:
            return None
        now, waits = canaries.weight(one), canaries.waits(one)
        return Canary(version=self.version, stable=self.stable, weight=now, waits=waits)

    @cached_property
    def versions(self) -> dict[str, dict[str, Any]]:
        """Template by version, the newest last: its first container's image, as the change feed
        calls versions; where two have the same, with the name of what keeps the template."""
        kept = revisions(self.seen, self.object)[::-1]
        images = [image(one.template) for one in kept]
        names = [
            image if images.count(image) == 1 else f"{image} ({one.ref.rpartition('/')[2]})"
            for image, one in zip(images, kept, strict=True)
        ]
        return {name: bare(one.template) for name, one in zip(names, kept, strict=True)}

    @property
    def version(self) -> str:
        """That it shall run; of a release that was given up, the one that runs again."""
        back = self.release is not None and canaries.taken_back(self.release)
        return self.stable if back and self.stable else self.brought

    @property
    def brought(self) -> str:
        """Of its template; of one that its controller has not seen yet, with `(new)`."""
        template = bare(canaries.templated(self.seen, self.object).fields("spec.template"))
        same = [name for name, known in self.versions.items() if known == template]
        kept = self._kept("status.currentPodHash")
        return kept or (same[-1] if same else f"{image(template)} (new)")

    @property
    def previous(self) -> str:
        """The version before that another template ran; what was rolled back from, made after this
        one, is none. Amid a release what has the rest of the requests."""
        if self.canary:
            return self.canary.stable
        created = [one.created or 0 for one in revisions(self.seen, self.object)[::-1]]
        made = dict(zip(self.versions, created, strict=True))
        older = list(made)[: list(made).index(self.version)] if self.version in made else []
        templates = {name: released(template) for name, template in self.versions.items()}
        others = [name for name in older if templates[name] != templates[self.version]]
        return next((n for n in reversed(others) if made[n] <= made[self.version]), "")

    def _before(self) -> dict[str, Any]:
        """The fields that its version before had otherwise."""
        was = Object({"spec": {"template": self.versions.get(self.previous)}})
        earlier = {name: held for name, _, held in fields(was) if was.get("spec.template")}
        now = {name: held for name, _, held in fields(self.object)}
        return {n: earlier[n] for n in now if n in earlier and earlier[n] != now[n]}

    def names(self, count: int) -> list[str]:
        """Of so many replicas: as many, not which."""
        return [f"{self.object.name} {number + 1}" for number in range(count)]

    @property
    def replicas(self) -> int:
        """How many are wanted."""
        wanted = self.object.number("spec.replicas")
        return int(
            self.object.number("status.desiredNumberScheduled") or 0 if wanted is None else wanted
        )

    def part(self, **more: Any) -> Part:
        """As an inventory holds it, with what others know of it."""
        access, where = self.cluster.access, self.cluster.access.name
        most = 0 if self.object.kind in ("DaemonSet", "CronJob") else access.most_replicas
        done = switched(self.release or self.object)
        return Part(
            instances=self.names(self.replicas),
            spares=self.names(max(most, self.replicas))[self.replicas :],
            version=self.version,
            deployed=self.version if done else self.previous or "another",
            previous=self.previous,
            versions=list(self.versions),
            fields={
                name: held for one in (self.object, self.leads) for name, _, held in fields(one)
            },
            before=self._before(),
            objects=[f"{one.ref} in {where}" for one in (self.object, self.leads) if one],
            owner=str(self.owner or ""),
            canary=self.canary,
            **more,
        )
