"""Claims that have no volume, and volumes that cannot be attached."""

import re
from collections.abc import Iterator

from .objects import Object, quantity, ready, texts, value
from .revisions import brought_it
from .snapshot import Snapshot, Told
from .trouble import Trouble, sign, told, wrong

DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
FAILED = ("ProvisioningFailed", "FailedBinding", "VolumeMismatch", "ExternalProvisioning")
LATE, NONE = "WaitForFirstConsumer", "kubernetes.io/no-provisioner"
COMMON = ("csi", "com", "io", "k8s", "driver", "controller", "provisioner")
"""Parts of a driver's name that many have."""
NO_DRIVER = re.compile(
    r"does not contain driver (?P<driver>[\w.-]+)"
    r"|driver name (?P<named>[\w.-]+) not found in the list of registered CSI drivers"
)

UNABLE = re.compile(r"you might need a /sbin/mount|unknown filesystem type")
"""In the words of `mount`, of a node that has not what it takes."""


def without_volume(seen: Snapshot) -> Iterator[Trouble]:
    """Claims that pods wait for, by why nothing fits them."""
    for pod in seen.pods:
        for volume in pod.list("spec.volumes"):
            name = str(value(volume, "persistentVolumeClaim.claimName") or "")
            if name and seen.missing("PersistentVolumeClaim", pod.namespace, name):
                yield _gone(seen, pod, name)
    for claim in seen.of("PersistentVolumeClaim"):
        users = frozenset(seen.top(pod).ref for pod in _users(seen, claim))
        if claim.text("status.phase") in ("Pending", "Lost") and users:
            yield _unbound(seen, claim, users)
    yield from _attached(seen)


def _users(seen: Snapshot, claim: Object) -> list[Object]:
    return [
        pod
        for pod in seen.pods
        if pod.namespace == claim.namespace
        and any(
            value(volume, "persistentVolumeClaim.claimName") == claim.name
            for volume in pod.list("spec.volumes")
        )
    ]


def waiting_for(seen: Snapshot, maker: Object) -> Iterator[str]:
    """Who waits for volumes that a workload should make, and the claims: by the driver's name."""
    for claim in seen.of("PersistentVolumeClaim"):
        class_ = seen.find("StorageClass", "", claim.text("spec.storageClassName"))
        driver = class_.text("provisioner") if class_ else ""
        if claim.text("status.phase") == "Pending" and _called_after(maker, driver):
            yield from (claim.ref, *(seen.top(pod).ref for pod in _users(seen, claim)))


def _gone(seen: Snapshot, pod: Object, name: str) -> Trouble:
    workload = seen.top(pod)
    claim = f"PersistentVolumeClaim {pod.namespace}/{name}"
    place = "" if brought_it(seen, workload, name) else claim
    signs = (sign(pod, "spec.volumes"),)
    return wrong("claim-missing", workload, signs, 1.0, name=claim, place=place)


def _unbound(seen: Snapshot, claim: Object, users: frozenset[str]) -> Trouble:
    events = seen.events(claim, *FAILED)[:2]
    signs = (sign(claim, "status.phase"), *(told(claim, event) for event in events))
    cause, place, why = _why(seen, claim, " ".join(event.message for event in events))
    said = {"name": claim.name, "why": why, "workload": min(users)}
    return Trouble(cause, place, signs, users, 0.9, said)


def _why(seen: Snapshot, claim: Object, text: str) -> tuple[str, str, str]:
    """(cause, object, in words)"""
    class_, name = claim.get("spec.storageClassName"), claim.text("spec.volumeName")
    known = seen.find("StorageClass", "", str(class_)) if class_ else _default(seen)
    if claim.text("status.phase") == "Lost":
        return "volume-lost", claim.ref, f"PersistentVolume {name} is gone"
    if name and seen.missing("PersistentVolume", "", name):
        return "volume-lost", claim.ref, f"there is no PersistentVolume {name}"
    fits = [v for v in seen.of("PersistentVolume") if v.text("spec.storageClassName") == class_]
    if class_ and known is None and "StorageClass" in seen.listed and not fits:
        return "class-missing", claim.ref, f"there is no StorageClass {class_}"
    if class_ is None and known is None and "StorageClass" in seen.listed:
        return "class-missing", claim.ref, "it names no StorageClass, and none is the default"
    made = known is not None and known.text("provisioner") not in ("", NONE)
    if fits and (name or not made) and (why := _misfit(claim, name, fits)):
        return "volume-misfit", claim.ref, why
    if known is not None and known.text("volumeBindingMode") == LATE and not text:
        return "not-provisioned", claim.ref, "it waits for a pod that can be scheduled"
    if re.search(r"external provisioner|waiting for a volume to be created", text):
        by = known.text("provisioner") if known else "its provisioner"
        return "not-provisioned", _maker(seen, known, claim), f"{by} has made none"
    if re.search(r"ProvisioningFailed|failed to provision|storageclass\.\S+ .* not found", text):
        return "not-provisioned", _maker(seen, known, claim), text[:200]
    return "not-provisioned", claim.ref, text[:200] or "nothing says why"


def _default(seen: Snapshot) -> Object | None:
    found = (
        one
        for one in seen.of("StorageClass")
        if any(one.annotations.get(name) == "true" for name in DEFAULT)
    )
    return next(found, None)


def _misfit(claim: Object, name: str, volumes: list[Object]) -> str:
    """Why none of these volumes is for it; empty where one is."""
    asked, modes = (
        claim.number("spec.resources.requests.storage"),
        texts(claim.get("spec.accessModes")),
    )
    free = [v for v in volumes if not name or v.name == name]
    free = [v for v in free if v.text("status.phase") in ("Available", "") or name]
    if not free:
        return "every volume of its class is taken"
    roomy = [v for v in free if (quantity(v.get("spec.capacity.storage")) or 0) >= (asked or 0)]
    if not roomy:
        size = claim.text("spec.resources.requests.storage")
        return f"it asks for {size}, and no volume is as large"
    if not any({*modes} <= {*texts(v.get("spec.accessModes"))} for v in roomy):
        return f"it asks for {', '.join(modes)}, which no volume offers"
    return ""


def _attached(seen: Snapshot) -> Iterator[Trouble]:
    """What mounts and attaches report of pods that are scheduled."""
    for pod in seen.pods:
        for event in seen.events(pod, "FailedAttachVolume", "FailedMount"):
            if found := NO_DRIVER.search(event.message):
                yield _no_driver(seen, pod, event, found["driver"] or found["named"])
                break
            if "Multi-Attach" in event.message:
                yield _attach(seen, pod, event, "attached-elsewhere")
                break
            if re.search(r"hostPath type check failed|mount failed|exit status 32", event.message):
                yield _attach(seen, pod, event, "mount-fails")
                break


def _no_driver(seen: Snapshot, pod: Object, event: Told, driver: str) -> Trouble:
    """The driver's own DaemonSet, where one is known that does not run on the pod's node."""
    node, workload = pod.text("spec.nodeName"), seen.top(pod)
    there = {seen.top(p).ref for p in seen.on(node)}
    mine = [one for one in _of_driver(seen, driver) if one.kind == "DaemonSet"]
    absent = [one for one in mine if one.ref not in there]
    place = absent[0].ref if absent else f"Node {node}"
    shown = (told(pod, event),)
    return wrong("driver-absent", workload, shown, 0.95, driver, name=f"Node {node}", place=place)


def _of_driver(seen: Snapshot, driver: str) -> list[Object]:
    """Workloads that are called after a CSI driver or a provisioner, or are told its name."""
    return [
        one
        for one in seen.workloads
        if ("csi" in one.name or "provision" in one.name)
        and (_called_after(one, driver) or driver in str(one.get("spec.template.spec")))
    ]


def _called_after(one: Object, driver: str) -> bool:
    return bool({*re.split(r"[./-]", driver)} & {*one.name.split("-")} - {*COMMON})


def _maker(seen: Snapshot, class_: Object | None, claim: Object) -> str:
    """Whoever makes volumes of a class, where none of its pods is ready; else the class itself."""
    if class_ is None:
        return claim.ref
    mine = [o for o in _of_driver(seen, class_.text("provisioner")) if o.kind != "DaemonSet"]
    down = [one.ref for one in mine if not any(map(ready, seen.pods_of(one)))]
    return down[0] if down and len(down) == len(mine) else class_.ref


def _attach(seen: Snapshot, pod: Object, event: Told, cause: str) -> Trouble:
    workload = seen.top(pod)
    found = re.search(r"volume \"([^\"]+)\"", event.message)
    name, why = found[1] if found else "a volume", event.message[:200]
    place = _not_mounted(seen, pod, name, event.message) if cause == "mount-fails" else ""
    return wrong(cause, workload, (told(pod, event),), 0.9, why, name=name, place=place)


def _not_mounted(seen: Snapshot, pod: Object, name: str, message: str) -> str:
    """A node without the program that mounts it, or the PersistentVolume that tells from where;
    empty: the pod's own template does."""
    if UNABLE.search(message):
        return f"Node {pod.text('spec.nodeName')}"
    volume = seen.find("PersistentVolume", "", name)
    claim = volume.text("spec.claimRef.name") if volume else ""
    return volume.ref if volume and not brought_it(seen, seen.top(pod), claim) else ""
