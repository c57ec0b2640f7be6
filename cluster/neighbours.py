"""Who suffers from what else runs on a node: what takes its processor, and its proxy or network."""

from collections import defaultdict
from collections.abc import Iterator

from .nodes import EVERYWHERE
from .objects import Object, containers, quantity, ready, value
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, wrong

SEVERAL = 2
RELEASE = ("pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash")
"""Labels that say of which template a pod is."""
FULL, MOST = 0.9, 0.5
"""Share of a node's processor that is used, and of that what one pod takes."""


def neighbours(seen: Snapshot) -> Iterator[Trouble]:
    """By node."""
    for node in seen.nodes:
        pods = [pod for pod in seen.pods if pod.text("spec.nodeName") == node.name]
        yield from _noisy(seen, node, pods)
        yield from _parts(seen, node, pods)
    yield from _alone(seen)


def _noisy(seen: Snapshot, node: Object, pods: list[Object]) -> Iterator[Trouble]:
    whole = node.number("status.allocatable.cpu") or 0.0
    used, of = dict[str, float](), dict[str, list[Object]]()
    for pod in pods:
        ref = seen.top(pod).ref
        used[ref] = used.get(ref, 0.0) + _cores(seen, pod)
        of.setdefault(ref, []).append(pod)
    if not whole or not used:
        return
    measured = seen.find("NodeMetrics", "", node.name)
    total = measured.number("usage.cpu") if measured else sum(used.values())
    ref = max(used, key=lambda one: used[one])
    if total and total >= FULL * whole and used[ref] >= MOST * total and _unbounded(of[ref], whole):
        most, workload = used[ref], seen.top(of[ref][0])
        field = f"{most:.2f} of {whole:.2f} cores of {node.name}"
        shown = tuple(Sign(pod.ref, "usage.cpu", field) for pod in of[ref][:2])
        hurt = {*of, node.ref}
        why = f"{most:.1f} of {whole:.1f} cores, without a limit that would hold it"
        yield wrong("takes-all", workload, shown, 0.95, why, name=node.ref, victims=hurt)


def _unbounded(pods: list[Object], whole: float) -> bool:
    """Whether its limits leave it the node's processor."""
    limits = [one.resource("limits", "cpu") for pod in pods for one in containers(pod)]
    return any(one is None for one in limits) or sum(one or 0.0 for one in limits) >= FULL * whole


def _cores(seen: Snapshot, pod: Object) -> float:
    metrics = seen.find("PodMetrics", pod.namespace, pod.name)
    some = metrics.list("containers") if metrics else []
    return sum(quantity(value(one, "usage.cpu")) or 0.0 for one in some)


# What is unwell on one node alone.


def _alone(seen: Snapshot) -> Iterator[Trouble]:
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


def _parts(seen: Snapshot, node: Object, pods: list[Object]) -> Iterator[Trouble]:
    """What no pod of the node is reached, or reaches anything, without."""
    for pod in pods:
        owner = seen.top(pod)
        if owner.kind != "DaemonSet" or owner.name not in EVERYWHERE:
            continue
        for one in containers(pod):
            again = one.waiting.get("reason") == "CrashLoopBackOff"
            if again or (one.ended and not one.running and not one.ready):
                said = f"{one.waiting.get('reason') or ''} {one.ended.get('message') or ''}".strip()
                shown = (Sign(pod.ref, f"status.containerStatuses[{one.name}]", said[:300]),)
                hurt = {seen.top(other).ref for other in pods} | {node.ref}
                yield wrong("node-part", owner, shown, 0.9, said[:160], name=node.ref, victims=hurt)
