"""A release that goes step by step: what is wrong with it, once, and of whom it is the trouble."""

from typing import Any

import pytest

from warroom.tests.support.clusters import event, made, owned, seen, service, workload

HASH = "rollouts-pod-template-hash"
WEB = "Rollout shop/web"
STEPS = [{"setWeight": 20}, {"pause": {}}]


def release(**status: Any) -> list[dict[str, Any]]:
    """A Rollout that brings its second version, and a pod of each."""
    deployment, replica, *pods = workload("web", replicas=2)
    whole = {"stableRS": "a", "currentPodHash": "b", "currentStepIndex": 1, **status}
    spec = {**deployment["spec"], "strategy": {"canary": {"steps": STEPS}}}
    rollout = made("Rollout", "web", spec=spec, status=whole)
    replica["metadata"] |= owned(rollout)
    for pod, version in zip(pods, "ab", strict=True):
        pod["metadata"]["labels"] = {"app": "web", HASH: version}
    return [rollout, replica, *pods]


def run(rollout: dict[str, Any], phase: str, version: str = "b") -> dict[str, Any]:
    """An analysis of one of its versions."""
    metric = {"name": "success-rate", "phase": phase}
    message = "Metric success-rate assessed"
    status = {"phase": phase, "message": message, "metricResults": [metric]}
    about = {**owned(rollout), "labels": {HASH: version}}
    return made("AnalysisRun", "web-2", metadata=about, status=status)


def causes(*objects: Any) -> list[tuple[str, str]]:
    return [(one.trouble.cause, one.trouble.object) for one in seen(*objects)]


def test_one_that_gets_on_is_no_trouble() -> None:
    by_version = service("web-canary", app="web", **{HASH: "c"})
    assert causes(release(phase="Progressing"), service("web"), by_version) == []


@pytest.mark.parametrize(
    ("phase", "cause"),
    [("Failed", "canary-failed"), ("Error", "analysis-blind"), ("Inconclusive", "canary-failed")],
)
def test_an_analysis_is_told_and_once_with_what_it_ended(phase: str, cause: str) -> None:
    going = release(phase="Progressing")
    assert causes(going, run(going[0], phase)) == [(cause, WEB)]
    over = release(phase="Degraded", abort=True, message="RolloutAborted: to revision 2")
    ranked = seen(over, run(over[0], phase))
    assert [(one.trouble.cause, one.trouble.object) for one in ranked] == [("canary-aborted", WEB)]
    shown = [(sign.object, sign.field) for sign in ranked[0].trouble.signs]
    assert shown == [(WEB, "status.message"), ("AnalysisRun shop/web-2", "status.phase")]
    assert causes(over) == [("canary-aborted", WEB)], "by a person"


def test_an_analysis_of_another_version_is_history() -> None:
    objects = release(phase="Progressing")
    assert causes(objects, run(objects[0], "Failed", "older")) == []


def test_what_keeps_its_pods_down_comes_first() -> None:
    objects = release(phase="Degraded", message="ProgressDeadlineExceeded: timed out")
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}
    pod = objects[-1]
    pod["status"]["containerStatuses"] = [{"name": "web", "ready": False, "state": waiting}]
    ranked = seen(objects)
    assert [one.trouble.object for one in ranked] == [WEB, WEB]
    assert ranked[1].trouble.cause == "rollout-stuck" and ranked[1].follows == WEB


def test_held_by_a_person_and_not_at_its_own_step() -> None:
    objects = release(phase="Paused")
    objects[0]["spec"]["paused"] = True
    assert causes(objects) == [("paused", WEB)]
    since = [{"reason": "CanaryPauseStep", "startTime": "2026-11-30T08:00:00Z"}]
    assert causes(release(phase="Paused", pauseConditions=since)) == []


def waiting(since: str, *, well: bool = True, pause: Any = None, **status: Any) -> list[Any]:
    """A release that stopped for a person then."""
    conditions = [{"reason": "CanaryPauseStep", "startTime": since}]
    objects = release(phase="Paused", pauseConditions=conditions, **status)
    steps = [STEPS[0], {"pause": pause or {}}]
    objects[0]["spec"] = {**objects[0]["spec"], "strategy": {"canary": {"steps": steps}}}
    if not well:
        state = {"name": "web", "ready": False, "state": {"running": {}}}
        objects[-1]["status"]["containerStatuses"] = [state]
    return objects


DAYS_AGO, HOURS_AGO = "2026-11-28T08:00:00Z", "2026-11-30T02:00:00Z"


def test_one_that_waits_for_days_while_its_new_pods_are_well_is_forgotten() -> None:
    (found,) = seen(waiting(DAYS_AGO))
    assert (found.trouble.cause, found.trouble.object) == ("release-waits", WEB)
    assert f"at 20 % since {DAYS_AGO}" in found.trouble.statement
    assert found.sure < 0.5


def test_one_that_waits_as_it_was_written_or_is_not_well_is_not() -> None:
    assert causes(waiting(HOURS_AGO)) == []
    assert causes(waiting(DAYS_AGO, pause={"duration": "3d"})) == []
    assert causes(waiting(DAYS_AGO, stableRS="b")) == [], "it is through"
    assert "release-waits" not in dict(causes(waiting(DAYS_AGO, well=False)))
    going = waiting(DAYS_AGO)
    assert causes(going, run(going[0], "Failed")) == [("canary-failed", WEB)]
    going[0]["spec"]["paused"] = True
    assert causes(going) == [("paused", WEB)]


def flagger(phase: str) -> list[dict[str, Any]]:
    """A Deployment that Flagger releases: it has no pods while nothing is under way."""
    target = {"kind": "Deployment", "name": "web"}
    canary = made("Canary", "web", spec={"targetRef": target}, status={"phase": phase})
    primary = workload("web-primary", replicas=2)
    primary[0]["metadata"] |= owned(canary)
    services = [
        service("web", app="web-primary"),
        service("web-primary"),
        service("web-canary", app="web"),
    ]
    told = event(canary, "Synced", "Halt web.shop advancement success rate 40.00% < 99%")
    return [canary, *workload("web", replicas=0), *primary, *services, told]


def test_what_flagger_keeps_at_nothing_is_well() -> None:
    assert causes(flagger("Succeeded")) == []


def test_flaggers_failed_canary_is_one_trouble_of_its_deployment() -> None:
    (found,) = seen(flagger("Failed"))
    assert (found.trouble.cause, found.trouble.object) == ("canary-aborted", "Deployment shop/web")
    assert "success rate 40.00%" in found.trouble.statement


def test_what_ails_the_primary_is_the_primarys() -> None:
    objects = flagger("Succeeded")
    (pod, *_) = [one for one in objects if one["kind"] == "Pod"]
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}
    pod["status"]["containerStatuses"] = [{"name": "web-primary", "ready": False, "state": waiting}]
    ((_, place),) = causes(objects)
    assert place == "Deployment shop/web-primary"
