"""What does not come to its end: drains, namespaces that shall go, jobs, an API behind another."""

from collections.abc import Iterator
from dataclasses import replace

from .last_words import last_words
from .objects import NOTHING, Object, containers, seconds, selects, value
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, told, wrong

KEPT = (
    *("NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure"),
    *("NamespaceFinalizersRemaining", "NamespaceContentRemaining"),
    "NamespaceDeletionContentFailure",
)
"""Conditions of a namespace that say what it waits for, those first that the others follow from."""
GRACE_S = 300.0
"""A namespace that shall go for less is on its way."""
ACTIVE = "JobAlreadyActive"
NEVER = ("FailedNeedsStart", "UnknownTimeZone", "UnparseableSchedule", "InvalidSchedule")
NEW_S, OLD = 3600.0, 0.3
"""A job that nobody waits for is missed for so long; after that somebody knew of it."""


def stuck(seen: Snapshot) -> Iterator[Trouble]:
    """By kind of object."""
    yield from _drains(seen)
    yield from _served_elsewhere(seen)
    for space in seen.of("Namespace"):
        yield from _namespace(seen, space)
    for cron in seen.of("CronJob"):
        yield from _waiting(seen, cron)
        for event in seen.events(cron, *NEVER)[:1]:
            yield wrong("never-runs", cron, (told(cron, event),), 0.9, event.message[:200])
    for job in seen.of("Job"):
        yield from _failed(seen, job)


def _drains(seen: Snapshot) -> Iterator[Trouble]:
    """A cordoned node whose pods may not be evicted although all are well."""
    closed = {node.name: node for node in seen.nodes if node.get("spec.unschedulable") is True}
    for budget in seen.of("PodDisruptionBudget"):
        if not _allows_none(budget):
            continue
        selector = budget.fields("spec.selector")
        mine = (p for p in seen.pods if p.namespace == budget.namespace)
        held = [
            p for p in mine if selects(selector, p.labels) and p.text("spec.nodeName") in closed
        ]
        if held:
            nodes = sorted({f"Node {pod.text('spec.nodeName')}" for pod in held})
            shown = (sign(budget, "status"), sign(closed[nodes[0][5:]], "spec.unschedulable"))
            workload, name = seen.top(held[0]), ", ".join(nodes)
            hurt, place = (*nodes, workload.ref), budget.ref
            yield wrong("drain-blocked", workload, shown, 0.9, name=name, place=place, victims=hurt)


def _allows_none(budget: Object) -> bool:
    """Whether it would let nobody go even with all of its pods well."""
    wanted, there = budget.number("status.desiredHealthy"), budget.number("status.expectedPods")
    return bool(there) and budget.number("status.disruptionsAllowed") == 0 and wanted == there


def _served_elsewhere(seen: Snapshot) -> Iterator[Trouble]:
    """Parts of the API that a service answers for, which does not."""
    for one in seen.of("APIService"):
        state = one.condition("Available")
        if state.get("status") == "False":
            why = str(state.get("message") or state.get("reason"))[:200]
            shown = (Sign(one.ref, "status.conditions[Available]", why),)
            hurt = (one.ref, *(space.ref for space in _going(seen) if _waits_for(space, one)))
            yield wrong("api-away", one, shown, 0.9, why, victims=hurt)


def _going(seen: Snapshot) -> list[Object]:
    return [one for one in seen.of("Namespace") if one.get("metadata.deletionTimestamp")]


def _waits_for(space: Object, api: Object) -> bool:
    group = f"{api.text('spec.group')}/{api.text('spec.version')}"
    return group in str(space.condition(KEPT[0]).get("message"))


def _namespace(seen: Snapshot, space: Object) -> Iterator[Trouble]:
    since = seconds(space.get("metadata.deletionTimestamp"))
    if since is None or seen.at - since < GRACE_S:
        return
    why = [c for type_ in KEPT if (c := space.condition(type_)).get("status") == "True"]
    text = str((why[0] if why else NOTHING).get("message") or "nothing says why")[:200]
    shown = (Sign(space.ref, f"status.conditions[{why[0]['type'] if why else ''}]", text),)
    yield wrong("namespace-stays", space, shown, 0.8, text)


# Jobs.


def _waiting(seen: Snapshot, cron: Object) -> Iterator[Trouble]:
    """Whose last run never ends, so that by its own rule no other one begins."""
    events = seen.events(cron, ACTIVE)
    active = [str(one.get("name")) for one in cron.list("status.active")]
    if not events or not active:
        return
    job = seen.find("Job", cron.namespace, active[0])
    pods = [p for p in seen.pods if job is not None and (o := seen.owner(p)) and o is job]
    if any(p.text("status.phase") == "Pending" for p in pods):
        return  # that its pod does not start is its own trouble
    shown = (told(cron, events[0]), sign(cron, "status.active"))
    since = job.text("status.startTime") if job is not None else ""
    place, why = job.ref if job is not None else cron.ref, f"since {since or 'some time'}"
    yield wrong("job-hangs", cron, shown, 0.85, why, place=place, victims=(cron.ref, place))


def _failed(seen: Snapshot, job: Object) -> Iterator[Trouble]:
    """A job that was given up, and no later one of the same did it."""
    state = job.condition("Failed")
    if state.get("status") != "True":
        return
    owner = seen.owner(job)
    later = [
        one
        for one in seen.of("Job", job.namespace)
        if owner is not None
        and seen.owner(one) is owner
        and (one.created or 0) > (job.created or 0)
        and one.condition("Complete").get("status") == "True"
    ]
    if later or value(job.raw, "metadata.deletionTimestamp"):
        return
    text = f"{state.get('reason') or ''} {state.get('message') or ''}".strip()[:200]
    shown = (Sign(job.ref, "status.conditions[Failed]", text),)
    waiting = {seen.top(pod).ref for pod in seen.pods if _waits(pod, job)}
    at = seconds(state.get("lastTransitionTime")) or seen.at
    surety = 0.95 if waiting else 0.8 if owner is not None else 0.6 if seen.at - at < NEW_S else OLD
    hurt, workload = {job.ref, *waiting}, seen.top(job)
    for pod in (one for one in seen.pods if seen.owner(one) is job):
        for spoken in (last_words(seen, pod, one) for one in containers(pod) if one.ended):
            if spoken:
                yield replace(spoken, victims=spoken.victims | hurt, surety=surety)
                return
    yield wrong("job-failed", workload, shown, surety, text, name=job.name, victims=hurt)


def _waits(pod: Object, job: Object) -> bool:
    """Whether what prepares a pod names the job, and does not end."""
    return pod.namespace == job.namespace and any(
        job.name in " ".join(map(str, (one.spec.get(part) or () for part in ("command", "args"))))
        for one in containers(pod)
        if one.init and not one.ended
    )
