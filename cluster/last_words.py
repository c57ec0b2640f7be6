"""What a container said when it ended, and of which object that tells: a right that its account
lacks, a value of its configuration."""

import re
from collections.abc import Iterator

from .objects import Container, Object, mappings, value
from .snapshot import Snapshot
from .trouble import Sign, Trouble, wrong

FORBIDDEN = re.compile(
    r'User "system:serviceaccount:(?P<space>[^:"]+):(?P<name>[^"]+)" cannot (?P<verb>\S+)'
    r' resource "(?P<what>[^"]+)"'
)
LINE = re.compile(r"^\s*([\w.-]{3,})\s*[=:]\s*[\"']?([^\"'\s#]+)", re.M)
UNREADABLE = re.compile(
    r"(?i)pars|invalid|syntax|unmarshal|malformed|unexpected|cannot (?:read|load|start)|line \d"
)
TELLING = 6
"""Characters from which a value that is quoted by itself is no chance."""


def last_words(seen: Snapshot, pod: Object, one: Container) -> Trouble | None:
    """None where it said nothing that tells of another object."""
    text = str(one.ended.get("message") or "")
    shown = (Sign(pod.ref, f"lastState.terminated[{one.name}].message", text[:300]),)
    if found := FORBIDDEN.search(text):
        place = _binding(seen, found["space"], found["name"])
        why = f"it may not {found['verb']} {found['what']}"
        name = f"{found['space']}/{found['name']}"
        return wrong("not-allowed", seen.top(pod), shown, 0.95, why, name=name, place=place)
    for config, key in _quoted(seen, pod, one, text):
        return wrong("value-refused", seen.top(pod), shown, 0.85, key, place=config.ref)
    return None


def _binding(seen: Snapshot, space: str, name: str) -> str:
    """The binding that means this account and names another one; else the role that it is bound to;
    else the account, to which nothing is bound."""
    roles = list[str]()
    bindings = [*seen.of("RoleBinding", space), *seen.of("ClusterRoleBinding")]
    for one in bindings:
        for subject in one.list("subjects"):
            if subject.get("kind") == "ServiceAccount" and subject.get("name") == name:
                if subject.get("namespace") != space:
                    return one.ref
                role = one.fields("roleRef")
                where = f"{space}/" if role.get("kind") == "Role" else ""
                roles.append(f"{role.get('kind')} {where}{role.get('name')}")
    return roles[0] if roles else f"ServiceAccount {space}/{name}"


def _quoted(seen: Snapshot, pod: Object, one: Container, text: str) -> Iterator[tuple[Object, str]]:
    """(ConfigMap, key) of what the container is given and quotes."""
    for config in _given(seen, pod, one):
        for key, held in config.fields("data").items():
            if not isinstance(held, str):
                continue
            if "." in key and _says(text, key) and UNREADABLE.search(text):
                yield config, key
            if "\n" not in held and len(held) >= TELLING and _says(text, held):
                yield config, key
            for name, said in LINE.findall(held):
                if _says(text, name) and _says(text, said):
                    yield config, f"{name} in {key}"


def _says(text: str, word: str) -> bool:
    """As a whole, and not as a part of another word."""
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text) is not None


def _given(seen: Snapshot, pod: Object, one: Container) -> Iterator[Object]:
    names = [
        value(pair, "valueFrom.configMapKeyRef.name") for pair in mappings(one.spec.get("env"))
    ]
    names += [value(part, "configMapRef.name") for part in mappings(one.spec.get("envFrom"))]
    names += [value(volume, "configMap.name") for volume in pod.list("spec.volumes")]
    for name in dict.fromkeys(str(name) for name in names if name):
        if (found := seen.find("ConfigMap", pod.namespace, name)) and name != "kube-root-ca.crt":
            yield found
