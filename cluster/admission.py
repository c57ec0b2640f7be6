"""Pods that the API server did not let in: quotas, accounts, policies, limit ranges, webhooks."""

from collections.abc import Iterator

from .objects import Object, quantity
from .revisions import brought_it, last_change, revisions
from .snapshot import Snapshot
from .trouble import Sign, Trouble, said_by, sign, told, words

CONTROLLERS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController")
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
    return (1 if wanted is None else wanted) > (one.number("status.replicas") or 0)


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
    space = workload.namespace
    place = workload.ref
    if cause == "quota":
        place = f"ResourceQuota {space}/{name}"
    elif cause == "account-missing" and not brought_it(seen, workload, name):
        place = f"ServiceAccount {space}/{name}"
    elif cause == "pod-security" and not _spec_changed(seen, workload):
        place = f"Namespace {space}"
    elif cause in ("webhook-away", "webhook-denies"):
        place = _hook(seen, workload, cause, name) or place
    elif cause == "policy-denies":
        place = f"ValidatingAdmissionPolicy {name}"
    elif cause == "limit-range":
        ranges = seen.of("LimitRange", space)
        place = ranges[0].ref if len(ranges) == 1 and not _spec_changed(seen, workload) else place
    elif cause == "priority-missing" and not brought_it(seen, workload, name):
        place = f"PriorityClass {name}"
    elif cause == "runtime-missing" and not brought_it(seen, workload, name):
        place = f"RuntimeClass {name}"
    said = {"name": name, "why": why, "workload": workload.ref}
    return Trouble(cause, place, signs, frozenset({workload.ref}), 1.0, said)


def _spec_changed(seen: Snapshot, workload: Object) -> bool:
    """Whether its containers, or what the pod may do, are new: then that is refused, and not a
    rule that is new."""
    change = last_change(seen, workload)
    paths = ("containers", "securityContext", "hostNetwork", "hostPID", "volumes")
    return change is not None and any(change.at(path) for path in paths)


def _hook(seen: Snapshot, workload: Object, cause: str, name: str) -> str:
    """The configuration that has a webhook of this name; empty where it denies what is newer than
    itself: then that breaks a rule that was there."""
    newest = max((one.created or 0.0 for one in revisions(seen, workload)), default=0.0)
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for one in seen.of(kind):
            if any(hook.get("name") == name for hook in one.list("webhooks")):
                older = cause == "webhook-denies" and (one.created or 0.0) < newest
                return "" if older else one.ref
    return ""


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
