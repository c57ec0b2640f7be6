"""Where calls of a Service end: at pods that are not meant, on some nodes only, at what is gone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

from .calling import callers
from .objects import Object, containers, quantity, ready, repository, texts, words
from .reaching import chosen
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, told, wrong

BALANCING = ("SyncLoadBalancerFailed", "AllocationFailed", "UpdateLoadBalancerFailed")
KEPT = ("Endpoints", "EndpointSlice")
Ports = Set[float | None]


def led_astray(seen: Snapshot) -> Iterator[Trouble]:
    """By Service; and pods that a gate of their own keeps out of all of them."""
    used = seen.once(callers)
    for service in seen.of("Service"):
        if service.text("spec.type") == "ExternalName":
            continue
        if not words(service.fields("spec.selector")):
            yield from _by_hand(seen, service, used)
            continue
        pods = [pod for pod in chosen(seen, service) if ready(pod)]
        yield from _others(seen, service, pods)
        yield from _from_here(seen, service, pods, used)
        yield from _balanced(seen, service)
    for pod in seen.pods:
        yield from _gate(seen, pod)


# Pods of others.


def _others(seen: Snapshot, service: Object, pods: list[Object]) -> Iterator[Trouble]:
    """Pods of another program than the one that the service is called after: a second release of
    the same has the same image in another version."""
    groups = defaultdict[str, list[Object]](list)
    for pod in pods:
        groups[seen.top(pod).ref].append(pod)
    mine = _meant(service, groups)
    if mine is None or service.text("spec.clusterIP") == "None":
        return
    ports = _offered(service, mine)
    images = _images(mine, ports)
    for ref, some in groups.items():
        other = some[0]
        if seen.top(mine).ref == ref or images & _images(other):
            continue
        lacks = bool(ports) and not ports & _offered(service, other)
        why = f"pods of {ref}, {'which do not listen there' if lacks else 'another program'}"
        shown = (
            sign(service, "spec.selector"),
            Sign(other.ref, "metadata.labels", str(other.labels)),
        )
        hurt = (service.ref, seen.top(mine).ref)
        yield wrong("takes-others", service, shown, 0.9 if lacks else 0.8, why, victims=hurt)


def _meant(service: Object, groups: Mapping[str, list[Object]]) -> Object | None:
    """A pod of the workload that has the service's name, or the only one that has a part of it."""
    known = {ref.rpartition("/")[2]: some[0] for ref, some in groups.items()}
    near = [name for name in known if f"-{name}-" in f"-{service.name}-" or _begins(name, service)]
    exact = [name for name in near if name == service.name]
    only = exact or near
    return known[only[0]] if len(groups) > 1 and len(only) == 1 else None


def _begins(name: str, service: Object) -> bool:
    return name.startswith(f"{service.name}-")


def _images(pod: Object, ports: Ports = frozenset()) -> set[str]:
    """Repositories, without tag and digest; with ports of the containers that listen there."""
    every = [one for one in containers(pod) if not one.init]
    some = [one for one in every if ports & {quantity(p.get("containerPort")) for p in one.ports()}]
    return {repository(one.image) for one in some or every}


def _offered(service: Object, pod: Object) -> Ports:
    """The numbers of the service's target ports that a pod says it listens on."""
    known = [port for one in containers(pod) for port in one.ports()]
    targets = [port.get("targetPort", port.get("port")) for port in service.list("spec.ports")]
    return {
        quantity(port.get("containerPort"))
        for port in known
        for target in targets
        if target == port.get("name") or quantity(target) == quantity(port.get("containerPort"))
    }


# From where.


def _from_here(
    seen: Snapshot, service: Object, pods: list[Object], used: Mapping[str, set[str]]
) -> Iterator[Trouble]:
    """With internalTrafficPolicy Local a call goes to the caller's own node, or nowhere."""
    if service.text("spec.internalTrafficPolicy") != "Local" or not pods:
        return
    there, asking = {pod.text("spec.nodeName") for pod in pods}, used.get(service.ref, set())
    every = [(pod.text("spec.nodeName"), seen.top(pod).ref) for pod in seen.pods]
    cut = [(node, ref) for node, ref in every if ref in asking and node not in there]
    if cut:
        nodes, hurt = ", ".join(sorted({node for node, _ in cut})[:4]), {ref for _, ref in cut}
        shown = (sign(service, "spec.internalTrafficPolicy"),)
        yield wrong("only-its-own-node", service, shown, 0.9, nodes, victims=hurt)


def _balanced(seen: Snapshot, service: Object) -> Iterator[Trouble]:
    failed = seen.events(service, *BALANCING)
    if failed and not service.list("status.loadBalancer.ingress"):
        shown, why = (told(service, failed[0]),), failed[0].message[:200]
        yield wrong("no-balancer", service, shown, 0.9, why)


def _gate(seen: Snapshot, pod: Object) -> Iterator[Trouble]:
    """All of its containers are ready; a condition that somebody else should set is not."""
    if pod.condition("ContainersReady").get("status") != "True" or ready(pod):
        return
    for gate in pod.list("spec.readinessGates"):
        type_ = str(gate.get("conditionType"))
        state = pod.condition(type_)
        if state.get("status") != "True":
            why = str(state.get("message") or state.get("reason") or "nobody has set it")[:200]
            shown = (Sign(pod.ref, f"status.conditions[{type_}]", why),)
            yield wrong("gate-shut", seen.top(pod), shown, 0.85, why, name=type_)


# Filled by hand.


def _by_hand(seen: Snapshot, service: Object, used: Mapping[str, set[str]]) -> Iterator[Trouble]:
    """Without a selector nobody keeps its endpoints: they may name what is gone."""
    hurt = {service.ref, *used.get(service.ref, ())}
    if service.name != "kubernetes" and {*KEPT} & seen.listed and (why := _unled(seen, service)):
        shown = (sign(service, "spec"),)
        surety = 0.9 if len(hurt) > 1 else 0.5
        yield wrong("filled-wrong", service, shown, surety, why, victims=hurt)


def _unled(seen: Snapshot, service: Object) -> str:
    addresses, there = set[str](), set[str]()
    for held in (one for kind in KEPT for one in seen.of(kind, service.namespace)):
        if service.name in (held.labels.get("kubernetes.io/service-name"), held.name):
            subsets = [held, *map(Object, held.list("subsets"))]
            there |= {str(p.get("name") or "") for part in subsets for p in part.list("ports")}
            addresses |= {str(a.get("ip")) for part in subsets for a in part.list("addresses")}
            addresses |= {a for one in held.list("endpoints") for a in texts(one.get("addresses"))}
    if not addresses:
        return "it has no selector, and no address"
    inside = {one.text("spec.podCIDR").rpartition(".")[0] for one in seen.nodes} - {""}
    known = {pod.text("status.podIP") for pod in seen.pods}
    if all(a.rpartition(".")[0] in inside and a not in known for a in addresses):
        return f"{', '.join(sorted(addresses)[:3])} was a pod's, and no pod has it"
    names = {str(p.get("name") or "") for p in service.list("spec.ports")}
    if there and not names & there:
        return f"its port is named {min(names) or '-'}, that of its addresses {min(there) or '-'}"
    return ""
