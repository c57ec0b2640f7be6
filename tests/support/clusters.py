"""A small cluster as the API would tell it, made of plain objects; what a test changes is given."""

import json
from pathlib import Path
from typing import Any

from warroom.cluster.objects import Object
from warroom.cluster.ranking import Ranked, troubles
from warroom.cluster.snapshot import Snapshot

AT = "2026-11-30T10:00:00Z"


def made(kind: str, name: str, namespace: str = "shop", **parts: Any) -> dict[str, Any]:
    """An object of a kind; `metadata` is added to."""
    metadata = {"name": name, "creationTimestamp": AT, **parts.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    return {"kind": kind, "metadata": metadata, **parts}


def owned(by: dict[str, Any]) -> dict[str, Any]:
    """Metadata of what an object controls."""
    link = {"kind": by["kind"], "name": by["metadata"]["name"], "controller": True}
    return {"ownerReferences": [link]}


def node(name: str, cpu: str = "4", **spec: Any) -> dict[str, Any]:
    """A node that is well."""
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    status = {
        "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"},
        "conditions": [ready],
    }
    labels = {"labels": {"kubernetes.io/hostname": name}}
    return made("Node", name, "", metadata=labels, spec=spec, status=status)


def workload(name: str, *, replicas: int = 1, pods: int | None = None, **container: Any):
    """(Deployment, its ReplicaSet, running pods) of one container; `pod` adds to the pod's spec."""
    more, status = container.pop("pod", {}), container.pop("status", None)
    labels = {"app": name}
    one = {"name": name, "image": f"registry.example.org/{name}:v1", **container}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [one], **more}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    deployment = made("Deployment", name, spec=spec)
    there = replicas if pods is None else pods
    of = {**owned(deployment), "annotations": {"deployment.kubernetes.io/revision": "1"}}
    replica = made("ReplicaSet", f"{name}-1", metadata=of, spec=spec, status={"replicas": there})
    running = [
        made(
            "Pod",
            f"{name}-1-{n}",
            metadata={**owned(replica), "labels": labels},
            spec={"nodeName": "n1", "containers": [one], **more},
            status={"phase": "Running", "containerStatuses": [status or well(name)]},
        )
        for n in range(there)
    ]
    return [deployment, replica, *running]


def well(name: str) -> dict[str, Any]:
    """The status of a container that runs and is ready."""
    state = {"running": {"startedAt": AT}}
    return {"name": name, "ready": True, "restartCount": 0, "state": state}


def pending(objects: list[dict[str, Any]], message: str = "") -> list[dict[str, Any]]:
    """The same with pods that have no node."""
    for one in objects:
        if one["kind"] == "Pod":
            one["spec"].pop("nodeName", None)
            condition = {"type": "PodScheduled", "status": "False", "message": message or "0/1"}
            one["status"] = {"phase": "Pending", "conditions": [condition]}
    return objects


def service(name: str, port: Any = 80, target: Any = 8080, **selector: str) -> dict[str, Any]:
    """A service of one port."""
    spec = {"selector": selector or {"app": name}, "ports": [{"port": port, "targetPort": target}]}
    return made("Service", name, spec=spec)


def event(about: dict[str, Any], reason: str, message: str) -> dict[str, Any]:
    """What is told of an object."""
    metadata = about["metadata"]
    to = {"kind": about["kind"], "name": metadata["name"], "namespace": metadata.get("namespace")}
    name = f"{metadata['name']}.{reason.lower()}"
    told = {"reason": reason, "message": message, "lastTimestamp": AT, "type": "Warning"}
    return made("Event", name, involvedObject=to, **told)


def dump(folder: Path, *objects: Any) -> Path:
    """These as `kubectl get … -o json` writes them."""
    flat = [one for some in objects for one in (some if isinstance(some, list) else [some])]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objects.json").write_text(json.dumps({"kind": "List", "items": flat}, indent=1))
    return folder


def seen(*objects: Any) -> list[Ranked]:
    """The troubles of a cluster of these."""
    flat = [one for some in objects for one in (some if isinstance(some, list) else [some])]
    return troubles(Snapshot(map(Object, flat)))


def first(*objects: Any) -> tuple[str, str]:
    """(cause, object) of the first trouble; empty: nothing is wrong."""
    found = seen(*objects)
    return (found[0].trouble.cause, found[0].trouble.object) if found else ("", "")
