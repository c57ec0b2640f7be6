"""What is unwell on one node alone: then it is the node, whatever it is there."""

from collections import defaultdict
from collections.abc import Iterator

from .objects import Object, ready
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, wrong

SEVERAL = 2
RELEASE = ("pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash")
"""Labels that say of which template a pod is."""


def alone(seen: Snapshot) -> Iterator[Trouble]:
    """Several workloads whose pods of this release are well on every other node."""
    hurt, shown = defaultdict[str, set[str]](set), defaultdict[str, list[Sign]](list)
    for workload, pods in _by_release(seen):
        bad = [pod for pod in pods if not ready(pod)]
        nodes = {pod.text("spec.nodeName") for pod in bad}
        well = {pod.text("spec.nodeName") for pod in pods if ready(pod)}
        if len(nodes) == 1 and well - nodes and not well & nodes and min(nodes):
            hurt[min(nodes)].add(workload)
            shown[min(nodes)].append(sign(bad[0], "status.phase"))
    for name, some in hurt.items():
        if len(some) >= SEVERAL and (node := seen.find("Node", "", name)):
            why = ", ".join(sorted(some)[:4])
            yield wrong("unwell-on-it", node, shown[name][:4], 0.8, why, victims={*some, node.ref})


def _by_release(seen: Snapshot) -> Iterator[tuple[str, list[Object]]]:
    """(workload, its pods of one template)"""
    found = defaultdict[tuple[str, str], list[Object]](list)
    for pod in seen.pods:
        if pod.text("spec.nodeName") and not pod.get("metadata.deletionTimestamp"):
            release = next((pod.labels[key] for key in RELEASE if key in pod.labels), "")
            found[seen.top(pod).ref, release].append(pod)
    yield from ((ref, pods) for (ref, _), pods in found.items())
