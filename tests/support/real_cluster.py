"""A real control plane that Warroom acts on, with the rights that deploy/kubernetes/ gives and no
more."""

import json
from pathlib import Path
from typing import Any

from warroom.targets.operations import Operations
from warroom.tests.support.control_plane import ControlPlane, node
from warroom.tests.support.house import ROOT
from warroom.tests.support.shop_cluster import NAMESPACE

RIGHTS = ROOT / "deploy" / "kubernetes"
WEB = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web"


def furnish(plane: ControlPlane, *namespaces: str) -> None:
    """Namespaces, two nodes, the account and its rights."""
    for name in ("warroom", *namespaces):
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    account = {"name": "warroom", "namespace": "warroom"}
    plane.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    for name in ("n1", "n2"):
        plane.apply(node(name))
    plane.manifests(RIGHTS / "read.yaml", NAMESPACE)
    plane.manifests(RIGHTS / "act.yaml", NAMESPACE)
    plane.manifests(RIGHTS / "cluster.yaml")


def acting(plane: ControlPlane, folder: Path, **more: Any) -> Operations:
    """With the rights of the account."""
    login = str(plane.account("warroom", "warroom"))
    cluster = {"name": "prod", "kubeconfig": login, "namespaces": [NAMESPACE], "mode": "act"}
    file = folder / "operations.json"
    file.write_text(json.dumps({"kubernetes": [{**cluster, **more}]}))
    return Operations.load(file)


def settled(plane: ControlPlane, image: str) -> bool:
    """Whether all that runs is of this image."""
    found = plane.get(WEB)
    status, container = found["status"], found["spec"]["template"]["spec"]["containers"][0]
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    there = status.get("replicas") == status.get("updatedReplicas") == found["spec"]["replicas"]
    return container["image"] == image and seen and there and status.get("availableReplicas") == 2
