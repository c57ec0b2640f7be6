"""Pods that have no node: which one thing, put right, would give them one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from .fitting import OWN, ROLES, Obstacle, Room, wanted
from .objects import Object, mappings, quantity, value, words
from .revisions import last_change
from .snapshot import MIRROR, Snapshot
from .trouble import Sign, Trouble, sign, told, wrong

CAUSES = {
    "cordon": "cordoned",
    "taint": "tainted",
    "selector": "selector-matches-no-node",
    "affinity": "selector-matches-no-node",
    "apart": "kept-apart",
    "held-off": "held-off",
    "together": "no-company",
    "spread": "spread",
    "ports": "port-taken",
    "volume": "volume-elsewhere",
    "room": "no-room",
}
ORDER = list(CAUSES)
"""Of two that would both do, the one that somebody set by hand comes first."""
NAMED = {
    "cordon": r"unschedulable",
    "taint": r"untolerated taint \{(?P<detail>[^:}]+)",
    "selector": r"didn't match Pod's node affinity/selector",
    "apart": r"didn't match pod anti-affinity rules",
    "held-off": r"didn't (?:satisfy|match) existing pods anti-affinity rules",
    "together": r"didn't match pod affinity rules",
    "spread": r"didn't match pod topology spread constraints",
    "ports": r"didn't have free ports",
    "volume": r"volume node affinity conflict",
    "room": r"Insufficient (?P<detail>\S+)|Too many pods",
}
"""The scheduler's words, for where nodes were not read."""
COUNTED = re.compile(r"\b(\d+) ([A-Z\w(][^,]*?)(?=, |\.(?:\s|$)|$)")
"""How many nodes, and their obstacle."""
PLACED = ("volume", "selector", "affinity")
"""What other nodes lack of themselves, where the one that would do is cordoned."""
BY_WORDS = 0.75
"""It is known that the pod waits for this, and not what should be put right."""
VOLUMES = re.compile(r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim \"", re.I)


def not_scheduled(seen: Snapshot) -> Iterator[Trouble]:
    """Pending pods without a node, told by what would help them."""
    room, waiting = Room(seen), [pod for pod in seen.pods if _waits(pod)]
    by_workload: dict[str, list[Object]] = defaultdict(list)
    for pod in waiting:
        by_workload[seen.top(pod).ref].append(pod)
    for pods in by_workload.values():
        yield from _of(seen, room, pods[0], frozenset({seen.top(pods[0]).ref}))
    yield from _nowhere(seen)


def _nowhere(seen: Snapshot) -> Iterator[Trouble]:
    """Pods that name their node themselves, past the scheduler, and there is none of that name."""
    for pod in seen.pods:
        name, workload = pod.text("spec.nodeName"), seen.top(pod)
        asked = pod is workload or workload.get("spec.template.spec.nodeName") == name
        waits = pod.text("status.phase") == "Pending" and asked
        if waits and name and seen.missing("Node", "", name):
            yield wrong("node-unknown", workload, (sign(pod, "spec.nodeName"),), 0.95, name=name)


def _waits(pod: Object) -> bool:
    return pod.text("status.phase") in ("Pending", "") and not pod.text("spec.nodeName")


def _of(seen: Snapshot, room: Room, pod: Object, victims: frozenset[str]) -> Iterator[Trouble]:
    workload, signs = seen.top(pod), _signs(seen, pod)
    if gates := pod.list("spec.schedulingGates"):
        gate, name = (
            (sign(pod, "spec.schedulingGates"),),
            ", ".join(str(g.get("name")) for g in gates),
        )
        yield wrong("gated", workload, gate, 1.0, name=name, victims=victims)
        return
    if not signs and (found := _unheard(seen, pod, victims)):
        yield found
        return
    if any(VOLUMES.search(one.value) for one in signs):
        return  # its claims are looked at by themselves
    blamed = [*_blamed(room, pod, seen.nodes)]
    for obstacle, nodes in blamed:
        yield _trouble(seen, pod, obstacle, nodes, signs, victims)
    if not blamed:
        yield from _by_words(seen, workload, signs, victims)


def _signs(seen: Snapshot, pod: Object) -> tuple[Sign, ...]:
    """What the scheduler says."""
    events = [told(pod, event) for event in seen.events(pod, "FailedScheduling")[:1]]
    message = str(pod.condition("PodScheduled").get("message") or "")
    field = "status.conditions[PodScheduled].message"
    return (*([Sign(pod.ref, field, message[:400])] if message else []), *events)


def _unheard(seen: Snapshot, pod: Object, victims: frozenset[str]) -> Trouble | None:
    """No scheduler has said anything about it: whose it is does not work, or is not there."""
    name, workload = pod.text("spec.schedulerName") or "default-scheduler", seen.top(pod)
    if name == "default-scheduler":
        return None  # the control plane is looked at by itself
    if any(name in one.name for one in (*seen.pods, *seen.workloads)):
        return None
    shown = (sign(pod, "spec.schedulerName"),)
    return wrong("scheduler-unknown", workload, shown, 0.9, name=name, victims=victims)


def _by_words(
    seen: Snapshot, workload: Object, signs: tuple[Sign, ...], victims: frozenset[str]
) -> Iterator[Trouble]:
    """What the scheduler says, where nodes or volumes were not read."""
    counted, named = Counter[str](), dict[str, str]()
    for number, words_ in COUNTED.findall(signs[-1].value if signs else ""):
        for kind, pattern in NAMED.items():
            match = re.search(pattern, words_)
            detail = match and ("pods" if "Too many" in words_ else match.groupdict().get("detail"))
            if match and detail not in ROLES:
                counted[kind] = max(counted[kind], int(number))
                named.setdefault(kind, detail or kind)
    if counted:
        hand = "cordon" in counted and {*counted} <= {"cordon", *PLACED}
        kind = "cordon" if hand else max(counted, key=lambda k: (counted[k], -ORDER.index(k)))
        closed = [one.ref for one in seen.nodes if one.get("spec.unschedulable") is True]
        place = closed[0] if kind == "cordon" and len(closed) == 1 else workload.ref
        about = {"name": named[kind], "place": place, "victims": victims}
        yield wrong(CAUSES[kind], workload, signs, BY_WORDS, **about)


def _blamed(
    room: Room, pod: Object, nodes: list[Object]
) -> Iterator[tuple[Obstacle, list[Object]]]:
    """The obstacle that alone keeps it from most nodes; where each node has several, the one that
    stands on most nodes."""
    found = {node.ref: room.obstacles(pod, node) for node in nodes}
    ordinary = {ref: some for ref, some in found.items() if not _role(some)} or found
    if not all(ordinary.values()):
        return  # a node takes it: it has not been tried there yet
    alone = Counter(_key(some[0]) for some in ordinary.values() if len({*map(_key, some)}) == 1)
    every = Counter(key for some in ordinary.values() for key in {*map(_key, some)})
    ranked = sorted(alone or every, key=lambda key: (-(alone or every)[key], ORDER.index(key[0])))
    if not ranked:
        return
    hand = [key for key in alone if key[0] in ("cordon", "taint")]
    key = min(hand or ranked[:1], key=lambda k: (ORDER.index(k[0]), -every[k]))
    hit = [node for node in nodes if key in {*map(_key, found[node.ref])}]
    one = next(o for node in hit for o in found[node.ref] if _key(o) == key)
    yield one, [node for node in hit if node.ref in ordinary]


def _key(obstacle: Obstacle) -> tuple[str, str]:
    """Cordons of several nodes are one obstacle."""
    return obstacle.kind, "" if obstacle.kind == "cordon" else obstacle.detail


def _role(some: list[Obstacle]) -> bool:
    return any(one.kind == "taint" and one.detail in ROLES for one in some)


def _trouble(
    seen: Snapshot,
    pod: Object,
    obstacle: Obstacle,
    nodes: list[Object],
    signs: tuple[Sign, ...],
    victims: frozenset[str],
) -> Trouble:
    workload, cause = seen.top(pod), CAUSES[obstacle.kind]
    place, more = workload.ref, ()
    if obstacle.kind == "cordon":
        place, more = nodes[0].ref, tuple(sign(node, "spec.unschedulable") for node in nodes)
    elif obstacle.kind == "taint":
        cause, place, more = _tainted(seen, workload, obstacle, nodes)
    elif obstacle.kind in ("selector", "affinity"):
        place, more = _selected(seen, pod, workload, obstacle)
    elif obstacle.kind == "room":
        cause, place, more = _crowded(seen, pod, obstacle)
    elif obstacle.kind in ("volume", "held-off"):
        place, more = obstacle.detail, ()
    names = ", ".join(node.name for node in nodes[:5])
    shown, about = (*more, *signs), {"name": obstacle.detail, "place": place, "victims": victims}
    return wrong(cause, workload, shown, 0.9, names, **about)


def _tainted(
    seen: Snapshot, workload: Object, obstacle: Obstacle, nodes: list[Object]
) -> tuple[str, str, tuple[Sign, ...]]:
    """A taint that the control plane set tells of the node's trouble; one by hand is the node's
    where others stand pending too or older pods of the workload run there, else a toleration is
    missing."""
    signs = tuple(sign(node, "spec.taints") for node in nodes[:3])
    if obstacle.detail.startswith(OWN):
        return "tainted-by-itself", nodes[0].ref, signs
    change = last_change(seen, workload)
    lost = change is not None and change.at("tolerations") is not None
    return ("tainted", workload.ref if lost else nodes[0].ref, signs)


def _selected(
    seen: Snapshot, pod: Object, workload: Object, obstacle: Obstacle
) -> tuple[str, tuple[Sign, ...]]:
    """The selector is wrong, or a node lost its label: where older pods of it run, the node."""
    change = last_change(seen, workload)
    new = change is not None and bool(change.at("nodeSelector") or change.at("affinity"))
    path = "spec.nodeSelector" if obstacle.kind == "selector" else "spec.affinity.nodeAffinity"
    if not new:
        for other in seen.pods_of(workload):
            node = seen.find("Node", "", other.text("spec.nodeName"))
            if node and other.get(path) == pod.get(path) and _without(node, pod):
                return node.ref, (sign(pod, path), sign(node, "metadata.labels"))
        if node := _twin(seen, pod):
            return node.ref, (sign(pod, path), sign(node, "metadata.labels"))
    return workload.ref, (sign(pod, path),)


def _twin(seen: Snapshot, pod: Object) -> Object | None:
    """The one node that lacks the label and offers the same rare resource (a GPU) as those that
    have it; None where there is none, or several."""
    with_, without = list[Object](), list[Object]()
    for node in seen.nodes:
        (without if _without(node, pod) else with_).append(node)
    rare = {name for node in with_ for name in node.fields("status.allocatable") if "/" in name}
    alike = [n for n in without if rare & {*n.fields("status.allocatable")}]
    return alike[0] if len(alike) == 1 else None


def _without(node: Object, pod: Object) -> bool:
    wanted_ = words(pod.fields("spec.nodeSelector"))
    return any(node.labels.get(key) != text for key, text in wanted_.items())


def _crowded(seen: Snapshot, pod: Object, obstacle: Obstacle) -> tuple[str, str, tuple[Sign, ...]]:
    """It asks for more than any node has, or others hold what there is."""
    workload, resource = seen.top(pod), obstacle.detail
    asks = tuple(
        Sign(pod.ref, f"resources.requests.{resource}", f"{amount:g}")
        for name, amount in wanted(pod).items()
        if name == resource
    )
    if obstacle.never:
        return "asks-too-much", workload.ref, asks
    hog = _hog(seen, pod, resource)
    if hog is None:
        return "no-room", workload.ref, asks
    if hog.ref == workload.ref:
        return "asks-too-much", workload.ref, asks
    held = sum(wanted(p).get(resource, 0.0) for p in seen.pods_of(hog))
    return "crowded-out", hog.ref, (*asks, Sign(hog.ref, f"requests.{resource}", f"{held:g}"))


def _hog(seen: Snapshot, pod: Object, resource: str) -> Object | None:
    """Whoever took room last that this pod needs: a workload that is new, or whose last change asks
    for more."""
    needed, found = wanted(pod).get(resource, 0.0), list[tuple[float, str, Object]]()
    running = (pod for pod in seen.pods if MIRROR not in pod.annotations)
    for one in {one.ref: one for one in map(seen.top, running)}.values():
        more, at = _more(seen, one, resource)
        if more >= needed > 0:
            found.append((at, one.ref, one))
    return max(found)[2] if found else None


def _more(seen: Snapshot, workload: Object, resource: str) -> tuple[float, float]:
    """(what its pods ask for since the last change and did not before, when that was)"""
    pods, change = seen.pods_of(workload), last_change(seen, workload)
    if change is None:
        held = sum(wanted(p).get(resource, 0.0) for p in pods if p.text("spec.nodeName"))
        return held, workload.created or 0.0
    before, now = (
        sum(
            quantity(value(one, f"resources.requests.{resource}")) or 0.0
            for one in mappings(value(side.template, "spec.containers"))
        )
        for side in (change.before, change.now)
    )
    return (now - before) * len(pods), change.now.created or 0.0
