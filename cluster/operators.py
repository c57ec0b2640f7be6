"""What operators make for the custom resources of people: a Service, a Secret, a ConfigMap that is
not there may wait for one that does not work."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from .calling import calls, service_of
from .given import CLAIM, says, volumes
from .objects import Object, reference, texts
from .rights import BINDINGS, account
from .snapshot import Snapshot

OWN = ("apps", "batch", "autoscaling", "policy", "extensions")
"""Groups of the API's own without a domain; the others of them end with k8s.io."""


def operators(seen: Snapshot) -> Iterator[tuple[str, str]]:
    """(what lacks something that is not there, or that thing itself; the operator of a custom
    resource that names it)"""
    named = _custom(seen)
    if not named:
        return
    at_work = _by_group(seen)
    for holders, namespace, name in _lacking(seen):
        for one in named[namespace]:
            if (
                one.name == name
                or name.startswith(f"{one.name}-")
                or says(str(one.get("spec")), name)
            ):
                for ref in at_work.get(_group(one), ()):
                    yield from ((holder, ref) for holder in holders)


def _lacking(seen: Snapshot) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(who lacks it and it itself, namespace, name)"""
    for call in calls(seen):
        service, inside = service_of(seen, call.workload.namespace, call.host)
        if service is None and inside:
            name, _, rest = call.host.partition(".")
            space = rest.partition(".")[0] or call.workload.namespace
            yield (call.workload.ref, call.holder, f"Service {space}/{name}"), space, name
    for one in seen.workloads:
        for _volume, kind, name, needed in volumes(one.fields("spec.template.spec")):
            if kind != CLAIM[0] and needed and seen.missing(kind, one.namespace, name):
                yield (one.ref, reference(kind, one.namespace, name)), one.namespace, name


def _group(one: Object) -> str:
    return one.text("apiVersion").rpartition("/")[0]


def _custom(seen: Snapshot) -> Mapping[str, list[Object]]:
    """Custom resources by namespace."""
    found = defaultdict[str, list[Object]](list)
    for one in seen.objects:
        group = _group(one)
        if group and group not in OWN and not group.endswith("k8s.io") and one.namespace:
            found[one.namespace].append(one)
    return found


def _by_group(seen: Snapshot) -> Mapping[str, set[str]]:
    """By group of the API, the workloads whose account may watch what is in it by its name."""
    found = defaultdict[str, set[str]](set)
    accounts = defaultdict[tuple[str, str], set[str]](set)
    for one in seen.workloads:
        accounts[one.namespace, account(one)].add(one.ref)
    for bound in (one for kind in BINDINGS for one in seen.of(kind)):
        to = bound.fields("roleRef")
        space = bound.namespace if to.get("kind") == "Role" else ""
        role = seen.find(str(to.get("kind")), space, str(to.get("name")))
        groups = {
            group
            for rule in (role.list("rules") if role else ())
            if {"watch", "*"} & {*texts(rule.get("verbs"))}
            for group in texts(rule.get("apiGroups"))
        }
        for subject in bound.list("subjects"):
            space = str(subject.get("namespace") or bound.namespace)
            for group in groups:
                found[group] |= accounts.get((space, str(subject.get("name"))), set())
    return found
