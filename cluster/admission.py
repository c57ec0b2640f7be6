"""Pods that the API server did not let in: quotas, accounts, policies, limit ranges, webhooks."""

from collections.abc import Iterator
from typing import Any

from .objects import Object, mappings, quantity, repository, value
from .revisions import Revision, brought_it, last_change, revisions
from .snapshot import Snapshot
from .trouble import Sign, Trouble, said_by, sign, told, words

CONTROLLERS = (
    *("ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"),
    "ReplicationController",
)
"""Of a Deployment, what its ReplicaSets are told where nobody read these."""
RULES = {"webhook-denies": "", "policy-denies": "ValidatingAdmissionPolicy"}
"""What may be older than what it denies, and of which kind."""
LEVELS = ("pod-security", "limit-range")
FAILED = ("FailedCreate", "ReplicaSetCreateError")


def not_admitted(seen: Snapshot) -> Iterator[Trouble]:
    """One trouble for each controller that has fewer pods than it wants and says why."""
    for kind in CONTROLLERS:
        for one in seen.of(kind):
            if _lacks(one) and (found := _refused(seen, one)):
                yield found
    yield from _full(seen)


def _lacks(one: Object) -> bool:
    """Whether it has fewer pods than it wants."""
    if one.kind == "DaemonSet":
        wanted, there = "status.desiredNumberScheduled", "status.currentNumberScheduled"
        return (one.number(wanted) or 0) > (one.number(there) or 0)
    if one.kind == "Job":
        over = one.number("status.succeeded") or one.condition("Complete").get("status") == "True"
        return not over and not one.number("status.active")
    wanted = one.number("spec.replicas")
    there = "status.updatedReplicas" if one.kind == "Deployment" else "status.replicas"
    return (1 if wanted is None else wanted) > (one.number(there) or 0)


def _refused(seen: Snapshot, one: Object) -> Trouble | None:
    workload = seen.top(one)
    for text, signs in _answers(seen, one):
        if found := said_by(words().refusals, text):
            cause, parts = found
            name, why = parts.get("name", ""), parts.get("why", "")[:300]
            return _trouble(seen, workload, cause, name, why, signs)
    return None


def _answers(seen: Snapshot, one: Object) -> Iterator[tuple[str, tuple[Sign, ...]]]:
    """What the API server said to it, the newest first."""
    for event in seen.events(one, *FAILED):
        yield event.message, (told(one, event),)
    condition = one.condition("ReplicaFailure")
    if condition.get("status") == "True":
        message = str(condition.get("message") or "")
        yield message, (Sign(one.ref, "status.conditions[ReplicaFailure].message", message[:400]),)


def _trouble(
    seen: Snapshot, workload: Object, cause: str, name: str, why: str, signs: tuple[Sign, ...]
) -> Trouble:
    rule = _rule(seen, workload.namespace, cause, name)
    place = workload.ref if not rule or _own(seen, workload, cause, name) else rule
    said = {"name": name, "why": why, "workload": workload.ref}
    return Trouble(cause, place, signs, frozenset({workload.ref}), 1.0, said, rule)


def _rule(seen: Snapshot, space: str, cause: str, name: str) -> str:
    """The object that refuses, or that is missing; empty where none is known."""
    if cause in ("webhook-away", "webhook-denies"):
        hook = _hook(seen, name)
        return hook.ref if hook else ""
    if cause == "limit-range":
        ranges = seen.of("LimitRange", space)
        return ranges[0].ref if len(ranges) == 1 else ""
    return {
        "quota": f"ResourceQuota {space}/{name}",
        "account-missing": f"ServiceAccount {space}/{name}",
        "pod-security": f"Namespace {space}",
        "policy-denies": f"ValidatingAdmissionPolicy {name}",
        "priority-missing": f"PriorityClass {name}",
        "runtime-missing": f"RuntimeClass {name}",
    }.get(cause, "")


def _own(seen: Snapshot, workload: Object, cause: str, name: str) -> bool:
    """Whether it is refused for what its own last change brought; where nobody knows any, one that
    is refused alone is the odd one."""
    if cause in (*RULES, *LEVELS) and not revisions(seen, workload):
        return True
    if cause in ("account-missing", "priority-missing", "runtime-missing"):
        return brought_it(seen, workload, name)
    if cause in RULES and (rule := _hook(seen, name) or seen.find(RULES[cause], "", name)):
        times = [one.created or 0.0 for one in revisions(seen, workload)[:2]]
        old = (rule.created or 0.0) < min(times)  # what was before obeyed it
        return old or ((rule.created or 0.0) < max(times) and _spec_changed(seen, workload))
    return cause in LEVELS and _spec_changed(seen, workload)


def _spec_changed(seen: Snapshot, workload: Object) -> bool:
    """Whether more of its containers is new than their versions, or what the pod may do: then that
    is refused, and not a rule that is new."""
    change = last_change(seen, workload)
    paths = ("securityContext", "hostNetwork", "hostPID", "volumes")
    return change is not None and (
        any(change.at(path) for path in paths) or _parts(change.before) != _parts(change.now)
    )


def _parts(side: Revision) -> list[dict[str, Any]]:
    """Containers without tags and digests of their images."""
    return [
        {**one, "image": repository(str(one.get("image")))}
        for one in mappings(value(side.template, "spec.containers"))
    ]


def _hook(seen: Snapshot, name: str) -> Object | None:
    """The configuration that has a webhook of this name."""
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for one in seen.of(kind):
            if any(hook.get("name") == name for hook in one.list("webhooks")):
                return one
    return None


def _full(seen: Snapshot) -> Iterator[Trouble]:
    """Quotas that are used up while controllers in their namespace lack pods and no event is left
    that says why."""
    for quota in seen.of("ResourceQuota"):
        hard, used = quota.fields("status.hard"), quota.fields("status.used")
        names = [name for name in hard if name in used and _reached(quota, name)]
        lacking = [
            seen.top(one).ref
            for kind in CONTROLLERS
            for one in seen.of(kind, quota.namespace)
            if _lacks(one) and not _refused(seen, one) and not seen.pods_of(seen.top(one))
        ]
        if names and lacking:
            signs = tuple(
                part for name in names for part in (
                    sign(quota, f"status.hard.{name}"), sign(quota, f"status.used.{name}"))
            )  # fmt: skip
            said = {
                "name": quota.name,
                "why": f"{', '.join(names)} used up",
                "workload": lacking[0],
            }
            yield Trouble("quota", quota.ref, signs, frozenset(lacking), 0.7, said)


def _reached(quota: Object, name: str) -> bool:
    hard, used = (quantity(quota.fields(f"status.{side}").get(name)) for side in ("hard", "used"))
    return hard is not None and used is not None and used >= hard
