"""Pods that run and are not reached: selectors, ports, ingresses; see `calling` for who asks."""

from collections.abc import Iterator, Sequence

from .objects import NOTHING, Fields, Object, containers, quantity, value, words
from .revisions import HASH, last_change
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, wrong

UNUSED = 0.3
"""How sure it is that somebody misses a service for which there is no workload."""
NEARLY = 0.5
"""Share of a selector's labels that a workload's pods have for it to be meant."""


def not_reached(seen: Snapshot) -> Iterator[Trouble]:
    """Services that lead nowhere, and ingresses that lead to none."""
    for service in seen.of("Service"):
        selector = words(service.fields("spec.selector"))
        if service.text("spec.type") == "ExternalName":
            yield from _elsewhere(seen, service)
        elif selector:
            yield from _service(seen, service, selector)
    for ingress in seen.of("Ingress"):
        yield from _ingress(seen, ingress)
    for one in seen.of("StatefulSet"):
        name = one.text("spec.serviceName")
        if name and seen.missing("Service", one.namespace, name):
            shown = (sign(one, "spec.serviceName"),)
            yield wrong("pods-unnamed", one, shown, 0.85, name=name)


def _elsewhere(seen: Snapshot, service: Object) -> Iterator[Trouble]:
    """An ExternalName that stands for a service of the cluster which is not there."""
    name = service.text("spec.externalName")
    parts = name.removesuffix(".").removesuffix(".cluster.local").split(".")
    if len(parts) == 3 and parts[2] == "svc" and seen.missing("Service", parts[1], parts[0]):
        shown = (sign(service, "spec.externalName"),)
        yield wrong("name-elsewhere", service, shown, 0.95, name)


def chosen(seen: Snapshot, service: Object) -> list[Object]:
    """The pods that a service's selector selects."""
    selector = words(service.fields("spec.selector"))
    return seen.labelled(service.namespace, selector)


def _service(seen: Snapshot, service: Object, selector: dict[str, str]) -> Iterator[Trouble]:
    pods = chosen(seen, service)
    if not pods:
        yield from _nobody(seen, service, selector)
        return
    ports = service.list("spec.ports")
    lost = [(port, why) for port in ports if (why := _leads_nowhere(port, pods, ports))]
    for port, why in lost:
        name = port.get("name") or port.get("port")
        shown = Sign(service.ref, f"spec.ports[{name}]", str(dict(port)))
        number = UNSAID if len(lost) < len(ports) else 0.8
        surety = 1.0 if isinstance(port.get("targetPort"), str) else number
        yield wrong("service-port", service, (shown,), surety, why)


UNSAID = 0.5
"""A container may listen on a port that it does not declare; where it declares the others of a
service, it probably does."""


def _nobody(seen: Snapshot, service: Object, selector: dict[str, str]) -> Iterator[Trouble]:
    """No pod has these labels: the workload that is meant has none, or others."""
    meant = _meant(seen, service, selector)
    if meant is None:
        shown = (sign(service, "spec.selector"),)
        yield wrong("selects-nobody", service, shown, UNUSED, _pairs(selector))
        return
    labels = words(meant.fields("spec.template.metadata.labels"))
    labels |= {HASH: selector.get(HASH, "")}  # by which a Rollout tells its versions apart
    lacking = {key: text for key, text in selector.items() if labels.get(key) != text}
    if not lacking:
        return  # it would be reached: that it has no pods is its own trouble
    change = last_change(seen, meant)
    place = meant if change is not None and change.labels else service
    why = f"{_pairs(lacking)}; its pods have {_pairs({k: labels.get(k, 'none') for k in lacking})}"
    shown = (sign(service, "spec.selector"), sign(meant, "spec.template.metadata.labels"))
    yield wrong("selects-nobody", service, shown, 1.0, why, place=place.ref)


def _meant(seen: Snapshot, service: Object, selector: dict[str, str]) -> Object | None:
    """The workload of the service's name, else the one that has most of the selector's labels."""
    found = []
    for one in seen.workloads:
        if one.namespace != service.namespace:
            continue
        labels = words(one.fields("spec.template.metadata.labels"))
        share = sum(labels.get(key) == text for key, text in selector.items()) / len(selector)
        same = one.name == service.name
        if share >= NEARLY or same or _near(labels, selector):
            found.append((share == 1, same, share, one.name, one))
    return max(found, key=lambda f: f[:4])[4] if found else None


def _near(labels: dict[str, str], selector: dict[str, str]) -> bool:
    """Whether a value differs by a letter or two only, or stands under another key."""
    return any(
        text == other or (key == k and (text in other or other in text))
        for key, text in selector.items()
        for k, other in labels.items()
    )


def _pairs(found: dict[str, str]) -> str:
    return ", ".join(f"{key}={text}" for key, text in found.items())


def _leads_nowhere(port: Fields, pods: list[Object], ports: Sequence[Fields]) -> str:
    """Why no container of these pods listens on a service's target port; empty where one does.
    Where the service has the port in another protocol too, pods often tell one of them only."""
    both = any(p is not port and p.get("port") == port.get("port") for p in ports)
    target = port.get("targetPort", port.get("port"))
    protocol = port.get("protocol") or "TCP"
    known = [p for pod in pods[:1] for one in containers(pod) for p in one.ports() if not one.init]
    if isinstance(target, str) and not target.isdigit():
        hit = [p for p in known if p.get("name") == target]
        if not hit:
            names = ", ".join(str(p.get("name")) for p in known if p.get("name")) or "none"
            return f"no container has a port named {target}; there are: {names}"
    else:
        hit = [p for p in known if quantity(p.get("containerPort")) == quantity(target)]
        if known and not hit:
            numbers = ", ".join(str(p.get("containerPort")) for p in known)
            return f"it leads to port {target}; the containers listen on {numbers}"
    if not both and hit and all((p.get("protocol") or "TCP") != protocol for p in hit):
        return f"it speaks {protocol} to port {target}, which is {hit[0].get('protocol') or 'TCP'}"
    return ""


# Ingresses.


def _ingress(seen: Snapshot, ingress: Object) -> Iterator[Trouble]:
    class_ = ingress.text("spec.ingressClassName")
    if class_ and seen.missing("IngressClass", "", class_):
        yield _wrong(ingress, "spec.ingressClassName", f"there is no IngressClass {class_}")
    for tls in ingress.list("spec.tls"):
        name = str(tls.get("secretName") or "")
        if name and seen.missing("Secret", ingress.namespace, name):
            yield _wrong(ingress, "spec.tls", f"there is no Secret {name} with its certificate")
    backends = [value(ingress.raw, "spec.defaultBackend") or NOTHING]
    for rule in ingress.list("spec.rules"):
        backends += [one.get("backend") or NOTHING for one in value(rule, "http.paths") or []]
    for backend in backends:
        if why := _no_backend(seen, ingress, backend):
            yield _wrong(ingress, "spec.rules", why)
        elif why := _other_protocol(seen, ingress, backend):
            shown = (sign(ingress, "metadata.annotations"),)
            yield wrong("ingress-wrong", ingress, shown, 0.8, why)


def _other_protocol(seen: Snapshot, ingress: Object, backend: Fields) -> str:
    """Why its controller speaks TLS to a port that says of itself that it does not; empty: no."""
    asked = (v for k, v in ingress.annotations.items() if k.endswith("/backend-protocol"))
    service = seen.find("Service", ingress.namespace, str(value(backend, "service.name") or ""))
    if next(asked, "") not in ("HTTPS", "GRPCS") or service is None:
        return ""
    meant = set((value(backend, "service.port") or NOTHING).values())
    for port in service.list("spec.ports"):
        says = str(port.get("appProtocol") or port.get("name") or "").lower()
        if meant & {port.get("name"), port.get("port")} and says.split("-")[0] in ("http", "grpc"):
            return f"it speaks TLS to Service {service.name}, whose port is {says}"
    return ""


def _wrong(ingress: Object, path: str, why: str) -> Trouble:
    return wrong("ingress-wrong", ingress, (sign(ingress, path),), 1.0, why)


def backends(ingress: Object) -> set[str]:
    """Names of the services that it leads to."""
    found = [value(ingress.raw, "spec.defaultBackend.service.name")]
    for rule in ingress.list("spec.rules"):
        found += [value(one, "backend.service.name") for one in value(rule, "http.paths") or []]
    return {name for name in found if isinstance(name, str)}


def _no_backend(seen: Snapshot, ingress: Object, backend: Fields) -> str:
    name = str(value(backend, "service.name") or "")
    if not name:
        return ""
    service = seen.find("Service", ingress.namespace, name)
    if service is None:
        return f"there is no Service {name}" if "Service" in seen.listed else ""
    port = value(backend, "service.port") or NOTHING
    ports = service.list("spec.ports")
    by_name = port.get("name") in {p.get("name") for p in ports} if port.get("name") else True
    number = port.get("number")
    by_number = number in {p.get("port") for p in ports} if number else True
    if by_name and by_number:
        return ""
    known = ", ".join(str(p.get("name") or p.get("port")) for p in ports)
    return f"Service {name} has no port {port.get('name') or number}; it has {known}"
