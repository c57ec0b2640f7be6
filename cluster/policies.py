"""Network policies: every way that is needed is held against those that select its ends."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from .calling import calls, service_of
from .objects import NOTHING, Fields, Object, containers, mappings, quantity, selects, texts, value
from .reaching import backends, chosen
from .snapshot import SYSTEM, Snapshot
from .trouble import Trouble, sign

DNS = 53, "UDP"
"""What everybody asks for names by; TCP is for answers that are long, and not enough."""
SERVER = Object(
    {"kind": "Pod", "metadata": {"namespace": SYSTEM, "labels": {"k8s-app": "kube-dns"}}}
)
"""Who answers for the names, where it was not read: by the labels that it has anywhere."""
EDGE = re.compile(r"ingress|traefik|haproxy|contour|kong|gateway-proxy")
Port = tuple[int, str]
Way = tuple[Object, Object, Port]
"""(pod that calls, pod that is called, its port and protocol)"""


def forbidden(seen: Snapshot) -> Iterator[Trouble]:
    """Ways between workloads, and to the cluster's names, that a policy does not let through."""
    policies = seen.of("NetworkPolicy")
    if not policies:
        return
    hit: dict[str, tuple[Object, set[str], str]] = {}
    for way, why in _ways(seen):
        source, target, port = way
        for policy in _against(seen, policies, source, target, port):
            _one, victims, _why = hit.setdefault(policy.ref, (policy, set(), why))
            victims |= {seen.top(p).ref for p in (source, target) if p is not SERVER}
    for policy, victims, why in hit.values():
        shown = (sign(policy, "spec"),)
        said = {"name": policy.name, "why": why, "workload": min(victims)}
        yield Trouble("policy-forbids", policy.ref, shown, frozenset(victims), 0.9, said)


def _ways(seen: Snapshot) -> Iterator[tuple[Way, str]]:
    """(a way that is needed, in words)"""
    for call in calls(seen):
        service, _inside = service_of(seen, call.workload.namespace, call.host)
        if service is not None:
            for pod in seen.pods_of(call.workload)[:1]:
                yield from _to(seen, pod, service, call.port, f"{call.workload.ref} calls")
    for ingress in seen.of("Ingress"):
        for service in seen.of("Service", ingress.namespace):
            for pod in _edges(seen)[:1] if service.name in backends(ingress) else ():
                yield from _to(seen, pod, service, None, f"{ingress.ref} leads to")
    names = seen.find("Service", SYSTEM, "kube-dns")
    server = next(iter(chosen(seen, names)), SERVER) if names else SERVER
    for workload in seen.workloads:
        for pod in seen.pods_of(workload)[:1] if workload.namespace != SYSTEM else ():
            port = _target(names, server, *DNS) if names else DNS
            yield (pod, server, port), f"{workload.ref} asks the cluster's names by {DNS[1]}"


def _to(
    seen: Snapshot, source: Object, service: Object, port: int | None, words: str
) -> Iterator[tuple[Way, str]]:
    for pod in chosen(seen, service)[:1]:
        target = _target(service, pod, port, "")
        yield (source, pod, target), f"{words} {service.ref} on {target[0]}"


def _edges(seen: Snapshot) -> list[Object]:
    """Pods that ingresses are served by, where they are in the cluster's network."""
    every = (pod for pod in seen.pods if EDGE.search(seen.top(pod).name))
    return [pod for pod in every if not pod.get("spec.hostNetwork")]


def _target(service: Object, pod: Object, port: int | None, protocol: str) -> Port:
    """The port of a pod that a service's port leads to."""
    for one in service.list("spec.ports"):
        by = str(one.get("protocol") or "TCP")
        if port in (None, one.get("port")) and protocol in ("", by):
            target = one.get("targetPort", one.get("port"))
            named = (p for c in containers(pod) for p in c.ports() if p.get("name") == target)
            number = quantity(next(named, NOTHING).get("containerPort") or target)
            return int(number or 0), by
    return port or 0, protocol or "TCP"


def _against(
    seen: Snapshot, policies: list[Object], source: Object, target: Object, port: Port
) -> Iterator[Object]:
    """The policies that select an end of a way, where none of them lets it through."""
    out = [p for p in policies if _selects(p, source) and "Egress" in _types(p)]
    if out and not any(_lets(seen, p, "egress", "to", target, port) for p in out):
        yield _meant(out, "egress", "to", target, port)
    into = [p for p in policies if _selects(p, target) and "Ingress" in _types(p)]
    if into and not any(_lets(seen, p, "ingress", "from", source, port) for p in into):
        yield _meant(into, "ingress", "from", target, port)


def _meant(found: list[Object], side: str, peers: str, target: Object, port: Port) -> Object:
    """The one that lets somebody else through on that port, and so is for this way; else the newest
    one."""
    near = [
        one
        for one in found
        for rule in one.list(f"spec.{side}")
        if (ports := mappings(rule.get("ports")))
        and mappings(rule.get(peers))
        and any(_port(p, port, target) for p in ports)
    ]
    return max(near or found, key=lambda one: one.created or 0.0)


def _selects(policy: Object, pod: Object) -> bool:
    own = policy.namespace == pod.namespace and not pod.get("spec.hostNetwork")
    return own and selects(policy.fields("spec.podSelector"), pod.labels)


def _types(policy: Object) -> list[str]:
    found = texts(policy.get("spec.policyTypes"))
    return found or ["Ingress", *(["Egress"] if policy.list("spec.egress") else [])]


def _lets(seen: Snapshot, policy: Object, side: str, peers: str, other: Object, port: Port) -> bool:
    for rule in policy.list(f"spec.{side}"):
        ports, ends = mappings(rule.get("ports")), mappings(rule.get(peers))
        by_port = not ports or any(_port(p, port, other) for p in ports)
        if by_port and (not ends or any(_end(seen, policy, end, other) for end in ends)):
            return True
    return False


def _port(rule: Fields, port: Port, other: Object) -> bool:
    wanted, last = rule.get("port"), quantity(rule.get("endPort"))
    if (rule.get("protocol") or "TCP") != port[1]:
        return False
    if wanted is None:
        return True
    if isinstance(wanted, str) and not wanted.isdigit():
        return any(p.get("name") == wanted for one in containers(other) for p in one.ports())
    first = quantity(wanted) or 0
    return first <= port[0] <= (last or first)


def _end(seen: Snapshot, policy: Object, end: Fields, other: Object) -> bool:
    block = value(end, "ipBlock.cidr")
    if block is not None:
        return str(block) in ("0.0.0.0/0", "::/0") or _covers(str(block), other)
    if "namespaceSelector" in end:
        space = seen.find("Namespace", "", other.namespace)
        labels = space.labels if space else {"kubernetes.io/metadata.name": other.namespace}
        if not selects(end.get("namespaceSelector") or NOTHING, labels):
            return False
    elif other.namespace != policy.namespace:
        return False
    return selects(end.get("podSelector") or NOTHING, other.labels)


def _covers(block: str, other: Object) -> bool:
    try:
        address = ip_address(other.text("status.podIP"))
        return address in ip_network(block, strict=False)
    except ValueError:
        return other is SERVER  # its address may be any
