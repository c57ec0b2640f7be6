"""StatefulSets, DaemonSets and CronJobs on a real control plane, with the rights that ship."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import fitting, plan, probe
from warroom.errors import Halfway, ToolRetry
from warroom.targets.operations import Operations
from warroom.tests.support.control_plane import ControlPlane, control_plane, node
from warroom.tests.support.house import ROOT
from warroom.tests.support.shop_cluster import NAMESPACE
from warroom.tests.support.shop_sets import MISSING, MOVES, NEW, OLD, agent, database, report

pytestmark = pytest.mark.conformance
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane")) as made:
        for name in (NAMESPACE, "warroom"):
            made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        account = {"name": "warroom", "namespace": "warroom"}
        made.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        for name in ("n1", "n2"):
            made.apply(node(name))
        for file in ("read", "act"):
            made.manifests(ROOT / "deploy" / "kubernetes" / f"{file}.yaml", NAMESPACE)
        for image in (OLD, NEW):  # each is rolled out twice
            made.apply(database(image))
            made.apply(agent(image))
            made.eventually(lambda image=image: ready(made, "db", image, 3))
            made.eventually(lambda image=image: ready(made, "agent", image, 2))
        made.apply(report())
        yield made


@pytest.fixture
def hands(plane: ControlPlane, tmp_path: Path) -> Operations:
    """What each test undoes is as it was for the next."""
    login = str(plane.account("warroom", "warroom"))
    cluster = {"name": "prod", "kubeconfig": login, "namespaces": [NAMESPACE], "mode": "act"}
    (tmp_path / "operations.json").write_text(json.dumps({"kubernetes": [cluster]}))
    return Operations.load(tmp_path / "operations.json")


def pods(plane: ControlPlane, app: str) -> list[Any]:
    return [p for p in plane.get(PODS)["items"] if p["metadata"]["labels"]["app"] == app]


def ready(plane: ControlPlane, app: str, image: str, count: int) -> bool:
    """Whether so many pods run this image, and no others."""
    found = [
        (one["spec"]["containers"][0]["image"], c["status"])
        for one in pods(plane, app)
        for c in one["status"].get("conditions", ())
        if c["type"] == "Ready" and "deletionTimestamp" not in one["metadata"]
    ]
    return found == [(image, "True")] * count


def specs(plane: ControlPlane) -> Any:
    every = (f"{APPS}/statefulsets/db", f"{APPS}/daemonsets/agent")
    cron = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs/report"
    return [plane.get(path)["spec"] for path in (*every, cron)]


@pytest.mark.parametrize("number", range(len(MOVES)))
def test_it_is_done_as_planned_and_put_back(
    plane: ControlPlane, hands: Operations, number: int
) -> None:
    kind, target, parameters = MOVES[number]
    there, was = hands.inventory(), specs(plane)
    planned = plan(kind, target, parameters, "because", inventory=there)
    token = KEY.set(f"INC-1:execute:{number}")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    assert receipt.changed
    assert specs(plane) != was
    assert probe(hands, planned, KEY.get()) is Probe.done
    KEY.reset(token)
    assert hands.undo(action, receipt.model_dump(mode="json")).changed
    assert specs(plane) == was
    assert ready(plane, "db", NEW, 3) and ready(plane, "agent", NEW, 2)


@pytest.mark.parametrize(("name", "count"), [("db", 3), ("agent", 2)])
def test_a_restart_replaces_every_pod(
    plane: ControlPlane, hands: Operations, name: str, count: int
) -> None:
    before = {one["metadata"]["uid"] for one in pods(plane, name)}
    planned = plan("restart", name, {}, "because", inventory=hands.inventory())
    assert hands.perform(fitting(hands, planned)).changed
    assert not before & {one["metadata"]["uid"] for one in pods(plane, name)}
    assert ready(plane, name, NEW, count)


def test_what_exchanges_no_pods_is_refused(plane: ControlPlane, hands: Operations) -> None:
    held = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
    plane.apply(database(NEW, **held))
    plane.apply(agent(NEW, updateStrategy={"type": "OnDelete"}))
    there = hands.inventory()
    for name, why in (("db", "partition 2"), ("agent", "type OnDelete")):
        with pytest.raises(ToolRetry, match=f"shop/{name} keeps its pods as they are .{why}"):
            plan("restart", name, {}, "because", inventory=there)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    plane.apply(database(NEW, updateStrategy=rolling))
    plane.apply(agent(NEW, updateStrategy={"type": "RollingUpdate"}))


def test_a_broken_pod_is_not_replaced_and_that_is_said(
    plane: ControlPlane, hands: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback"""
    monkeypatch.setattr("warroom.targets.kubernetes_write.ROLLOUT_S", 8.0)
    plane.apply(database(MISSING))
    last = {"image": MISSING, "name": "db-2"}
    plane.eventually(
        lambda: any(
            last == {"image": p["spec"]["containers"][0]["image"], "name": p["metadata"]["name"]}
            for p in pods(plane, "db")
        )
    )
    there = hands.inventory()
    before = there.services["db"].previous
    assert before.startswith(NEW)
    planned = plan("roll back", "db", {"to_version": before}, "because", inventory=there)
    with pytest.raises(Halfway, match=r"waits for a pod that is broken .* delete that by hand"):
        hands.perform(fitting(hands, planned))
    plane.client.delete(f"{PODS}/db-2").raise_for_status()
    plane.eventually(lambda: ready(plane, "db", NEW, 3))
