"""Releases that go step by step, by the real controllers on the real control plane: they are let go
on, held, given up and tried anew with the rights that deploy/kubernetes/ gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Action, Probe
from warroom.actions.catalogue import checked, fitting, plan, probe, staged
from warroom.cluster.objects import Object
from warroom.cluster.ranking import troubles
from warroom.cluster.snapshot import Snapshot
from warroom.drills.layout import free_ports
from warroom.errors import Halfway
from warroom.incident.action import Outcome, Verdict
from warroom.targets.operations import Operations
from warroom.tests.support.cluster_drill import responded
from warroom.tests.support.control_plane import ControlPlane, control_plane, node
from warroom.tests.support.delivered import TRACKED
from warroom.tests.support.house import ROOT
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, NOW, service
from warroom.tests.support.stepped_shop import ROLLOUTS, rollout

pytestmark = pytest.mark.conformance
RIGHTS = ROOT / "deploy" / "kubernetes"
WEB = f"{ROLLOUTS}/web"
MISSING = "registry.example.org/web:missing"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane")) as made:
        for name in (NAMESPACE, "warroom"):
            made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        account = {"name": "warroom", "namespace": "warroom"}
        made.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        made.apply(node("n1"))
        made.manifests(RIGHTS / "read.yaml", NAMESPACE)
        made.manifests(RIGHTS / "act.yaml", NAMESPACE)
        made.manifests(RIGHTS / "cluster.yaml")
        metrics, health = free_ports(2)
        ports = (f"--metricsport={metrics}", f"--healthzPort={health}")
        made.controller("Argo Rollouts", "--leader-elect=false", *ports)
        made.apply(service())
        yield made


@pytest.fixture
def hands(plane: ControlPlane, tmp_path: Path) -> Iterator[Operations]:
    """Amid a release, which waits at its first step."""
    plane.apply(rollout(BEFORE))
    plane.eventually(lambda: status(plane).get("phase") == "Healthy")
    plane.apply(rollout(NOW))
    plane.eventually(lambda: status(plane).get("phase") == "Paused")
    login = str(plane.account("warroom", "warroom"))
    cluster = {"name": "prod", "kubeconfig": login, "namespaces": [NAMESPACE], "mode": "act"}
    file = tmp_path / "operations.json"
    file.write_text(json.dumps({"kubernetes": [cluster]}))
    yield Operations.load(file)
    plane.client.delete(WEB, params={"propagationPolicy": "Foreground"}).raise_for_status()
    replicas = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
    plane.eventually(
        lambda: plane.client.get(WEB).status_code == 404 and not plane.get(replicas)["items"]
    )


def status(plane: ControlPlane) -> Any:
    return plane.get(WEB).get("status", {})


def pods(plane: ControlPlane) -> dict[str, int]:
    """Images of the pods that are not on their way out."""
    found = plane.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    images = [
        one["spec"]["containers"][0]["image"]
        for one in found
        if "deletionTimestamp" not in one["metadata"]
    ]
    return {image: images.count(image) for image in images}


def go_on(hands: Operations, weight: int, stages: list[int], stage: int = 0) -> Action:
    asked = {"version": NOW, "weight": weight, "stages": stages}
    planned = plan("step canary", "web", asked, "because", inventory=hands.inventory())
    return fitting(hands, planned, stage)


def undo(hands: Operations, action: Action, receipt: Any) -> None:
    hands.undo(action, receipt.model_dump(mode="json"))


def test_it_goes_on_step_by_step_and_is_given_up(plane: ControlPlane, hands: Operations) -> None:
    there = hands.inventory().services["web"]
    assert (there.version, there.previous) == (NOW, BEFORE)
    assert there.canary and (there.canary.weight, there.canary.waits) == (25, [50, 100])
    asked = {"version": NOW, "weight": 25, "stages": [50, 100]}
    planned = plan("step canary", "web", asked, "because", inventory=hands.inventory())
    assert probe(hands, planned, "", 0) is Probe.not_done
    first = hands.perform(fitting(hands, planned, 0))
    assert pods(plane) == {BEFORE: 2, NOW: 2}
    assert probe(hands, planned, "", 0) is Probe.done
    action = staged(planned, 0)
    assert action and not hands.perform(action).changed
    undo(hands, action, first)
    assert pods(plane) == {BEFORE: 4} and status(plane)["abort"]
    part = hands.inventory().services["web"]
    assert (part.version, part.deployed, part.canary) == (BEFORE, BEFORE, None)


def test_that_it_waits_for_a_person_is_told_once_it_is_forgotten(
    plane: ControlPlane, hands: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[str]:
        objects = [Object(plane.get(WEB))]
        for kind, place in (("ReplicaSet", "/apis/apps/v1"), ("Pod", "/api/v1")):
            items = plane.get(f"{place}/namespaces/{NAMESPACE}/{kind.lower()}s")["items"]
            objects += [Object(one | {"kind": kind}) for one in items]
        return [one.trouble.cause for one in troubles(Snapshot(objects))]

    assert hands.inventory().services["web"].canary
    assert found() == []
    monkeypatch.setattr("warroom.cluster.canaries.FORGOTTEN_S", -1.0)
    assert found() == ["release-waits"]


def test_through_and_back_without_its_steps(plane: ControlPlane, hands: Operations) -> None:
    hands.perform(go_on(hands, 25, [50]))
    action = go_on(hands, 50, [100])
    receipt = hands.perform(action)
    assert pods(plane) == {NOW: 4} and status(plane)["phase"] == "Healthy"
    undo(hands, action, receipt)
    assert pods(plane) == {BEFORE: 4} and status(plane)["phase"] == "Healthy"


def test_all_at_once_leaves_out_the_steps_between(plane: ControlPlane, hands: Operations) -> None:
    hands.perform(go_on(hands, 25, [100]))
    assert pods(plane) == {NOW: 4}


@pytest.mark.parametrize("marks", [{}, TRACKED])
def test_giving_up_is_a_roll_back_that_is_undone(
    plane: ControlPlane, hands: Operations, marks: dict[str, Any]
) -> None:
    """Also of what Argo CD delivers: its status is no field of theirs."""
    plane.merge(WEB, {"metadata": marks})
    planned = plan(
        "roll back", "web", {"to_version": BEFORE}, "because", inventory=hands.inventory()
    )
    assert planned.found["instead"] == f"Rollout {NAMESPACE}/web gives {NOW} up"
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    assert pods(plane) == {BEFORE: 4}
    assert plane.get(WEB)["spec"]["template"]["spec"]["containers"][0]["image"] == NOW
    assert probe(hands, planned, "") is Probe.done
    undo(hands, action, receipt)
    plane.eventually(lambda: pods(plane) == {BEFORE: 3, NOW: 1})


def test_held_it_goes_nowhere_until_it_is_given_up(plane: ControlPlane, hands: Operations) -> None:
    asked = {"object": "paused", "now": None, "to": True}
    held = fitting(
        hands, plan("patch workload", "web", asked, "because", inventory=hands.inventory())
    )
    hands.perform(held)
    plane.eventually(lambda: status(plane).get("message") == "manually paused")
    hands.perform(checked("roll back", "web", {"to_version": BEFORE}, hands.inventory()))
    assert pods(plane) == {BEFORE: 4}


def test_one_that_goes_wrong_is_named_given_up_through_the_gate_and_verified(
    plane: ControlPlane, hands: Operations, tmp_path: Path
) -> None:
    """Its pods never start, so that it never gets to its next step; nothing else is looked at."""
    change = rollout(MISSING)
    change["spec"]["progressDeadlineSeconds"] = 2
    plane.apply(change)
    plane.eventually(lambda: status(plane).get("phase") == "Degraded")
    web = f"Rollout {NAMESPACE}/web"
    named = look(plane)
    assert named[0] == ("image-missing", web) and ("rollout-stuck", web) in named
    login = str(plane.account("warroom", "warroom"))
    cluster = {"name": "prod", "kubeconfig": login, "namespaces": [NAMESPACE], "mode": "act"}
    document = responded(tmp_path / "response", cluster, Verdict.approved)
    leading, (done,) = document.leading(), document.executions
    assert leading and (leading.service, leading.resource) == ("web", web)
    assert done.title == f"roll back web (to_version={BEFORE})"
    assert (done.outcome, done.undone) == (Outcome.better, False)
    assert pods(plane) == {BEFORE: 4} and status(plane)["abort"]
    assert look(plane) == [("canary-aborted", web)]


def look(plane: ControlPlane) -> list[tuple[str, str]]:
    places = {"pods": "v1", "events": "v1", "services": "v1", "replicasets": "apps/v1"}
    found = [
        Object(one | {"kind": answer["kind"].removesuffix("List")})
        for path in (
            ROLLOUTS,
            *(
                f"/{'apis' if '/' in v else 'api'}/{v}/namespaces/{NAMESPACE}/{name}"
                for name, v in places.items()
            ),
        )
        for answer in [plane.get(path)]
        for one in answer["items"]
    ]
    return [(one.trouble.cause, one.trouble.object) for one in troubles(Snapshot(found))]


def test_a_step_that_its_own_analysis_ends_is_no_success(
    plane: ControlPlane, hands: Operations
) -> None:
    """A metric that fails at once makes the controller give it up while it is let go on."""
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "asks", "namespace": NAMESPACE},
        "spec": {
            "metrics": [
                {
                    "name": "success-rate",
                    "failureCondition": "true",
                    "provider": {"job": {"spec": {"backoffLimit": 0, "template": JOB}}},
                }
            ]
        },
    }
    plane.apply(template)
    change = rollout(NOW)
    steps = change["spec"]["strategy"]["canary"]["steps"]
    change["spec"]["strategy"]["canary"]["steps"] = [
        *steps[:2],
        {"analysis": {"templates": [{"templateName": "asks"}]}},
        *steps[2:],
    ]
    plane.apply(change)
    plane.eventually(lambda: len(plane.get(WEB)["spec"]["strategy"]["canary"]["steps"]) == 7)
    plane.eventually(lambda: status(plane).get("phase") == "Paused")
    with pytest.raises(Halfway, match="it was given up: RolloutAborted"):
        hands.perform(go_on(hands, 25, [50]))
    runs = plane.get(ROLLOUTS.replace("rollouts", "analysisruns"))["items"]
    objects = [Object(one | {"kind": "AnalysisRun"}) for one in runs]
    web = Object(plane.get(WEB))
    first = troubles(Snapshot([web, *objects]))[0].trouble
    assert first.object == web.ref
    assert first.cause == "canary-aborted" and len(first.signs) == 2


JOB = {
    "spec": {
        "restartPolicy": "Never",
        "nodeName": "nowhere",
        "activeDeadlineSeconds": 1,
        "containers": [{"name": "asks", "image": MISSING}],
    }
}
