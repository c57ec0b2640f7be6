"""How far a release is that takes requests step by step: Argo Rollouts' Rollout, Flagger's Canary,
by what https://argo-rollouts.readthedocs.io and https://docs.flagger.app say of their status."""

from collections.abc import Iterator

from .objects import NOTHING, Fields, Object, ready, seconds
from .revisions import HASH
from .snapshot import Snapshot
from .trouble import Sign, Trouble, sign, wrong
from .trouble import told as about

ALL = 100  # percent of requests once a release is through
RUNNING = ("Progressing", "Waiting", "WaitingPromotion", "Promoting", "Finalising")  # of a Canary


def delivering(seen: Snapshot, workload: Object) -> Object | None:
    """The Rollout or Canary by which a workload is released: itself, or that which refers to it."""
    if workload.kind == "Rollout":
        return workload
    every = (*seen.of("Canary", workload.namespace), *seen.of("Rollout", workload.namespace))
    return next((one for one in every if templated(seen, one) is workload), None)


def templated(seen: Snapshot, one: Object, suffix: str = "") -> Object:
    """The object that holds the template of what it releases: itself, or what it refers to."""
    to = one.fields("spec.targetRef") or one.fields("spec.workloadRef")
    return seen.find(str(to.get("kind")), one.namespace, f"{to.get('name')}{suffix}") or one


def under_way(one: Object) -> bool:
    """Whether a new version has some of the requests, or is about to."""
    if one.kind == "Canary":
        return one.text("status.phase") in RUNNING
    before, new = one.text("status.stableRS"), one.text("status.currentPodHash")
    return bool(before) and before != new and not taken_back(one)


def taken_back(one: Object) -> bool:
    """Whether the new version was given up, and the one before has all requests again."""
    if one.kind == "Canary":
        return one.text("status.phase") == "Failed"
    return one.get("status.abort") is True


def weight(one: Object) -> int:
    """Percent of requests that the new version shall have."""
    if one.kind == "Canary":
        return int(one.number("status.canaryWeight") or 0)
    steps, number = _steps(one), int(one.number("status.currentStepIndex") or 0)
    if not under_way(one) or number >= len(steps):
        return ALL if under_way(one) and steps else 0
    return next((int(s["setWeight"]) for s in steps[number::-1] if "setWeight" in s), 0)


def waits(one: Object) -> list[int]:
    """The percentages above the present one at which it waits for a person, and at last all; of
    what goes on by itself none."""
    if one.kind == "Canary" or not under_way(one):
        return []
    at, found = 0, {ALL}
    for step in _steps(one):
        at = int(step.get("setWeight", at))
        if "pause" in step and not (step["pause"] or {}).get("duration") and at > weight(one):
            found.add(at)
    return sorted(found)


def told(one: Object) -> str:
    """Where it is, in words; empty where nothing is under way."""
    if taken_back(one):
        return "given up: what ran before has all requests"
    if not under_way(one):
        return ""
    number, count = int(one.number("status.currentStepIndex") or 0), len(_steps(one))
    step = f", step {min(number + 1, count)} of {count}" if count else ""
    return f"{weight(one)} % of requests{step}, {one.text('status.phase')}"


def _steps(one: Object) -> list[Fields]:
    return one.list("spec.strategy.canary.steps")


GIVEN_UP = "canary-aborted"
FORGOTTEN_S, FORGOTTEN = 86_400.0, 0.3
"""After so long nobody may think of a release that waits for a person; how sure that is."""
JUDGED = ("Failed", "Error", "Inconclusive")


def releases(seen: Snapshot) -> Iterator[Trouble]:
    """Of every Rollout, and of every Canary that Flagger found ill."""
    for one in seen.of("Rollout"):
        yield from _rollout(seen, one)
    for one in filter(taken_back, seen.of("Canary")):
        events = [e for e in seen.events(one) if e.message.startswith(("Halt", "Rolling back"))]
        why = events[0].message if events else str(one.condition("Promoted").get("message") or "")
        shown = (sign(one, "status.phase"), *(about(one, event) for event in events[:2]))
        yield wrong(GIVEN_UP, templated(seen, one), shown, 0.7, why[:200], name=one.ref)


def _rollout(seen: Snapshot, one: Object) -> Iterator[Trouble]:
    """Found ill, given up, stuck or not valid; that it waits at a step is as it was written, but
    for one that nobody thinks of any more."""
    runs, back = _judged(seen, one), taken_back(one)
    said = (sign(one, "status.message"), *map(_result, runs))
    if runs or back:
        blind = [run for run in runs[:1] if run.text("status.phase") == "Error"]
        cause = GIVEN_UP if back else "analysis-blind" if blind else "canary-failed"
        by = runs[0] if runs else one
        why, surety = by.text("status.message")[:200], 0.8 if runs else 0.4
        yield wrong(cause, one, said, surety, why, name=by.ref)
    elif one.text("status.phase") == "Degraded":
        surety = 0.95 if one.condition("InvalidSpec").get("status") == "True" else 0.6
        yield wrong("rollout-stuck", one, said, surety, one.text("status.message")[:200])
    elif (since := _waits_since(one)) and seen.at - (seconds(since) or seen.at) > FORGOTTEN_S:
        new = one.text("status.currentPodHash")
        pods = [pod for pod in seen.pods_of(one) if pod.labels.get(HASH) == new]
        if pods and all(map(ready, pods)):
            shown, why = (sign(one, "status.pauseConditions"),), f"at {weight(one)} % since {since}"
            yield wrong("release-waits", one, shown, FORGOTTEN, why)


def _waits_since(one: Object) -> str:
    """When it began to wait for a person, as it was written; empty: it does not."""
    steps, number = _steps(one), int(one.number("status.currentStepIndex") or 0)
    step = steps[number] if number < len(steps) and under_way(one) else NOTHING
    if "pause" not in step or (step["pause"] or {}).get("duration") or one.get("spec.paused"):
        return ""
    why = (c for c in one.list("status.pauseConditions") if c.get("reason") == "CanaryPauseStep")
    return str(next(why, NOTHING).get("startTime") or "")


def _judged(seen: Snapshot, rollout: Object) -> list[Object]:
    """The analyses of the version that it brings which did not find it well, the newest first."""
    new = rollout.text("status.currentPodHash")
    every = () if new == rollout.text("status.stableRS") else seen.of("AnalysisRun")
    mine = (run for run in every if seen.owner(run) is rollout and run.labels.get(HASH) == new)
    found = (run for run in mine if run.text("status.phase") in JUDGED)
    return sorted(found, key=lambda run: -(run.created or 0))


def _result(run: Object) -> Sign:
    """The first of its metrics that was not found well."""
    bad = (m for m in run.list("status.metricResults") if m.get("phase") in JUDGED)
    text = f"{next(bad, NOTHING).get('name') or ''} {run.text('status.phase')}"
    return Sign(run.ref, "status.phase", f"{text.strip()}: {run.text('status.message')}"[:300])
