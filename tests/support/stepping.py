"""The controller of Argo Rollouts as far as steps, pauses and giving up need it; what it writes was
compared with the real one by tests/targets/test_steps_real.py."""

from typing import Any, Protocol

Made = dict[str, Any]
PAUSED = "CanaryPauseStep"


class Api(Protocol):
    """Where it keeps the ReplicaSets."""

    objects: dict[tuple[str, str, str], Made]

    def add(self, what: str, made: Made) -> Made:
        """One more object."""
        ...


def stepped(api: Api, made: Made) -> None:
    """All that it does at once."""
    status, spec = made.setdefault("status", {}), made["spec"]
    new = _hash(api, made)
    first, other = "stableRS" not in status, status.get("currentPodHash") != new
    if first or other:
        status |= {"currentPodHash": new, "currentStepIndex": 0, "abort": False}
        status |= {"pauseConditions": None, "controllerPause": False}
    status |= {"observedGeneration": str(made["metadata"]["generation"]), "availableReplicas": 4}
    steps = spec["strategy"]["canary"]["steps"]
    if status["abort"]:
        status |= {"phase": "Degraded", "message": "RolloutAborted: …", "updatedReplicas": 0}
        status |= {"pauseConditions": None, "currentStepIndex": 0, "controllerPause": False}
    elif spec.get("paused"):
        status |= {"phase": "Paused", "message": "manually paused"}
    elif first or status.get("promoteFull") or status["stableRS"] == new or _through(made, steps):
        status |= {"phase": "Healthy", "stableRS": new, "currentStepIndex": len(steps)}
        status |= {"updatedReplicas": spec["replicas"], "promoteFull": False, "message": ""}


def flagged(made: Made) -> None:
    """All that Flagger does between two looks: it goes back where too many checks failed."""
    status = made["status"]
    if status["phase"] == "Initialized" and not status["lastAppliedSpec"]:
        status |= {"phase": "Progressing", "lastAppliedSpec": "b"}
    failed = status["failedChecks"] >= made["spec"]["analysis"]["threshold"]
    if status["phase"] == "Progressing" and failed:
        status |= {"phase": "Failed", "failedChecks": 0}


def _through(made: Made, steps: list[Made]) -> bool:
    """Go from step to step until one waits."""
    status = made["status"]
    if status["controllerPause"] and not status.get("pauseConditions"):
        status |= {"currentStepIndex": status["currentStepIndex"] + 1, "controllerPause": False}
    while (number := status["currentStepIndex"]) < len(steps):
        step = steps[number]
        if "setWeight" in step:
            status["updatedReplicas"] = made["spec"]["replicas"] * step["setWeight"] // 100
        if "pause" in step and not step["pause"]:
            paused = [{"reason": PAUSED, "startTime": "2026-11-30T10:00:00Z"}]
            status |= {"phase": "Paused", "message": PAUSED, "controllerPause": True}
            status["pauseConditions"] = status.get("pauseConditions") or paused
            return False
        status["currentStepIndex"] += 1
    return True


def _hash(api: Api, made: Made) -> str:
    """Of the ReplicaSet of its template, which is the newest then."""
    about, template = made["metadata"], made["spec"]["template"]
    own = [
        one
        for (what, _, _), one in api.objects.items()
        if what == "replicasets" and one["metadata"]["ownerReferences"][0]["name"] == about["name"]
    ]
    same = [one for one in own if one["spec"]["template"]["spec"] == template["spec"]]
    newest = str(1 + max((int(_revision(one)) for one in own), default=0))
    name = same[0]["metadata"]["name"] if same else f"{about['name']}-h{newest}"
    if not same:
        owner = {"kind": "Rollout", "name": about["name"], "controller": True}
        metadata = {"name": name, "namespace": about["namespace"], "ownerReferences": [owner]}
        metadata |= {"annotations": {"rollout.argoproj.io/revision": newest}}
        metadata["labels"] = {"rollouts-pod-template-hash": f"h{newest}"}
        api.add("replicasets", {"metadata": metadata, "spec": {"template": template}})
    return name.rpartition("-")[2]


def _revision(one: Made) -> str:
    return one["metadata"]["annotations"]["rollout.argoproj.io/revision"]
