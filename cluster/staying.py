"""Pods that started and do not stay up, or are never ready: memory, probes, commands, evictions."""

import re
from collections import defaultdict
from collections.abc import Iterator

from .last_words import last_words
from .objects import NOTHING, Container, Fields, Object, containers, quantity, seconds, texts, value
from .revisions import last_change
from .snapshot import Snapshot, Told
from .starting import COMMAND
from .trouble import Sign, Trouble, told, wrong

MEMORY = "OOMKilled"
ENDS = {0: "ends-by-itself", 126: "command-wrong", 127: "command-wrong"}
PROBES = ("liveness", "readiness", "startup")
OVER_S = 1800.0
"""What ended so long before the snapshot, and runs since, is over."""
LONG_S = 180.0
"""From which what prepares a pod does not come to its end."""
FEW = 2
"""Restarts below which a crash is no loop, unless it waits to be started again."""
TLS = re.compile(
    r"HTTP response to HTTPS client|malformed HTTP response|first record does not look"
)
UNABLE = re.compile(r"statuscode: 5\d\d")
SLOW = re.compile(r"deadline exceeded|timed? ?out|Client\.Timeout")
EVICTED = re.compile(r"low on resource: (?P<what>[\w.-]+)|(?P<over>exceed\w* .*limit.*)", re.I)


def not_staying(seen: Snapshot) -> Iterator[Trouble]:
    """By workload and container: what ends its pods, or keeps them from being ready."""
    told_already: set[tuple[str, str]] = set()
    for pod in seen.pods:
        for one in containers(pod):
            for trouble in _container(seen, pod, one):
                if (trouble.cause, trouble.object) not in told_already:
                    told_already.add((trouble.cause, trouble.object))
                    yield trouble
    yield from _evicted(seen)


def _container(seen: Snapshot, pod: Object, one: Container) -> Iterator[Trouble]:
    probes = list(_probes(seen, pod, one))
    yield from probes
    if one.running and not one.ready and (said := last_words(seen, pod, one)):
        yield said
    elif one.init and one.running and _waits_long(seen, one):
        yield wrong("init-waits", seen.top(pod), (_ended(pod, one),), 0.5, name=one.name)
    if _over(seen, one):
        return
    again = one.waiting.get("reason") == "CrashLoopBackOff" or one.restarts >= FEW
    if one.ended and (again or (one.init and one.ended.get("exitCode") not in (0, None))):
        if one.ended.get("reason") == MEMORY:
            yield _memory(seen, pod, one)
        elif spoken := last_words(seen, pod, one):
            yield spoken
        elif not any(probe.cause != "not-ready" for probe in probes):
            yield _crash(seen, pod, one)


def _over(seen: Snapshot, one: Container) -> bool:
    """Whether it ended long ago and runs since, whatever keeps it from being ready now."""
    at = seconds(one.ended.get("finishedAt"))
    return one.running and at is not None and seen.at - at > OVER_S


def _waits_long(seen: Snapshot, one: Container) -> bool:
    """Whether what prepares a pod runs on and on; one that always restarts is a sidecar."""
    at = seconds(value(one.status, "state.running.startedAt"))
    long = at is not None and seen.at - at > LONG_S
    return long and one.spec.get("restartPolicy") != "Always"


def _memory(seen: Snapshot, pod: Object, one: Container) -> Trouble:
    """Over its own limit; without a limit the node's memory ran out."""
    workload, limit = seen.top(pod), one.resource("limits", "memory")
    place = workload.ref if limit else f"Node {pod.text('spec.nodeName')}"
    asked = str(value(one.spec, "resources.limits.memory") or "no limit")
    signs = (_ended(pod, one), Sign(workload.ref, f"{one.name}.resources.limits.memory", asked))
    change = last_change(seen, workload)
    lowered = change.container(one.name, "resources.limits.memory") if change else None
    why = f"before the last change it was {lowered[0]}" if lowered else ""
    said = {"name": one.name, "why": why, "limit": asked, "workload": workload.ref}
    cause = "out-of-memory" if limit else "node-out-of-memory"
    return Trouble(cause, place, signs, frozenset({workload.ref}), 1.0, said)


def _crash(seen: Snapshot, pod: Object, one: Container) -> Trouble:
    workload, code = seen.top(pod), one.ended.get("exitCode")
    always = (pod.text("spec.restartPolicy") or "Always") == "Always"
    cause = ENDS.get(code if isinstance(code, int) else -1, "crashes")
    if COMMAND.search(str(one.ended.get("message") or "")):
        cause = "command-wrong"
    if cause == "ends-by-itself" and (not always or one.init):
        cause = "crashes"
    why = f"with code {code}{_changed(seen, workload, one)}"
    signs: list[Sign] = [_ended(pod, one)]
    signs += [told(pod, event) for event in seen.events(pod, "BackOff")[:1]]
    surety = 0.9 if cause != "crashes" else 0.7
    return wrong(cause, workload, signs, surety, why, name=one.name)


def _changed(seen: Snapshot, workload: Object, one: Container) -> str:
    """What of the container is new, in words; the values stay out: they may be secrets."""
    change = last_change(seen, workload)
    parts = ("image", "command", "args", "env", "envFrom", "resources", "securityContext")
    new = [part for part in parts if change and change.container(one.name, part)]
    return f"; its last change was of {', '.join(new)}" if new else ""


def _ended(pod: Object, one: Container) -> Sign:
    ended = one.ended
    text = f"{ended.get('reason') or ''} {ended.get('exitCode')} {ended.get('message') or ''}"
    return Sign(
        pod.ref,
        f"lastState.terminated[{one.name}]",
        f"{text.strip()[:300]}, {one.restarts} restarts",
    )


# Probes.


def _probes(seen: Snapshot, pod: Object, one: Container) -> Iterator[Trouble]:
    """Of each probe that fails: its port, its protocol, its path, its timing, or what it asks."""
    for kind in PROBES:
        spec = one.spec.get(f"{kind}Probe")
        failing = [e for e in seen.events(pod, "Unhealthy") if e.message.lower().startswith(kind)]
        if not isinstance(spec, dict) or not (failing or _unready(pod, one, kind)):
            continue
        if kind != "readiness" and not (failing and one.restarts):
            continue
        if kind == "readiness" and one.ready:
            continue
        yield _probe(seen, pod, one, kind, spec, failing)


def _unready(pod: Object, one: Container, kind: str) -> bool:
    return kind == "readiness" and one.running and not one.ready and not one.restarts


def _probe(
    seen: Snapshot, pod: Object, one: Container, kind: str, spec: Fields, failing: list[Told]
) -> Trouble:
    workload, text = seen.top(pod), failing[0].message if failing else ""
    change = last_change(seen, workload)
    new = change is not None and change.container(one.name, f"{kind}Probe") is not None
    cause, why = _why(one, kind, spec, text)
    if cause == "probe-path" and UNABLE.search(text) and not new:
        cause = "not-ready"  # the path is there: whoever answers says that it cannot
    if cause == "probe-port" and kind == "readiness" and not new and _listens(one, spec):
        cause = "not-ready"  # it will listen there once it has what it waits for
    signs = (
        Sign(workload.ref, f"{one.name}.{kind}Probe", str(dict(spec))[:300]),
        *(told(pod, event) for event in failing[:1]),
    )
    surety = min(1.0, (0.9 if cause != "not-ready" else 0.5) + 0.1 * new)
    return wrong(cause, workload, signs, surety, why, name=f"{kind} probe of {one.name}")


def _why(one: Container, kind: str, spec: Fields, text: str) -> tuple[str, str]:
    """(cause, in words)"""
    action = next((spec[a] for a in ("httpGet", "tcpSocket", "grpc") if a in spec), NOTHING)
    port = value(action, "port")
    answered = "statuscode" in text  # so that something listens there
    if port is not None and not answered and (wrong := _no_port(one, port)):
        return "probe-port", wrong
    if TLS.search(text):
        scheme = value(action, "scheme") or "HTTP"
        return "probe-protocol", f"it asks by {scheme}, which the container does not speak there"
    if found := re.search(r"statuscode: (\d+)", text):
        return "probe-path", f"{value(action, 'path') or '/'} is answered with {found[1]}"
    if "exec" in spec and COMMAND.search(text):
        return "probe-command", " ".join(texts(value(spec, "exec.command")))[:120]
    if SLOW.search(text):
        within = quantity(spec.get("timeoutSeconds")) or 1
        return "probe-timing", f"an answer within {within:g} s is wanted, and does not come"
    early = quantity(spec.get("initialDelaySeconds")) or 0
    if kind != "readiness" and "refused" in text and not _declared(one, port):
        return "probe-port", f"nothing listens on port {port}"
    if kind == "liveness" and "refused" in text and "startupProbe" not in one.spec:
        return "probe-timing", f"it is asked after {early:g} s, before anything listens"
    if "refused" in text:
        return "probe-port", f"nothing listens on port {port}"
    return "not-ready", text[:160] or "nothing says why"


def _no_port(one: Container, port: object) -> str:
    """Why the container has no such port, where it says which it has."""
    names = {str(p.get("name")) for p in one.ports()}
    numbers = {quantity(p.get("containerPort")) for p in one.ports()}
    if isinstance(port, str) and not port.isdigit():
        return "" if port in names else f"the container has no port named {port}"
    if numbers and quantity(port) not in numbers:
        known = ", ".join(f"{n:g}" for n in sorted(n for n in numbers if n))
        return f"it asks port {port}, and the container listens on {known}"
    return ""


def _listens(one: Container, spec: Fields) -> bool:
    """Whether the probe asks a port that the container says it listens on."""
    action = next((spec[a] for a in ("httpGet", "tcpSocket", "grpc") if a in spec), NOTHING)
    port = value(action, "port")
    return _declared(one, port) or port in {p.get("name") for p in one.ports()}


def _declared(one: Container, port: object) -> bool:
    """By its number or its name."""
    known = {quantity(p.get("containerPort")) for p in one.ports()}
    return quantity(port) in known or port in [p.get("name") for p in one.ports()]


# Evictions.


def _evicted(seen: Snapshot) -> Iterator[Trouble]:
    """Pods that a node threw out: for what it lacks, or for what they took."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    shown: dict[tuple[str, str, str], Sign] = {}
    for pod in seen.of("Pod"):
        if pod.text("status.reason") != "Evicted":
            continue
        match = EVICTED.search(pod.text("status.message"))
        what = (match and (match["what"] or match["over"])) or "something"
        over = bool(match and match["over"])
        workload = seen.top(pod).ref
        node = f"Node {pod.text('spec.nodeName')}"
        key = ("over-its-limit", workload, what) if over else ("node-pressure", node, what)
        found[key].add(workload)
        shown[key] = Sign(pod.ref, "status.message", pod.text("status.message")[:300])
    for (cause, place, what), victims in found.items():
        said = {"name": what, "why": "", "workload": min(victims)}
        yield Trouble(cause, place, (shown[cause, place, what],), frozenset(victims), 0.9, said)
    yield from _filled(seen)


TOOK = re.compile(r"ephemeral-storage.*?Container \S+ was using (\w+), request is (\w+)", re.S)
MUCH = 2**30
"""Bytes on a node's disk that are no chance."""


def _filled(seen: Snapshot) -> Iterator[Trouble]:
    """Who filled the disks of nodes: of all that was thrown out there it took most, and far more
    than it asked for."""
    took: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    signs: dict[str, Sign] = {}
    for pod in seen.of("Pod"):
        found = TOOK.search(pod.text("status.message"))
        used, asked = (quantity(n) or 0.0 for n in found.groups()) if found else (0.0, 0.0)
        if used >= MUCH and used > 2 * asked:
            who = seen.top(pod).ref
            took[pod.text("spec.nodeName")][who] += used
            signs[who] = Sign(pod.ref, "status.message", pod.text("status.message")[:300])
    first = {node: max(by, key=lambda who: by[who]) for node, by in took.items()}
    for who in sorted(set(first.values())):
        nodes = sorted(node for node, most in first.items() if most == who)
        hurt = {seen.top(pod).ref for node in nodes for pod in seen.on(node)}
        hurt |= {seen.top(p).ref for p in seen.of("Pod") if p.text("spec.nodeName") in nodes}
        said = {"name": ", ".join(nodes), "why": "", "workload": who}
        victims = frozenset({who, *hurt, *(f"Node {node}" for node in nodes)})
        yield Trouble("fills-disks", who, (signs[who],), victims, 0.95, said)
