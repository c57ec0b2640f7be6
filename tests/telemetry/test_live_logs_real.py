"""A real control plane, and the kubelet's own reading of log files, as kwok has it. With the rights
of deploy/kubernetes/ the ends of logs arrive; why one does not is told, and all else is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from warroom.drills.layout import free_ports
from warroom.kube_api import ClusterAccess
from warroom.telemetry.sources.clusters import LiveCluster
from warroom.tests.support.control_plane import ControlPlane, control_plane
from warroom.tests.support.real_cluster import RIGHTS, furnish
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, deployment

pytestmark = pytest.mark.conformance
ROLE = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/warroom-read"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
ENDED = {"exitCode": 1, "reason": "Error", "containerID": "containerd://1"}
CRASHED = {
    **{"restartCount": 3, "lastState": {"terminated": ENDED}},
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
}


def logs(folder: Path) -> dict[str, Any]:
    """What kwok answers as a node, of files as a container's runtime writes them: many lines of the
    run that is, long ones of the run before."""
    for name, some in (("now", ["x"] * 300), ("before", ["y" * 1000] * 300)):
        lines = [*some, f"last words of {name}"]
        at = "2026-11-30T10:00:00.000000000Z stdout F "
        (folder / name).write_text("".join(f"{at}{line}\n" for line in lines))
    files = {"logsFile": str(folder / "now"), "previousLogsFile": str(folder / "before")}
    spec = {"logs": [{"containers": ["web"], **files}]}
    version = "kwok.x-k8s.io/v1alpha1"
    metadata = {"name": "all"}
    return {"apiVersion": version, "kind": "ClusterLogs", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    root, (port,) = tmp_path_factory.mktemp("plane"), free_ports(1)
    (root / "logs.yaml").write_text(yaml.safe_dump(logs(root)))
    kubelet = (f"--config={root / 'logs.yaml'}", f"--server-address=127.0.0.1:{port}")
    with control_plane(root, kubelet) as made:
        furnish(made, NAMESPACE)
        told = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}
        told |= {"daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        made.merge("/api/v1/nodes/n1/status", {"status": told})
        for name, node, state in (
            ("crashed", "n1", CRASHED),
            ("unready", "n1", {}),
            ("well", "n1", {"ready": True}),
            ("unheard", "n2", {}),  # whose node tells no address
        ):
            run(made, name, node, {"ready": False, **state})
        yield made


def run(plane: ControlPlane, name: str, node: str, state: dict[str, Any]) -> None:
    """A pod on a node, which says this of its container."""
    template = deployment(BEFORE)["spec"]["template"]["spec"]
    metadata = {"name": name, "namespace": NAMESPACE}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    plane.apply({**pod, "spec": {**template, "nodeName": node}})
    plane.eventually(lambda: plane.get(f"{PODS}/{name}")["status"].get("containerStatuses"))
    (status,) = plane.get(f"{PODS}/{name}")["status"]["containerStatuses"]
    plane.merge(f"{PODS}/{name}/status", {"status": {"containerStatuses": [status | state]}})


def look(plane: ControlPlane) -> tuple[dict[str, str], set[str], list[str]]:
    """(what was said by run, kinds that were read, what was not) by the account that is shipped."""
    login = plane.account("warroom", "warroom")
    live = LiveCluster(ClusterAccess(name="prod", kubeconfig=login, namespaces=(NAMESPACE,)))
    rows = live.rows()
    said = {row["name"]: row["object"]["text"] for row in rows if row["kind"] == "PodLog"}
    return said, {row["kind"] for row in rows}, live.missing


def test_the_ends_of_logs_arrive_and_a_node_without_them_is_told(plane: ControlPlane) -> None:
    said, kinds, (gap,) = look(plane)
    assert {"Pod", "Node"} <= kinds
    assert said.keys() == {"crashed/web/previous", "unready/web"}
    assert said["unready/web"].splitlines() == [*["x"] * 199, "last words of now"]
    assert said["crashed/web/previous"].endswith("y\nlast words of before")
    assert gap.startswith(f"the log of {NAMESPACE}/unheard/web was not read: prod refuses")


def test_without_the_right_that_is_told(plane: ControlPlane) -> None:
    role = next(yaml.safe_load_all((RIGHTS / "read.yaml").read_text()))
    rules = [rule for rule in role["rules"] if rule["resources"] != ["pods/log"]]
    assert len(rules) == len(role["rules"]) - 1
    plane.merge(ROLE, {"rules": rules})
    plane.eventually(lambda: "403" in str(look(plane)[2]))
    said, kinds, (gap,) = look(plane)
    assert said == {} and {"Pod", "Node"} <= kinds
    assert 'cannot get resource "pods/log"' in gap
    assert "give its account that right" in gap
