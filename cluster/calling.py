"""Who calls whom, by addresses that pods are given, and which of them are wrong."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .given import Given, arguments, variables
from .objects import NOTHING, Object, containers, quantity, ready, value
from .reaching import backends, chosen
from .revisions import last_change
from .snapshot import LOG, SYSTEM, Snapshot
from .trouble import Sign, Trouble, words, wrong

ADDRESS = re.compile(
    r"(?<![\w.@-])(?:(?P<scheme>[a-z][a-z0-9+]{1,12})://(?:[^\s/@]*@)?)?"
    r"(?P<host>[a-z]([a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,63}){0,4})(?::(?P<port>\d{1,5}))?(?![\w.-])"
)
ENDPOINT = re.compile(
    r"(?<![\w.-])(?P<host>[a-z][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){0,5}|\d{1,3}(?:\.\d{1,3}){3})"
    r":(?P<port>\d{2,5})(?!\d)"
)
LINES, LONG = 25, 2_000
"""Of a log's end: a stack trace is about as long; and characters of one of them."""
INSIDE = (".svc", ".cluster.local", ".svc.cluster.local")
PLAIN = re.compile(r"(?:_|^)(?:HOST|ADDR|ADDRESS|URL|URI|ENDPOINT|SERVICE|SERVER)S?(?:_|$)", re.I)
"""Names of variables whose value is an address, also without a port."""
PAIRED = re.compile(
    r"\b(?:nc|ncat|netcat|telnet|wait-for\S*)(?: -\S+| \d+)* "
    r"(?P<host>[a-z][\w.-]*) (?P<port>\d{1,5})\b"
)
"""As init containers wait for somebody."""
PARTS = ("command", "args")
OTHERS = ("localhost", "true", "false", "none", "null")

ANSWERED = ("APIService", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
"""What the API server asks a service for."""


@dataclass(frozen=True)
class Call:
    """One address that a workload is given."""

    workload: Object
    field: str
    text: str
    host: str
    port: int | None
    since_change: bool  # whether the last change brought it
    holder: str  # reference of the object that has it: the workload, a ConfigMap


def calls(seen: Snapshot) -> Iterator[Call]:
    """All addresses in the environment and the commands of workloads, and in the ConfigMaps that
    feed it."""
    for workload in seen.workloads:
        change = last_change(seen, workload)
        for one in containers(workload, "spec.template.spec"):
            for given in variables(seen, workload, one.spec):
                new = change is not None and change.container(one.name, "env") is not None
                for host, port in addresses(given.name, given.text):
                    yield _call(workload, f"{one.name}.env.", given, (host, port), new)
            command = arguments(workload, one.spec)
            new = change is not None and any(change.container(one.name, p) for p in PARTS)
            for host, port in asked(command.text):
                yield _call(workload, f"{one.name}.", command, (host, port), new)
    for log in seen.of(LOG):
        pod = seen.find("Pod", log.namespace, log.name.partition("/")[0])
        if pod is None:
            continue
        for service, port in set(heard(seen, log)):
            given = Given(LOG, "", service.ref)
            name = f"{service.name}.{service.namespace}.svc"
            yield _call(seen.top(pod), "", given, (name, port), new=False)


def heard(seen: Snapshot, log: Object) -> Iterator[tuple[Object, int]]:
    """Services, by name or address, with the ports that the last lines of a log miss."""
    within = {one.text("spec.clusterIP"): one for one in seen.of("Service")}
    for line in log.text("text").splitlines()[-LINES:]:
        if any(said.search(line[:LONG]) for said in words().endings["away"]):
            for found in ENDPOINT.finditer(line[:LONG]):
                service, _inside = service_of(seen, log.namespace, found["host"])
                if (service := within.get(found["host"]) or service) is not None:
                    yield service, int(found["port"])


def _call(
    workload: Object, where: str, given: Given, to: tuple[str, int | None], new: bool
) -> Call:
    field = f"{where}{given.name}"
    return Call(workload, field, given.text, *to, since_change=new, holder=given.holder)


def asked(command: str) -> Iterator[tuple[str, int | None]]:
    """Hosts with ports that a command line has, as one word or as two."""
    for found in PAIRED.finditer(command):
        yield found["host"], int(found["port"])
    yield from addresses("", command)


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
    for one in (one for kind in ANSWERED for one in seen.of(kind)):
        for part in (value(one.raw, "spec"), *one.list("webhooks")):
            to = value(part, "clientConfig.service") or value(part, "service") or NOTHING
            if name := str(value(to, "name") or ""):
                found[f"Service {value(to, 'namespace')}/{name}"].add(one.ref)
    return found


def wrong_addresses(seen: Snapshot) -> Iterator[Trouble]:
    """Addresses of services that there are not, or of ports that they do not have."""
    if not seen.of("Service"):
        return
    asked_for = [call for call in calls(seen) if not call.field.endswith(LOG)]
    for call in asked_for:
        service, inside = service_of(seen, call.workload.namespace, call.host)
        why = ""
        if service is None and inside and "." not in call.host and not call.port:
            continue  # a word that may be anything
        if service is None and inside:
            why = f"there is no Service {call.host}"
        elif service is not None and call.port and not has_port(service, call.port):
            ports = ", ".join(str(p.get("port")) for p in service.list("spec.ports"))
            why = f"Service {service.name} has no port {call.port}; it has {ports}"
        if why:
            shown = (Sign(call.workload.ref, call.field, call.text[:200]),)
            surety, name = _sure(seen, call), call.field.rpartition(".")[2]
            cause, place = "address-wrong", call.holder
            others = {c.workload.ref for c in asked_for if c.host == call.host}
            if service is None and not call.since_change:
                gone = missing(seen, call.workload.namespace, call.host, len(others) > 1)
                cause, place = ("service-missing", gone) if gone else (cause, place)
            yield wrong(cause, call.workload, shown, surety, why, name=name, place=place)


def _sure(seen: Snapshot, call: Call) -> float:
    """An address that was there before, of pods that are well with it, may be asked by nobody: of a
    part that can be left out."""
    if call.since_change:
        return 0.95
    pods = seen.pods_of(call.workload)
    return 0.6 if pods and all(map(ready, pods)) else 0.8


def missing(seen: Snapshot, namespace: str, host: str, several: bool = False) -> str:
    """The Service that a name stands for which nobody has: where several call it, or a workload of
    the name runs to which no Service leads. Empty: it is the address that is wrong."""
    name, _, rest = host.partition(".")
    space = rest.partition(".")[0] or namespace
    led_to = {
        seen.top(pod).ref
        for one in seen.of("Service", space)
        if one.text("spec.clusterIP") != "None"
        for pod in chosen(seen, one)
    }
    runs = (one for one in seen.workloads if (one.namespace, one.name) == (space, name))
    return f"Service {space}/{name}" if several or any(o.ref not in led_to for o in runs) else ""


def has_port(service: Object, port: int) -> bool:
    """Whether a Service may be asked on this port."""
    if service.text("spec.type") == "ExternalName":
        return True  # it is a name, and any port may be asked
    headless = service.text("spec.clusterIP") == "None"
    names = ("port", "targetPort") if headless else ("port",)
    return any(quantity(p.get(n)) == port for p in service.list("spec.ports") for n in names)
