"""What is unwell, or not reached, on one node alone: then it is the node, whatever it is there."""

import re
from collections import defaultdict
from collections.abc import Iterator

from .objects import Object, ready
from .reaching import chosen
from .snapshot import LOG, Snapshot
from .trouble import Sign, Trouble, sign, wrong

SEVERAL = 2
RELEASE = ("pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash")
"""Labels that say of which template a pod is."""
STALLED = re.compile(
    r"(?i)(?:dial tcp|connect(?:ing|ion)?|ETIMEDOUT|SYN)\b.*\btim(?:ed|e).?out|\bETIMEDOUT\b"
    r"|dial tcp \S+ i/o timeout|timed out\b.*\bwhile connecting|no route to host"
)
"""Of a connection, for which only the network is asked; an answer may be late for other reasons."""
TO = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
CALLEES, LINES = 3, 200


def alone(seen: Snapshot) -> Iterator[Trouble]:
    """Several workloads whose pods of this release are well on every other node."""
    hurt, shown = defaultdict[str, set[str]](set), defaultdict[str, list[Sign]](list)
    yield from _not_reached(seen)
    for workload, pods in _by_release(seen):
        bad = [pod for pod in pods if not ready(pod)]
        nodes = {pod.text("spec.nodeName") for pod in bad}
        well = {pod.text("spec.nodeName") for pod in pods if ready(pod)}
        if len(nodes) == 1 and well - nodes and not well & nodes and min(nodes):
            hurt[min(nodes)].add(workload)
            shown[min(nodes)].append(sign(bad[0], "status.phase"))
    for name, some in hurt.items():
        node = seen.find("Node", "", name) or Object({"kind": "Node", "metadata": {"name": name}})
        if len(some) >= SEVERAL:
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


def _not_reached(seen: Snapshot) -> Iterator[Trouble]:
    """The one node that explains every connection that timed out: one of its ends is there."""
    calls = [*_stalled(seen)]
    callers = {seen.top(pod).ref for pod, *_ in calls}
    for node in seen.nodes if len(callers) >= SEVERAL else ():
        callees = {callee for _, callee, nodes, _ in calls if node.name in nodes}
        if len(callees) < CALLEES or not _explains(calls, node.name):
            continue
        if not any(_explains(calls, other.name) for other in seen.nodes if other is not node):
            shown = [shown for _, _, nodes, shown in calls if node.name in nodes]
            hurt = {seen.top(pod).ref for pod in seen.on(node.name)} | {node.ref}
            why = ", ".join(sorted(callees)[:4])
            yield wrong("stalls-towards", node, shown[:3], 0.8, why, victims=hurt)


Stalled = tuple[Object, str, set[str], Sign]


def _explains(calls: list[Stalled], node: str) -> bool:
    return all(node in nodes or pod.text("spec.nodeName") == node for pod, _, nodes, _ in calls)


def _stalled(seen: Snapshot) -> Iterator[Stalled]:
    """(pod that called, whom, on which nodes that runs, the line that says so)"""
    known = {pod.text("status.podIP"): (pod.ref, [pod]) for pod in seen.pods}
    for service in seen.of("Service"):
        known[service.text("spec.clusterIP")] = service.ref, chosen(seen, service)
    for log in seen.of(LOG):
        caller = seen.find("Pod", log.namespace, log.name.partition("/")[0])
        lines = log.text("text").splitlines()[-LINES:] if caller else []
        for line in filter(STALLED.search, lines):
            for address in TO.findall(line):
                if (to := known.get(address)) and caller and caller not in to[1]:
                    nodes = {pod.text("spec.nodeName") for pod in to[1]}
                    yield caller, to[0], nodes, Sign(log.ref, "text", line[:300])
