"""A real control plane whose nodes keep no logs, read with the rights of deploy/kubernetes/: why
there is no log is told, and all else is read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from warroom.kube_api import ClusterAccess
from warroom.telemetry.sources.clusters import LiveCluster
from warroom.tests.support.control_plane import ControlPlane, control_plane
from warroom.tests.support.real_cluster import RIGHTS, furnish, settled
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, deployment

pytestmark = pytest.mark.conformance
ROLE = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/warroom-read"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane")) as made:
        furnish(made, NAMESPACE)
        made.apply(deployment(BEFORE))
        made.eventually(lambda: settled(made, BEFORE))
        crash(made)
        yield made


def crash(plane: ControlPlane) -> None:
    """One pod says that its container ended, and waits to be started again."""
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    pod = plane.get(pods)["items"][0]
    ended = {"exitCode": 1, "reason": "Error", "containerID": "containerd://1"}
    for status in pod["status"]["containerStatuses"]:
        status |= {"ready": False, "restartCount": 3, "lastState": {"terminated": ended}}
        status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    told = {"status": {"containerStatuses": pod["status"]["containerStatuses"]}}
    plane.merge(f"{pods}/{pod['metadata']['name']}/status", told)


def look(plane: ControlPlane) -> tuple[set[str], list[str]]:
    """(kinds that were read, what was not)"""
    login = plane.account("warroom", "warroom")
    access = ClusterAccess(name="prod", kubeconfig=login, namespaces=(NAMESPACE,))
    live = LiveCluster(access)
    return {row["kind"] for row in live.rows()}, live.missing


def test_a_node_without_logs_is_told(plane: ControlPlane) -> None:
    kinds, missing = look(plane)
    assert {"Pod", "Deployment", "Event", "Node"} <= kinds
    assert "PodLog" not in kinds
    (gap,) = missing
    assert gap.startswith(f"the log of {NAMESPACE}/web-") and "was not read: prod refuses" in gap


def test_without_the_right_that_is_told(plane: ControlPlane, tmp_path: Path) -> None:
    role = next(yaml.safe_load_all((RIGHTS / "read.yaml").read_text()))
    rules = [rule for rule in role["rules"] if rule["resources"] != ["pods/log"]]
    assert len(rules) == len(role["rules"]) - 1
    plane.merge(ROLE, {"rules": rules})
    plane.eventually(lambda: "403" in str(look(plane)[1]))
    kinds, (gap,) = look(plane)
    assert {"Pod", "Deployment"} <= kinds
    assert 'cannot get resource "pods/log"' in gap
    assert "give its account that right" in gap
