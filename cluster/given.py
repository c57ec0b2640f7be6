"""What a container is given, and the object that holds it, which is wrong when that is wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .objects import NOTHING, Fields, Object, mappings, reference, texts, value
from .snapshot import Snapshot

SOURCES = (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName"))
ROOT_CA = "kube-root-ca.crt"
"""Is put into every namespace, and mounted by every pod."""
CLAIM = ("PersistentVolumeClaim", "persistentVolumeClaim", "claimName")


@dataclass(frozen=True)
class Given:
    """A variable, a file or an argument of a container."""

    name: str
    text: str  # empty: a Secret's, which is not kept
    holder: str  # reference of the object: ConfigMap shop/cart, Deployment shop/cart
    key: str = ""  # in it


def variables(seen: Snapshot, owner: Object, spec: Fields) -> Iterator[Given]:
    """The environment of a container, of a workload or pod."""
    for pair in mappings(spec.get("env")):
        name, text = str(pair.get("name") or ""), pair.get("value")
        if isinstance(text, str):
            yield Given(name, text, owner.ref)
        for kind, path in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            ref = value(pair, f"valueFrom.{path}") or NOTHING
            if held := str(value(ref, "name") or ""):
                key = str(value(ref, "key") or "")
                text = data(seen, kind, owner.namespace, held).get(key)
                holder = reference(kind, owner.namespace, held)
                yield Given(name, str(text or ""), holder, key)
    for kind, name, prefix in brought_in(spec):
        holder = reference(kind, owner.namespace, name)
        for key, text in data(seen, kind, owner.namespace, name).items():
            yield Given(f"{prefix}{key}", str(text or ""), holder, key)


def brought_in(spec: Fields) -> Iterator[tuple[str, str, str]]:
    """(kind, name, prefix) of what a container's environment takes in whole."""
    for source in mappings(spec.get("envFrom")):
        for kind, path in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if name := str(value(source, f"{path}.name") or ""):
                yield kind, name, str(source.get("prefix") or "")


def arguments(owner: Object, spec: Fields) -> Given:
    """Its command with the arguments, as one text."""
    words = (*texts(spec.get("command")), *texts(spec.get("args")))
    return Given("command", " ".join(words), owner.ref)


def files(seen: Snapshot, owner: Object, pod: Fields) -> Iterator[Given]:
    """What ConfigMaps and Secrets bring into a pod as files; `pod` is its spec."""
    for _volume, kind, name, _needed in volumes(pod):
        if kind != CLAIM[0]:
            for key, text in data(seen, kind, owner.namespace, name).items():
                yield Given(key, str(text or ""), reference(kind, owner.namespace, name), key)


def volumes(pod: Fields) -> Iterator[tuple[str, str, str, bool]]:
    """(volume, kind, name, whether it has to be there) of what a pod's volumes are made of."""
    for volume in mappings(pod.get("volumes")):
        parts = [volume, *mappings(value(volume, "projected.sources"))]
        for part in parts:
            for kind, path, field in (*SOURCES, CLAIM):
                source = value(part, path) or NOTHING
                name = str(value(source, field) or value(source, "name") or "")
                if name and name != ROOT_CA:
                    yield str(volume.get("name")), kind, name, source.get("optional") is not True


def mounted_at(spec: Fields, pod: Fields, path: str) -> tuple[str, str]:
    """(kind, name) of what is mounted where a container looks for a file; empty where nothing is,
    and the kind alone for what is no object: an empty directory."""
    over = [
        mount
        for mount in mappings(spec.get("volumeMounts"))
        if f"{path}/".startswith(f"{str(mount.get('mountPath')).rstrip('/')}/")
    ]
    if not over:
        return "", ""
    mount = max(over, key=lambda one: len(str(one.get("mountPath"))))
    found = [(k, n) for volume, k, n, _needed in volumes(pod) if volume == mount.get("name")]
    return found[0] if found else ("volume", "")


def data(seen: Snapshot, kind: str, namespace: str, name: str) -> Fields:
    """The keys of a ConfigMap or Secret; of a Secret the values are not kept."""
    found = seen.find(kind, namespace, name)
    return {**found.fields("data"), **found.fields("stringData")} if found else NOTHING


def says(text: str, word: str, *, inside: bool = False) -> bool:
    """As a whole, and not as a part of another word, in either case; inside: a part of a path of
    names is meant too."""
    before = r"[\w-]" if inside else r"[\w.-]"
    pattern = rf"(?<!{before}){re.escape(word)}(?![\w-])"
    return re.search(pattern, text, re.IGNORECASE) is not None
