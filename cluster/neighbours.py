"""Who suffers from what else runs on a node: what takes its processor, and its proxy or network."""

from collections.abc import Iterator
from dataclasses import replace

from .given import says
from .last_words import last_words, said
from .nodes import EVERYWHERE
from .objects import Container, Object, containers, quantity, ready, value
from .snapshot import Snapshot
from .trouble import Sign, Trouble, wrong

FULL, MOST = 0.9, 0.5
"""Share of a node's processor that is used, and of that what one pod takes."""


def neighbours(seen: Snapshot) -> Iterator[Trouble]:
    """By node."""
    for node in seen.nodes:
        pods = seen.on(node.name)
        yield from _noisy(seen, node, pods)
        yield from _parts(seen, node, pods)


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


def _parts(seen: Snapshot, node: Object, pods: list[Object]) -> Iterator[Trouble]:
    """What no pod of the node is reached, or reaches anything, without: the proxy before those that
    only miss a Service's address."""
    parts = [pod for pod in pods if _part(seen, pod)]
    broken = [(pod, one) for pod in parts for one in containers(pod) if _down(one)]
    hurt = frozenset(seen.top(other).ref for other in pods) | {node.ref}
    within = {one.text("spec.clusterIP") for one in seen.of("Service")} - {"", "None"}
    lead = [
        (pod, one)
        for pod, one in broken
        if not any(says(text, ip) for text, _sign in said(seen, pod, one) for ip in within)
    ]
    for pod, one in lead or broken:
        if trouble := last_words(seen, pod, one):
            yield replace(trouble, victims=trouble.victims | hurt, surety=0.95)
            continue
        why = f"{one.waiting.get('reason') or ''} {one.ended.get('message') or ''}".strip()
        shown = (Sign(pod.ref, f"status.containerStatuses[{one.name}]", why[:300]),)
        part = seen.top(pod)
        place = node.ref if _elsewhere(seen, part, pod) else part.ref
        yield wrong(
            "node-part", part, shown, 0.9, why[:160], name=node.ref, place=place, victims=hurt
        )


def _elsewhere(seen: Snapshot, part: Object, pod: Object) -> bool:
    """Whether all its other pods are well with the same template: then this node differs."""
    others = [one for one in seen.pods_of(part) if one is not pod]
    same = {one.labels.get("controller-revision-hash") for one in (pod, *others)}
    return len(others) > 1 and len(same) == 1 and all(map(ready, others))


def _part(seen: Snapshot, pod: Object) -> bool:
    owner = seen.top(pod)
    return owner.kind == "DaemonSet" and owner.name in EVERYWHERE


def _down(one: Container) -> bool:
    again = one.waiting.get("reason") == "CrashLoopBackOff"
    return again or bool(one.ended and not one.running and not one.ready)
