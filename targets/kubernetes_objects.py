"""What objects of Kubernetes' API say to whoever acts on them: owners, fields, rollouts. Pure."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import JsonValue

from ..cluster import canaries
from ..cluster.objects import Fields, Object, value
from ..cluster.revisions import HASHES

SELECTOR, PAUSED, SUSPENDED = "selector", "paused", "suspended"
RESTARTED = "kubectl.kubernetes.io/restartedAt"


class Owner(NamedTuple):
    """Who keeps an object as it is written elsewhere."""

    what: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.what} {'/'.join(filter(None, self[1:]))}".strip()


TRACKED = re.compile(r"(?:(?P<space>[^_:]+)_)?(?P<name>[^:]+):")
FLUX = {"kustomize": "Flux Kustomization", "helm": "Flux HelmRelease"}
MANAGERS = {
    **dict.fromkeys(("argocd-controller", "argocd-application-controller"), "Argo CD"),
    **dict.fromkeys(("kustomize-controller", "helm-controller"), "Flux"),
}
ARGO = "Argo CD application"


def owner_of(one: Object) -> Owner | None:
    """By what Argo CD and Flux write onto what they deliver, else by who set its fields, else by
    the controller that made it; None: nobody is known."""
    tracked = TRACKED.match(one.annotations.get("argocd.argoproj.io/tracking-id", ""))
    if tracked:
        return Owner(ARGO, tracked["space"] or "", tracked["name"])
    if name := one.labels.get("argocd.argoproj.io/instance"):
        return Owner(ARGO, "", name)
    for prefix, what in FLUX.items():
        if name := one.labels.get(f"{prefix}.toolkit.fluxcd.io/name"):
            space = one.labels.get(f"{prefix}.toolkit.fluxcd.io/namespace", "")
            return Owner(what, space, name)
    managers = (MANAGERS.get(m.get("manager", "")) for m in one.list("metadata.managedFields"))
    if known := next(filter(None, managers), None):
        return Owner(known)
    for ref in one.list("metadata.ownerReferences"):
        if ref.get("controller"):
            return Owner(ref["kind"], one.namespace, ref["name"])
    return None


def bare(template: Fields) -> dict[str, Any]:
    """A template without what controllers add."""
    about = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (about.get("labels") or {}).items() if k not in HASHES}
    kept = {name: part for name, part in template.items() if name != "$patch"}
    return {**kept, "metadata": {**about, "labels": labels}}


def released(template: Fields) -> dict[str, Any]:
    """A bare template without what a mere restart adds."""
    about = template["metadata"]
    notes = {k: v for k, v in (about.get("annotations") or {}).items() if k != RESTARTED}
    return {**template, "metadata": {**about, "annotations": notes}}


def image(template: Fields) -> str:
    containers = value(template, "spec.containers") or [{}]
    return containers[0].get("image", "")


CONTAINER = {
    "image": "image",
    "limits": "resources.limits",
    "requests": "resources.requests",
    "liveness probe": "livenessProbe",
    "readiness probe": "readinessProbe",
    "startup probe": "startupProbe",
}
SWITCHES = {"Deployment": PAUSED, "Rollout": PAUSED, "CronJob": SUSPENDED}
POD = {"node selector": "nodeSelector", "tolerations": "tolerations"}


def fields(one: Object | None) -> Iterator[tuple[str, str, JsonValue]]:
    """(name, pointer, value) of what can be set in a workload or a Service; None: not there."""
    if one and (name := SWITCHES.get(one.kind)):
        path = "suspend" if name == SUSPENDED else name
        yield name, f"/spec/{path}", one.get(f"spec.{path}")
    if one and one.kind == "Rollout":
        return
    if one is None or one.get("spec.template") is None:
        if one and one.kind == "Service":
            yield SELECTOR, "/spec/selector", one.get("spec.selector")
        return
    for number, container in enumerate(one.list("spec.template.spec.containers")):
        for what, path in CONTAINER.items():
            place = f"/spec/template/spec/containers/{number}/{path.replace('.', '/')}"
            yield f"{what} of {container['name']}", place, value(container, path)
    for what, path in POD.items():
        yield what, f"/spec/template/spec/{path}", one.get(f"spec.template.spec.{path}")


class Status(NamedTuple):
    """Where a rollout is."""

    done: bool
    failed: str
    said: str


def rollout(one: Object) -> Status:
    """As `kubectl rollout status` tells it: only what the controller has seen counts."""
    if one.kind == "CronJob":
        return Status(True, "", "")
    seen = one.number("status.observedGeneration") or 0
    if (one.number("metadata.generation") or 0) > seen and one.kind != "Canary":
        return Status(False, "", "its controller has not seen the change yet")
    if one.kind in ("Rollout", "Canary"):
        return _stepped(one)
    if one.condition("Progressing").get("reason") == "ProgressDeadlineExceeded":
        return Status(False, str(one.condition("Progressing").get("message")), "")

    def count(name: str) -> int:
        return int(one.number(f"status.{name}") or 0)

    if one.kind == "DaemonSet":
        wanted = there = count("desiredNumberScheduled")
        updated, up = count("updatedNumberScheduled"), count("numberAvailable")
    else:
        wanted, there = int(one.number("spec.replicas") or 0), count("replicas")
        updated, up = count("updatedReplicas"), count("availableReplicas")
    said = f"{updated} of {wanted} are new, {up} available, {max(0, there - updated)} old ones left"
    if one.kind == "StatefulSet" and one.text("spec.podManagementPolicy") != "Parallel":
        said += "; it waits for a pod that is broken and does not replace it: delete that by hand"
    return Status(updated >= wanted and up >= wanted and there <= updated, "", said)


def unreplaced(one: Object) -> str:
    """Why another template gives it no other pods, and what would; empty: it does."""
    strategy, place = one.fields("spec.updateStrategy"), f"{one.kind.lower()}/{one.name}"
    kept = value(strategy, "rollingUpdate.partition")
    why = "type OnDelete" if strategy.get("type") == "OnDelete" else kept and f"partition {kept}"
    how = f"set its updateStrategy (`kubectl edit -n {one.namespace} {place}`)"
    cure = f"{how}, or change it and delete its pods by hand"
    return f"{one.ref} keeps its pods as they are ({why}): {cure}" if why else ""


def _stepped(one: Object) -> Status:
    """The same of what is released step by step: through, or given up and back."""
    phase, why = one.text("status.phase"), one.text("status.message")
    said = canaries.told(one) or why
    if one.kind == "Canary":
        return Status(phase in ("Failed", "Initialized", "Succeeded"), "", said)
    if canaries.taken_back(one):
        up = (one.number("status.availableReplicas") or 0) >= (one.number("spec.replicas") or 0)
        left = one.number("status.canary.weights.canary.weight")
        left = one.number("status.updatedReplicas") if left is None else left
        return Status(up and not left, "", said)
    return Status(phase == "Healthy", why if phase == "Degraded" else "", said)


def switched(one: Object) -> bool:
    """Whether what it shall run was all that it ran, at some time since."""
    if one.kind != "Deployment":
        return rollout(one).done
    seen = (one.number("status.observedGeneration") or 0) >= (
        one.number("metadata.generation") or 0
    )
    return seen and one.condition("Progressing").get("reason") == "NewReplicaSetAvailable"
