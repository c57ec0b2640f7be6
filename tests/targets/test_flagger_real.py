"""Flagger's own controller on the real control plane: its canary goes back by what Warroom counts,
and is tried anew, with the rights that deploy/kubernetes/ gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.catalogue import fitting, plan, probe
from warroom.cluster.objects import Object
from warroom.cluster.ranking import troubles
from warroom.cluster.snapshot import Snapshot
from warroom.drills.layout import free_ports
from warroom.targets.operations import Operations
from warroom.tests.support.control_plane import ControlPlane, control_plane, node
from warroom.tests.support.house import ROOT
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, NOW, deployment
from warroom.tests.support.stepped_shop import CANARIES, canary

pytestmark = pytest.mark.conformance
RIGHTS = ROOT / "deploy" / "kubernetes"
WEB = f"{CANARIES}/web"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """Amid its analysis of a second version."""
    with control_plane(tmp_path / "plane") as made:
        for name in (NAMESPACE, "warroom"):
            made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        account = {"name": "warroom", "namespace": "warroom"}
        made.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        made.apply(node("n1"))
        made.manifests(RIGHTS / "read.yaml", NAMESPACE)
        made.manifests(RIGHTS / "act.yaml", NAMESPACE)
        (port,) = free_ports(1)
        away = "-metrics-server=http://127.0.0.1:9"
        made.controller("Flagger", "-mesh-provider=kubernetes", f"-port={port}", away)
        made.apply(deployment(BEFORE))
        made.apply(canary())
        made.eventually(lambda: phase(made) == "Initialized")
        made.apply(deployment(NOW))
        made.eventually(lambda: phase(made) == "Progressing")
        yield made


def phase(plane: ControlPlane) -> str:
    return plane.get(WEB).get("status", {}).get("phase", "")


def look(plane: ControlPlane) -> list[tuple[str, str]]:
    paths = (CANARIES, DEPLOYMENTS, DEPLOYMENTS.replace("deployments", "replicasets"))
    core = [f"/api/v1/namespaces/{NAMESPACE}/{name}" for name in ("pods", "services", "events")]
    found: list[Any] = []
    for path in (*paths, *core):
        answer = plane.get(path)
        kind = {"kind": answer["kind"].removesuffix("List")}
        found += [Object(one | kind) for one in answer["items"]]
    return [(one.trouble.cause, one.trouble.object) for one in troubles(Snapshot(found))]


def test_its_canary_is_given_up_and_tried_anew(plane: ControlPlane, tmp_path: Path) -> None:
    login = str(plane.account("warroom", "warroom"))
    cluster = {"name": "prod", "kubeconfig": login, "namespaces": [NAMESPACE], "mode": "act"}
    file = tmp_path / "operations.json"
    file.write_text(json.dumps({"kubernetes": [cluster]}))
    hands = Operations.load(file)
    part = hands.inventory().services["web"]
    assert (part.version, part.previous, part.owner) == (NOW, BEFORE, "Flagger canary shop/web")
    assert hands.inventory().services["web-primary"].owner == "Canary shop/web"
    asked = {"to_version": BEFORE}
    back = plan("roll back", "web", asked, "because", inventory=hands.inventory())
    action = fitting(hands, back)
    receipt = hands.perform(action)
    assert phase(plane) == "Failed" and probe(hands, back, "") is Probe.done
    assert plane.get(f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 0
    assert plane.get(f"{DEPLOYMENTS}/web-primary")["status"]["availableReplicas"] == 2
    assert look(plane) == [("canary-aborted", f"Deployment {NAMESPACE}/web")]
    hands.undo(action, receipt.model_dump(mode="json"))
    plane.eventually(lambda: plane.get(f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 2)
    assert phase(plane) == "Progressing" and look(plane) == []
