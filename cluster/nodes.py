"""Nodes that do not work, and the control plane: kubelet, runtime, network, pressure, clock,
scheduler, controllers, proxy, certificates."""

from collections.abc import Iterator
from statistics import median

from .objects import Fields, Object, mappings, ready, reference, seconds
from .revisions import last_change
from .snapshot import SYSTEM, Snapshot
from .trouble import Sign, Trouble, said_by, sign, told, words, wrong

PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
GOOD = ("Ready", "IsVoter")
"""Ends of conditions that are well when they are so: those of EKS's node monitor, k3s's etcd."""
STALE_S = 60.0
"""A lease that was not renewed for so long is given up: four times what nodes take (10 s, 40 s)."""
PARTS = ("kube-apiserver", "kube-scheduler", "kube-controller-manager", "etcd")
EVERYWHERE = (
    *("kube-proxy", "cilium", "calico-node", "canal", "kube-flannel-ds", "weave-net"),
    *("kindnet", "aws-node", "azure-cni", "node-local-dns"),
)
"""DaemonSets without which no node works, and whose selector leaves no node out."""
LEASED = ("kube-scheduler", "kube-controller-manager")


def broken_nodes(seen: Snapshot) -> Iterator[Trouble]:
    """By the conditions that nodes report, and by their leases."""
    for node in seen.nodes:
        victims = frozenset({node.ref, *(seen.top(pod).ref for pod in seen.on(node.name))})
        ready = node.condition("Ready")
        if ready and ready.get("status") != "True":
            yield _unready(node, ready, victims)
        for type_ in PRESSURES:
            condition = node.condition(type_)
            if condition.get("status") == "True":
                yield _by_condition("node-pressure", node, condition, type_, victims)
        for condition in node.list("status.conditions"):
            type_ = str(condition.get("type"))
            ill = "False" if type_.endswith(GOOD) else "True"
            if condition.get("status") == ill and type_ not in ("Ready", *PRESSURES):
                cause = "node-network" if type_ == "NetworkUnavailable" else "node-problem"
                yield _by_condition(cause, node, condition, type_, victims)
    yield from _left(seen)


def _left(seen: Snapshot) -> Iterator[Trouble]:
    """Nodes that nobody read, by what their pods were told of them."""
    for pod in seen.pods:
        name = pod.text("spec.nodeName")
        events = seen.events(pod, "NodeNotReady") if name and not seen.nodes else []
        if events and not ready(pod):
            shown, of = (told(pod, events[0]),), reference("Node", "", name)
            yield wrong("node-not-ready", seen.top(pod), shown, 0.8, events[0].message, place=of)


def _unready(node: Object, ready: Fields, victims: frozenset[str]) -> Trouble:
    message = f"{ready.get('reason') or ''} {ready.get('message') or ''}"
    default = "kubelet-silent" if ready.get("status") == "Unknown" else "node-not-ready"
    cause, _ = said_by(words().unwell, message) or (default, {})
    return _by_condition(cause, node, ready, "Ready", victims)


def _by_condition(
    cause: str, node: Object, condition: Fields, type_: str, victims: frozenset[str]
) -> Trouble:
    get = condition.get
    text = f"{get('status')}: {get('reason') or ''} {get('message') or ''}".strip()
    shown = Sign(node.ref, f"status.conditions[{type_}]", text[:400])
    said = {"name": type_, "why": text[:200], "workload": node.ref}
    return Trouble(cause, node.ref, (shown,), victims, 1.0, said)


# The control plane.


def control_plane(seen: Snapshot) -> Iterator[Trouble]:
    """Parts that are away, stand still or run nowhere."""
    everybody = frozenset(w.ref for w in seen.workloads)
    yield from _parts(seen, everybody)
    yield from _leases(seen, everybody)
    yield from _daemons(seen)
    yield from _requests(seen)


def _parts(seen: Snapshot, everybody: frozenset[str]) -> Iterator[Trouble]:
    """Static pods of the control plane: where some are listed, all should be."""
    pods = {name: [p for p in seen.of("Pod", SYSTEM) if _is(p, name)] for name in PARTS}
    if not any(pods.values()):
        return
    for name, some in pods.items():
        well = [p for p in some if _ready(p)]
        if well:
            continue
        place = some[0].ref if some else f"Pod {SYSTEM}/{name}"
        shown = (sign(some[0], "status"),) if some else (Sign(place, "metadata.name", "not there"),)
        said = {"name": name, "why": "it does not run" if some else "it is not there"}
        yield Trouble("control-plane", place, shown, everybody, 0.9 if some else 0.6, said)


def _is(pod: Object, name: str) -> bool:
    return pod.labels.get("component") == name or pod.name.startswith(f"{name}-")


def _ready(pod: Object) -> bool:
    ready = pod.condition("Ready").get("status")
    return pod.text("status.phase") == "Running" and ready in (None, "True")


def _leases(seen: Snapshot, everybody: frozenset[str]) -> Iterator[Trouble]:
    """A leader that renews its lease no more works no more. Now is what most leases say: one clock
    may be off."""
    times = [at for one in seen.of("Lease") if (at := seconds(one.get("spec.renewTime")))]
    now = median(times) if times else 0.0
    for name in LEASED:
        lease = seen.find("Lease", SYSTEM, name)
        at = seconds(lease.get("spec.renewTime")) if lease else None
        if lease and at and now - at > STALE_S:
            pods = [pod.ref for pod in seen.of("Pod", SYSTEM) if _is(pod, name)]
            said = {"name": name, "why": f"its lease is {now - at:.0f} s old"}
            shown = (sign(lease, "spec.renewTime"),)
            place = pods[0] if pods else lease.ref
            yield Trouble("control-plane", place, shown, everybody, 0.9, said)


def _daemons(seen: Snapshot) -> Iterator[Trouble]:
    """DaemonSets that run on no node, or since their last change on fewer than there are."""
    for one in seen.of("DaemonSet"):
        wanted, change = one.number("status.desiredNumberScheduled"), last_change(seen, one)
        narrowed = change is not None and (change.at("nodeSelector") or change.at("affinity"))
        spec = one.fields("spec.template.spec")
        chooses = bool(spec.get("nodeSelector") or spec.get("affinity"))
        bears_all = any(
            t.get("operator") == "Exists" and not t.get("key")
            for t in mappings(spec.get("tolerations"))
        )
        every = one.name in EVERYWHERE or (bears_all and not chooses)
        fewer = bool(narrowed or every) and (wanted or 0) < len(seen.nodes)
        if seen.nodes and (wanted == 0 or fewer):
            name = str(one.get("spec.template.spec.nodeSelector") or one.name)
            shown = (
                sign(one, "spec.template.spec.nodeSelector"),
                sign(one, "status.desiredNumberScheduled"),
            )
            everybody = frozenset(w.ref for w in seen.workloads) if one.namespace == SYSTEM else ()
            victims = frozenset({one.ref, *everybody})
            yield wrong("runs-on-too-few", one, shown, 0.85, name=name, victims=victims)


def _requests(seen: Snapshot) -> Iterator[Trouble]:
    """Certificates that were asked for and that nobody signed."""
    for one in seen.of("CertificateSigningRequest"):
        types = {str(c.get("type")) for c in one.list("status.conditions")}
        if (
            "Denied" in types
            or "Failed" in types
            or ("Approved" not in types and not one.get("status.certificate"))
        ):
            said = {"name": one.text("spec.signerName"), "why": ", ".join(types) or "pending"}
            said["workload"] = one.text("spec.username")
            shown = (sign(one, "spec.signerName"),)
            yield Trouble("not-signed", one.ref, shown, frozenset({one.ref}), 0.6, said)
    for one in seen.of("Certificate"):
        ready = one.condition("Ready")
        if ready.get("status") == "False":
            yield _by_condition("certificate", one, ready, "Ready", frozenset({one.ref}))
