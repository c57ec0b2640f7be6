"""What the beats of nodes tell: a clock that is off, a way to a node that loses some of them."""

from collections.abc import Iterator, Mapping
from statistics import median

from .objects import Object, containers, seconds, value
from .snapshot import MIRROR, SYSTEM, Snapshot
from .trouble import Sign, Trouble, sign, wrong

OFF_S = 30.0
"""What no two clocks that are kept differ by, with all that lies between two stamps."""
LATE_S = 100.0
"""A lease that old would have made its node NotReady (40 s) twice, by the controller's clock."""
SOON_S = 1800.0
"""How long after it came back a node that was lost again and again is not trusted."""
OFTEN, DAY_S = 2, 86400.0


def beats(seen: Snapshot) -> Iterator[Trouble]:
    """By node, also where only its lease was read."""
    leases = {one.name: one for one in seen.of("Lease", "kube-node-lease")}
    for name in sorted({*leases, *(node.name for node in seen.nodes)}):
        yield from _clock(seen, name, leases)
    for node in seen.nodes:
        yield from _lost_again(seen, node)


def _clock(seen: Snapshot, name: str, leases: Mapping[str, Object]) -> Iterator[Trouble]:
    """Its kubelet stamps what it starts and renews; the API server what it stores."""
    known = {n: at for n, one in leases.items() if (at := seconds(one.get("spec.renewTime")))}
    usual = median(known.values()) if len(known) > 1 else 0.0
    off = known[name] - usual if usual and name in known else None
    shown = () if off is None else (sign(leases[name], "spec.renewTime"),)
    started = _started(seen, name) if off is None or off < -OFF_S else None
    if started:
        off, shown = started[0], (started[1], *shown)
    if off is None or not (started or off > OFF_S or _trusted(seen, name, off, usual)):
        return
    why = f"{abs(off):.0f} s {'ahead' if off > 0 else 'behind'}"
    hurt = frozenset({seen.top(pod).ref for pod in seen.on(name)} | {f"Node {name}"})
    said = {"name": name, "why": why, "workload": min(hurt)}
    yield Trouble("clock-off", f"Node {name}", shown, hurt, 0.9, said)


def _started(seen: Snapshot, name: str) -> tuple[float, Sign] | None:
    """Started before it was made, which only another clock can say. Static pods are older than what
    the API knows of them, and what is long ago may be mended since."""
    for pod in seen.on(name):
        if not pod.created or MIRROR in pod.annotations or seen.at - pod.created > DAY_S:
            continue
        times = {"status.startTime": pod.get("status.startTime")}
        for one in containers(pod):
            times[f"{one.name}.startedAt"] = value(one.status, "state.running.startedAt")
        for field, text in times.items():
            if (at := seconds(text)) and OFF_S < pod.created - at < DAY_S:
                made = pod.text("metadata.creationTimestamp")
                return at - pod.created, Sign(pod.ref, field, f"{text}, and it was made at {made}")
    return None


def _trusted(seen: Snapshot, name: str, off: float, usual: float) -> bool:
    """Whether it is held for ready although its lease is old: that the controller tells by when the
    lease changes, and not by what stands in it."""
    node, judge = seen.find("Node", "", name), seen.find("Lease", SYSTEM, "kube-controller-manager")
    judged = seconds(judge.get("spec.renewTime")) if judge else None
    awake = judge is None or (judged or 0.0) > usual - LATE_S
    ready = node is not None and node.condition("Ready").get("status") == "True"
    return ready and awake and off < -LATE_S


def _lost_again(seen: Snapshot, node: Object) -> Iterator[Trouble]:
    """Ready, and NotReady more than once lately: its beats do not come through in time."""
    lost = [e for e in seen.events(node, "NodeNotReady") if seen.at - e.last < SOON_S]
    times = sum(event.count for event in lost)
    state = node.condition("Ready")
    if times < OFTEN or state.get("status") != "True":
        return
    since = f"True since {state.get('lastTransitionTime')}, {times:g} times NotReady before"
    shown = (Sign(node.ref, "status.conditions[Ready]", since),)
    hurt = {seen.top(pod).ref for pod in seen.on(node.name)} | {node.ref}
    yield wrong("node-lost-again", node, shown, 0.85, f"{times:g} times", victims=hurt)
