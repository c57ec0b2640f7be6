"""What holds a workload's pods back: limits of CPU, memory and network that they meet."""

import re
from collections.abc import Iterator

from .objects import NOTHING, Container, Object, containers, quantity, texts, value, words
from .revisions import Change, last_change
from .snapshot import LOG, Snapshot
from .trouble import Sign, Trouble, wrong

TIGHT = 0.1
"""Cores below which a limit slows nearly any server."""
LATE = re.compile(r"deadline exceeded|timed? ?out|Client\.Timeout")
NEAR = 0.95
"""Share of its limit from which a container is throttled."""
FULL, AGAIN = 0.9, 3
"""Share of its limit from which memory is tight, and how often it says that it frees some."""
FREES = re.compile(
    r"(?i)\bfull gc\b|\bpause full\b|mark-compact|gc overhead|garbage collect\w* .*\b(?:took|paus)"
    r"|OutOfMemory|heap out of memory"
)
"""As the JVM, V8 and .NET log collections for which everything else stands still."""
HEAP = re.compile(r"[\w.]*OutOfMemory\w*[: \w]*|heap out of memory")

BANDWIDTH = ("kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth")
"""Bits per second, to which the bandwidth plugin holds each pod of a template."""
NARROW, MODEST = 2e6, 10e6
"""What answers of a server hardly pass, and what they may."""
SHAPED = re.compile(r"\btc\s+qdisc\s+(?:add|replace|change)\b[^;&|]*\bnetem\b[^;&|]*")
"""How a container delays or loses what its pod sends."""
PARTS = ("initContainers", "containers", "ephemeralContainers")
CUT = 4
"""How many times less memory since a change may be too little."""


def held_back(seen: Snapshot) -> Iterator[Trouble]:
    """By workload, from its template, its use and what it says."""
    for workload in seen.workloads:
        change = last_change(seen, workload)
        yield from _slow(seen, workload, change)
        tight = [*_tight(seen, workload)]
        yield from tight or _cut(workload, change)
        yield from _narrow(workload, change)
        yield from _shaped(seen, workload)


def _slow(seen: Snapshot, workload: Object, change: Change | None) -> Iterator[Trouble]:
    """Limits of CPU that its use meets, or that the last change made much lower."""
    for one in containers(workload, "spec.template.spec"):
        limit = one.resource("limits", "cpu")
        if limit is None:
            continue
        used = max((_used(seen, pod, one.name) for pod in seen.pods_of(workload)), default=0.0)
        lowered = change.container(one.name, "resources.limits.cpu") if change else None
        was = quantity(lowered[0]) if lowered else None
        met, cut = used >= NEAR * limit, bool(lowered) and (was is None or limit < was / 2)
        hurt = cut and any(_unwell(seen, pod, one.name) for pod in seen.pods_of(workload))
        if met or hurt or (cut and limit <= TIGHT) or limit <= TIGHT / 5:
            why = f"uses {used:g} cores of {limit:g}" if met else f"may use {limit:g} cores"
            why += f", {lowered[0] or 'unlimited'} before" if cut and lowered else ""
            text = str(value(one.spec, "resources.limits.cpu"))
            shown = (Sign(workload.ref, f"{one.name}.resources.limits.cpu", text),)
            surety = 0.95 if hurt else 0.8 if met or cut else 0.5
            yield wrong("throttled", workload, shown, surety, why, name=one.name)


def _unwell(seen: Snapshot, pod: Object, container: str) -> bool:
    """Whether a pod's container was not in time lately."""
    known = next((one for one in containers(pod) if one.name == container), None)
    late = any(LATE.search(event.message) for event in seen.events(pod, "Unhealthy"))
    return late or (known is not None and known.running and not known.ready)


def _used(seen: Snapshot, pod: Object, container: str, what: str = "cpu") -> float:
    """Cores or bytes, where metrics of pods were read."""
    metrics = seen.find("PodMetrics", pod.namespace, pod.name)
    for one in metrics.list("containers") if metrics else []:
        if one.get("name") == container:
            return quantity(value(one, f"usage.{what}")) or 0.0
    return 0.0


def _tight(seen: Snapshot, workload: Object) -> Iterator[Trouble]:
    """Memory that is as good as used up, where a container says that it frees some instead of
    working: a cache is full too, and nobody waits for it. What its runtime may take of it, only the
    runtime tells."""
    for pod in seen.pods_of(workload):
        for one in containers(pod):
            log = seen.find(LOG, pod.namespace, f"{pod.name}/{one.name}")
            lines = log.text("text").splitlines() if log is not None else []
            frees = [line[:300] for line in lines if FREES.search(line)]
            full = _full(seen, pod, one) or next((f[0] for f in map(HEAP.search, frees) if f), "")
            if log is not None and full and len(frees) >= AGAIN:
                shown = (Sign(pod.ref, "usage.memory", full), Sign(log.ref, "text", frees[-1]))
                shown = shown if "%" in full else shown[1:]
                yield wrong("memory-tight", workload, shown, 0.8, full, name=one.name)
                return


def _full(seen: Snapshot, pod: Object, one: Container) -> str:
    """How much of its limit of memory is used; empty while some is left."""
    limit, used = one.resource("limits", "memory"), _used(seen, pod, one.name, "memory")
    if not limit or used < FULL * limit:
        return ""
    return f"{used / limit:.0%} of {value(one.spec, 'resources.limits.memory')}"


def _cut(workload: Object, change: Change | None) -> Iterator[Trouble]:
    """Memory of which the last change left a small part: who caches less works more."""
    for one in containers(workload, "spec.template.spec") if change else ():
        was, now = (change and change.container(one.name, "resources.limits.memory")) or (
            None,
            None,
        )
        before, left = quantity(was), quantity(now)
        if before and left and left * CUT <= before:
            shown = (Sign(workload.ref, f"{one.name}.resources.limits.memory", str(now)),)
            yield wrong("memory-cut", workload, shown, 0.5, f"{now}, {was} before", name=one.name)


def _narrow(workload: Object, change: Change | None) -> Iterator[Trouble]:
    """Pods that may send or get so little that answers wait for it."""
    template = workload.fields("spec.template")
    was, held = (
        words(value(one, "metadata.annotations") or NOTHING)
        for one in (change.before.template if change else NOTHING, template)
    )
    for name in BANDWIDTH:
        bits, new = quantity(held.get(name)), change and was.get(name) != held.get(name)
        if bits is not None and (bits <= NARROW or (new and bits <= MODEST)):
            shown = (Sign(workload.ref, f"spec.template.metadata.annotations[{name}]", held[name]),)
            yield wrong("narrowed", workload, shown, 0.9, held[name], name=name)


def _shaped(seen: Snapshot, workload: Object) -> Iterator[Trouble]:
    """Pods whose own containers make their network worse; one that was added to a pod for looking
    into it stands in no template."""
    for one, path in (
        (workload, "spec.template.spec"),
        *((p, "spec") for p in seen.pods_of(workload)),
    ):
        for part in (part for kind in PARTS for part in one.list(f"{path}.{kind}")):
            told = " ".join((*texts(part.get("command")), *texts(part.get("args"))))
            if found := SHAPED.search(told):
                shown = (Sign(one.ref, f"containers[{part.get('name')}].command", told[:300]),)
                about = {"name": str(part.get("name")), "place": one.ref}
                yield wrong("shaped", workload, shown, 0.9, found[0].strip()[:160], **about)
                return
