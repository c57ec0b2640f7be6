"""Who calls whom, by addresses that pods are given; where an address is wrong, a name does not
resolve, or a policy forbids the way."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from .objects import NOTHING, Fields, Object, containers, mappings, quantity, selects, texts, value
from .reaching import backends, chosen
from .revisions import last_change
from .snapshot import SYSTEM, Snapshot
from .trouble import Sign, Trouble, sign

ADDRESS = re.compile(
    r"(?<![\w.@-])(?:(?P<scheme>[a-z][a-z0-9+]{1,12})://(?:[^\s/@]*@)?)?"
    r"(?P<host>[a-z]([a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,63}){0,4})(?::(?P<port>\d{1,5}))?(?![\w.-])"
)
INSIDE = (".svc", ".cluster.local", ".svc.cluster.local")
PLAIN = re.compile(r"(?:_|^)(?:HOST|ADDR|ADDRESS|URL|URI|ENDPOINT|SERVICE|SERVER)S?(?:_|$)", re.I)
"""Names of variables whose value is an address, also without a port."""
OTHERS = ("localhost", "true", "false", "none", "null")
DNS = 53


@dataclass(frozen=True)
class Call:
    """One address that a workload is given."""

    workload: Object
    field: str
    text: str
    host: str
    port: int | None
    since_change: bool  # whether the last change brought it


def calls(seen: Snapshot) -> Iterator[Call]:
    """All addresses in the environment of workloads, and in the ConfigMaps that feed it."""
    for workload in seen.workloads:
        change = last_change(seen, workload)
        for one in containers(workload, "spec.template.spec"):
            new = change is not None and change.container(one.name, "env") is not None
            for name, text in _given(seen, workload, one.spec):
                for host, port in addresses(name, text):
                    yield Call(workload, f"{one.name}.env.{name}", text, host, port, new)


def _given(seen: Snapshot, workload: Object, spec: Fields) -> Iterator[tuple[str, str]]:
    for pair in mappings(spec.get("env")):
        name, text = str(pair.get("name") or ""), pair.get("value")
        ref = value(pair, "valueFrom.configMapKeyRef") or NOTHING
        held = seen.find("ConfigMap", workload.namespace, str(ref.get("name") or ""))
        if held is not None:
            text = held.fields("data").get(str(ref.get("key") or ""))
        if isinstance(text, str):
            yield name, text
    for source in mappings(spec.get("envFrom")):
        ref = str(value(source, "configMapRef.name") or "")
        if held := seen.find("ConfigMap", workload.namespace, ref):
            yield from ((k, v) for k, v in held.fields("data").items() if isinstance(v, str))


def addresses(name: str, text: str) -> Iterator[tuple[str, int | None]]:
    """Hosts with ports in a value; bare names where the variable's name says that it is one."""
    if len(text) > 500:
        return
    for found in ADDRESS.finditer(text.strip()):
        host, port = found["host"], found["port"]
        whole = found[0] == text.strip()
        if host in OTHERS or not (port or found["scheme"] or (whole and PLAIN.search(name))):
            continue
        yield host, int(port) if port else None


def service_of(seen: Snapshot, namespace: str, host: str) -> tuple[Object | None, bool]:
    """(the Service that a host names, whether it should be one of the cluster)"""
    bare = host
    for suffix in INSIDE:
        bare = bare.removesuffix(suffix)
    parts = bare.split(".")
    known = {one.namespace for one in seen.of("Service")}
    inside = bare != host or len(parts) == 1 or (len(parts) == 2 and parts[1] in known)
    space = parts[1] if len(parts) > 1 else namespace
    found = seen.find("Service", space, parts[0])
    if found is None and len(parts) > 2:  # a pod of a headless service
        found = seen.find("Service", parts[2], parts[1])
    return found, inside


def callers(seen: Snapshot) -> Mapping[str, set[str]]:
    """By Service, the workloads that are given its address, and the ingresses that lead to it."""
    found: dict[str, set[str]] = defaultdict(set)
    for call in calls(seen):
        service, _inside = service_of(seen, call.workload.namespace, call.host)
        if service is not None:
            found[service.ref].add(call.workload.ref)
    if names := seen.find("Service", SYSTEM, "kube-dns"):
        found[names.ref] |= {one.ref for one in seen.workloads if one.namespace != SYSTEM}
    for ingress in seen.of("Ingress"):
        for name in backends(ingress):
            found[f"Service {ingress.namespace}/{name}"].add(ingress.ref)
    return found


def wrong_addresses(seen: Snapshot) -> Iterator[Trouble]:
    """Addresses of services that there are not, or of ports that they do not have."""
    if not seen.of("Service"):
        return
    for call in calls(seen):
        service, inside = service_of(seen, call.workload.namespace, call.host)
        why = ""
        if service is None and inside and "." not in call.host and not call.port:
            continue  # a word that may be anything
        if service is None and inside:
            why = f"there is no Service {call.host}"
        elif service is not None and call.port and not _has(service, call.port):
            ports = ", ".join(str(p.get("port")) for p in service.list("spec.ports"))
            why = f"Service {service.name} has no port {call.port}; it has {ports}"
        if why:
            shown = (Sign(call.workload.ref, call.field, call.text[:200]),)
            said = {
                "name": call.field.rpartition(".")[2],
                "why": why,
                "workload": call.workload.ref,
            }
            surety = 0.95 if call.since_change else 0.8
            victims = frozenset({call.workload.ref})
            yield Trouble("address-wrong", call.workload.ref, shown, victims, surety, said)


def _has(service: Object, port: int) -> bool:
    headless = service.text("spec.clusterIP") == "None"
    names = ("port", "targetPort") if headless else ("port",)
    return any(quantity(p.get(n)) == port for p in service.list("spec.ports") for n in names)


# Network policies: every way that is needed is held against those that select its ends.


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
            victims |= {seen.top(p).ref for p in (source, target) if p is not None}
    for policy, victims, why in hit.values():
        shown = (sign(policy, "spec"),)
        said = {"name": policy.name, "why": why, "workload": min(victims)}
        yield Trouble("policy-forbids", policy.ref, shown, frozenset(victims), 0.9, said)


def _ways(seen: Snapshot) -> Iterator[tuple[tuple[Object, Object | None, int], str]]:
    """((pod that calls, pod that is called or None: the cluster's names, port), in words)"""
    for call in calls(seen):
        service, _inside = service_of(seen, call.workload.namespace, call.host)
        callers = seen.pods_of(call.workload)[:1]
        if service is None or not callers:
            continue
        for pod in chosen(seen, service)[:1]:
            port = _target(service, pod, call.port)
            yield (callers[0], pod, port), f"{call.workload.ref} calls {service.ref} on {port}"
    names = [
        p for p in seen.pods if p.namespace == SYSTEM and p.labels.get("k8s-app") == "kube-dns"
    ]
    for workload in seen.workloads:
        if workload.namespace != SYSTEM:
            for pod in seen.pods_of(workload)[:1]:
                target = names[0] if names else None
                yield (pod, target, DNS), f"{workload.ref} asks the cluster's names"


def _target(service: Object, pod: Object, port: int | None) -> int:
    """The port of a pod that a service's port leads to."""
    for one in service.list("spec.ports"):
        if port in (None, one.get("port")):
            target = one.get("targetPort", one.get("port"))
            named = (p for c in containers(pod) for p in c.ports() if p.get("name") == target)
            number = quantity(next(named, NOTHING).get("containerPort") or target)
            return int(number or 0)
    return port or 0


def _against(
    seen: Snapshot, policies: list[Object], source: Object, target: Object | None, port: int
) -> Iterator[Object]:
    """The policies that select an end of a way, where none of them lets it through."""
    out = [p for p in policies if _selects(p, source) and "Egress" in _types(p)]
    if out and not any(_lets(seen, p, "egress", "to", target, port) for p in out):
        yield from _newest(out)
    if target is None:
        return
    into = [p for p in policies if _selects(p, target) and "Ingress" in _types(p)]
    if into and not any(_lets(seen, p, "ingress", "from", source, port) for p in into):
        yield from _newest(into)


def _newest(found: list[Object]) -> list[Object]:
    return [max(found, key=lambda one: one.created or 0.0)]


def _selects(policy: Object, pod: Object) -> bool:
    return policy.namespace == pod.namespace and selects(
        policy.fields("spec.podSelector"), pod.labels
    )


def _types(policy: Object) -> list[str]:
    found = texts(policy.get("spec.policyTypes"))
    return found or ["Ingress", *(["Egress"] if policy.list("spec.egress") else [])]


def _lets(
    seen: Snapshot, policy: Object, side: str, peers: str, other: Object | None, port: int
) -> bool:
    for rule in policy.list(f"spec.{side}"):
        ports, ends = mappings(rule.get("ports")), mappings(rule.get(peers))
        by_port = not ports or any(_port(p, port, other) for p in ports)
        if by_port and (not ends or any(_end(seen, policy, end, other) for end in ends)):
            return True
    return False


def _port(rule: Fields, port: int, other: Object | None) -> bool:
    wanted, last = rule.get("port"), quantity(rule.get("endPort"))
    if wanted is None:
        return True
    if isinstance(wanted, str) and not wanted.isdigit():
        named = containers(other) if other is not None else []
        return any(p.get("name") == wanted for one in named for p in one.ports())
    first = quantity(wanted) or 0
    return first <= port <= (last or first)


def _end(seen: Snapshot, policy: Object, end: Fields, other: Object | None) -> bool:
    block = value(end, "ipBlock.cidr")
    if block is not None:
        return str(block) in ("0.0.0.0/0", "::/0") or _covers(str(block), other)
    if other is None:
        return True  # whoever it is
    if "namespaceSelector" in end:
        space = seen.find("Namespace", "", other.namespace)
        labels = space.labels if space else {"kubernetes.io/metadata.name": other.namespace}
        if not selects(end.get("namespaceSelector") or NOTHING, labels):
            return False
    elif other.namespace != policy.namespace:
        return False
    return selects(end.get("podSelector") or NOTHING, other.labels)


def _covers(block: str, other: Object | None) -> bool:
    try:
        return other is None or ip_address(other.text("status.podIP")) in ip_network(
            block, strict=False
        )
    except ValueError:
        return False


# The cluster's names.


def names(seen: Snapshot) -> Iterator[Trouble]:
    """Pods that ask other servers for names than the cluster's, and a Corefile that misleads."""
    server = seen.find("Service", SYSTEM, "kube-dns")
    address = server.text("spec.clusterIP") if server else ""
    for workload in seen.workloads:
        spec = workload.fields("spec.template.spec")
        servers = texts(value(spec, "dnsConfig.nameservers"))
        elsewhere = spec.get("dnsPolicy") == "Default" and not spec.get("hostNetwork")
        if elsewhere or (spec.get("dnsPolicy") == "None" and address and address not in servers):
            shown = (sign(workload, "spec.template.spec.dnsPolicy"),)
            said = {"name": ", ".join(servers) or "its node", "why": "", "workload": workload.ref}
            victims = frozenset({workload.ref})
            if workload.namespace != SYSTEM:
                yield Trouble("names-elsewhere", workload.ref, shown, victims, 0.7, said)
    for config in seen.of("ConfigMap", SYSTEM):
        text = config.fields("data").get("Corefile")
        if isinstance(text, str) and (why := _misleads(text)):
            everybody = frozenset(w.ref for w in seen.workloads)
            said = {"name": config.name, "why": why, "workload": "every workload"}
            shown = (Sign(config.ref, "data.Corefile", why),)
            yield Trouble("names-wrong", config.ref, shown, everybody, 0.8, said)


def _misleads(corefile: str) -> str:
    """What of a Corefile keeps names of the cluster from being found; empty: nothing is seen."""
    if not re.search(r"^\s*kubernetes\s+.*cluster\.local", corefile, re.M):
        return "it has no `kubernetes cluster.local`"
    if found := re.search(r"template\s+\S+\s+\S+[^{]*\{[^}]*NXDOMAIN[^}]*\}", corefile):
        return f"it answers that there is no such name: {' '.join(found[0].split())[:120]}"
    if found := re.search(r"^\s*rewrite .*svc\.cluster\.local.*$", corefile, re.M):
        return f"it rewrites names of the cluster: {found[0].strip()[:120]}"
    if found := re.search(r"^\s*(?:hosts|file)\b.*svc.*$", corefile, re.M):
        return f"it has addresses of its own: {found[0].strip()[:120]}"
    return ""
