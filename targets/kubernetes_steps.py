"""Releases that go step by step, acted on where their own controllers look: in the status, which
whoever delivers from a repository does not put back; as the plugin of Argo Rollouts does it."""

from functools import partial

from ..actions.capabilities import RolledOut
from ..cluster import canaries
from ..cluster.objects import Object
from ..errors import ToolFailed
from .kubernetes_objects import Status, rollout
from .kubernetes_read import Workload, place_of, told
from .kubernetes_write import Edit, Look, Op, Place, seen_to_end, watched, written

CHECKED = ("Progressing", "WaitingPromotion")  # when Flagger looks at the failed checks
SAME = ("status.currentPodHash", "status.stableRS", "status.lastAppliedSpec")


def by_status(one: Workload, receipt: RolledOut) -> RolledOut | None:
    """Give a release up, or try one anew that was given up; None: another version is asked for."""
    back = one.release is not None and canaries.taken_back(one.release)
    if back and receipt.version == one.brought:
        return _written(one, _again, receipt, lambda now: Status(canaries.under_way(now), "", ""))
    if (back or one.canary) and receipt.version == one.stable:
        return _written(one, _given_up, receipt, _is_back)
    return None


def without_steps(one: Workload, edit: Edit, receipt: RolledOut) -> RolledOut:
    """Another template of a Rollout, in all its pods at once."""
    _, changed = written(Place(one.cluster, one.path, receipt), edit)
    new, was = "status.currentPodHash", one.object.text("status.currentPodHash")
    with told():
        new_pods = partial(seen_to_end, one.cluster, one.object)
        if changed and new_pods(lambda now: Status(now.text(new) != was, "", "")).done:
            written(Place(one.cluster, place_of(one.object, "status"), receipt), _through)
    return watched(one.cluster, one.object, rollout, receipt, changed)


def step(one: Workload, service: str, version: str, to: int) -> RolledOut:
    """On to where it waits next, or through. Raises Halfway where its own analysis ends it."""
    canary = one.canary
    if canary is None or version != canary.version:
        raise ToolFailed(f"nothing was done: no release of {version} is under way in {service}")
    receipt = RolledOut(service=service, before=canary.stable, version=version)
    full = to == canaries.ALL and canary.waits[:1] != [canaries.ALL]
    return _written(one, _through if full else partial(_on, to), receipt, partial(_waits_at, to))


def _written(one: Workload, edit: Edit, receipt: RolledOut, look: Look) -> RolledOut:
    """Into its status, while it brings what was looked at; and watched."""
    release = one.release or one.object

    def same(now: Object) -> list[Op]:
        if any(now.text(path) != release.text(path) for path in SAME):
            raise ToolFailed(f"{release.ref} brings another version meanwhile: nothing was done")
        return edit(now)

    _, changed = written(Place(one.cluster, place_of(release, "status"), receipt), same)
    if release.get("spec.paused") is True:  # a Rollout that is held goes neither on nor back
        place, go = (
            Place(one.cluster, one.path, receipt),
            [{"op": "remove", "path": "/spec/paused"}],
        )
        written(place, lambda now: go if now.get("spec.paused") else [])
    return watched(one.cluster, release, look, receipt, changed)


def _given_up(now: Object) -> list[Op]:
    if canaries.taken_back(now):
        return []
    if now.kind == "Rollout":
        return [{"op": "add", "path": "/status/abort", "value": True}]
    if (phase := now.text("status.phase")) not in CHECKED:
        raise ToolFailed(f"{now.ref} is {phase}, where Flagger goes back by its own gates alone")
    checks = int(now.number("spec.analysis.threshold") or 1)
    same = now.number("status.failedChecks") == checks
    return [] if same else [{"op": "add", "path": "/status/failedChecks", "value": checks}]


def _is_back(now: Object) -> Status:
    status = rollout(now)
    late = "" if canaries.taken_back(now) or canaries.under_way(now) else "it was through before"
    return status._replace(done=status.done and not late, failed=status.failed or late)


def _again(now: Object) -> list[Op]:
    if not canaries.taken_back(now):
        return []
    if now.kind == "Rollout":
        return [{"op": "add", "path": "/status/abort", "value": False}]
    first = {"op": "add", "path": "/status/phase", "value": "Initialized"}
    return [first, {"op": "add", "path": "/status/lastAppliedSpec", "value": ""}]


def _through(now: Object) -> list[Op]:
    same = now.text("status.currentPodHash") == now.text("status.stableRS")
    done = same or now.get("status.promoteFull") is True
    return [] if done else [{"op": "add", "path": "/status/promoteFull", "value": True}]


def _on(to: int, now: Object) -> list[Op]:
    paused = now.list("status.pauseConditions") and canaries.weight(now) < to
    return [{"op": "remove", "path": "/status/pauseConditions"}] if paused else []


def _waits_at(percent: int, now: Object) -> Status:
    if canaries.taken_back(now):
        return Status(False, f"it was given up: {now.text('status.message')}", "")
    there = canaries.weight(now) == percent and now.text("status.phase") == "Paused"
    return rollout(now) if percent == canaries.ALL else Status(there, "", canaries.told(now))
