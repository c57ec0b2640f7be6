"""Rights that accounts lack: bindings that mean one and name another, roles that are too narrow."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from .objects import Fields, Object
from .snapshot import LOG, Snapshot
from .storage import waiting_for
from .trouble import Sign, Trouble, sign, wrong

FORBIDDEN = re.compile(
    r'User "system:serviceaccount:(?P<space>[^:"]+):(?P<name>[^"]+)" cannot (?P<verb>\S+)'
    r' resource "(?P<what>[^"]+)"'
)
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
TWICE, LINES = 3, 25
"""How often the last lines of a log must say it: once is said by many, and harms nobody."""
ACCOUNT = "ServiceAccount"


def lacking_rights(seen: Snapshot) -> Iterator[Trouble]:
    """By binding of an account that is not there, and by what runs and says what it may not do."""
    for bound in (one for kind in BINDINGS for one in seen.of(kind)):
        for subject in bound.list("subjects"):
            space = str(subject.get("namespace") or bound.namespace)
            name = str(subject.get("name"))
            if subject.get("kind") == ACCOUNT and seen.missing(ACCOUNT, space, name):
                for workload in _meant(seen, space, name, bound.fields("roleRef")):
                    why = f"it names {space}/{name}, which is not there"
                    yield _lacks(seen, workload, bound.ref, sign(bound, "subjects"), why, 0.8)
    for log in seen.of(LOG):
        lines = "\n".join(log.text("text").splitlines()[-LINES:])
        found = list(FORBIDDEN.finditer(lines))
        pod = seen.find("Pod", log.namespace, log.name.partition("/")[0])
        if pod is not None and len(found) >= TWICE:
            yield refused(seen, seen.top(pod), found[-1], Sign(log.ref, "text", found[-1][0]))


def refused(seen: Snapshot, one: Object, found: "re.Match[str]", shown: Sign) -> Trouble:
    """What an account may not do, by the API server's own words."""
    space, name, verb, what = found.groups()
    return _lacks(seen, one, binding(seen, space, name), shown, f"it may not {verb} {what}", 0.95)


def _lacks(
    seen: Snapshot, one: Object, place: str, shown: Sign, why: str, surety: float
) -> Trouble:
    named = f"{one.namespace}/{account(one)}"
    hurt = {one.ref, *waiting_for(seen, one)}
    return wrong("not-allowed", one, (shown,), surety, why, name=named, place=place, victims=hurt)


def account(one: Object) -> str:
    """The name of the account that a workload's pods have; empty: its namespace's default."""
    return one.text("spec.template.spec.serviceAccountName") or one.text("spec.serviceAccountName")


def _meant(seen: Snapshot, space: str, name: str, role: Fields) -> Iterator[Object]:
    """Workloads with an account of this name elsewhere, or of nearly this name there, that nothing
    gives the role."""
    for one in seen.workloads:
        mine = account(one)
        near = mine == name or (one.namespace == space and get_close_matches(name, [mine], 1, 0.8))
        if mine and near and not _has(seen, one.namespace, mine, role):
            yield one


def _has(seen: Snapshot, space: str, name: str, role: Fields) -> bool:
    return any(
        subject.get("name") == name and subject.get("namespace", one.namespace) == space
        for kind in BINDINGS
        for one in seen.of(kind)
        if one.text("roleRef.name") == role.get("name")
        for subject in one.list("subjects")
    )


def binding(seen: Snapshot, space: str, name: str) -> str:
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
