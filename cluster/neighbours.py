"""Who suffers from what else runs on a node: what takes its processor, and its proxy or network."""

from collections.abc import Iterator
from dataclasses import replace

from .given import says
from .last_words import last_words, said
from .nodes import EVERYWHERE
from .objects import Container, Object, containers, quantity, value
from .snapshot import Snapshot
from .trouble import Sign, Trouble, wrong

FULL, MOST = 0.9, 0.5
"""Share of a node's processor that is used, and of that what one pod takes."""


def neighbours(seen: Snapshot) -> Iterator[Trouble]:
    """By node."""
    for node in seen.nodes:
        pods = [pod for pod in seen.pods if pod.text("spec.nodeName") == node.name]
        yield from _noisy(seen, node, pods)
        yield from _parts(seen, node, pods)


def _noisy(seen: Snapshot, node: Object, pods: list[Object]) -> Iterator[Trouble]:
    whole = node.number("status.allocatable.cpu") or 0.0
    used = {pod.ref: (_cores(seen, pod), pod) for pod in pods}
    if not whole or not used:
        return
    measured = seen.find("NodeMetrics", "", node.name)
    total = measured.number("usage.cpu") if measured else sum(u for u, _ in used.values())
    most, pod = max(used.values(), key=lambda one: one[0])
    unbounded = any(one.resource("limits", "cpu") is None for one in containers(pod))
    if total and total >= FULL * whole and most >= MOST * total and unbounded:
        workload = seen.top(pod)
        shown = (Sign(pod.ref, "usage.cpu", f"{most:.2f} of {whole:.2f} cores of {node.name}"),)
        hurt = {seen.top(other).ref for other in pods} | {node.ref}
        why = f"{most:.1f} of {whole:.1f} cores, without a limit"
        yield wrong("takes-all", workload, shown, 0.95, why, name=node.ref, victims=hurt)


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
        yield wrong("node-part", part, shown, 0.9, why[:160], name=node.ref, victims=hurt)


def _part(seen: Snapshot, pod: Object) -> bool:
    owner = seen.top(pod)
    return owner.kind == "DaemonSet" and owner.name in EVERYWHERE


def _down(one: Container) -> bool:
    again = one.waiting.get("reason") == "CrashLoopBackOff"
    return again or bool(one.ended and not one.running and not one.ready)
