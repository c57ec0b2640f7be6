"""Kinds that nobody read: what others tell of them counts, and nothing is taken for missing."""

from typing import Any

import pytest

from warroom.tests.support.clusters import event, first, node, pending, well, workload

NODES = [node("n1"), node("n2")]


def not_ready() -> list[dict[str, Any]]:
    probe = {"httpGet": {"path": "/ready", "port": 8080}}
    some = workload("cart", readinessProbe=probe, status={**well("cart"), "ready": False})
    said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    return [*some, event(some[-1], "Unhealthy", said)]


def refused() -> list[dict[str, Any]]:
    """A Deployment whose new ReplicaSet's pods a quota refuses."""
    deployment, replica, *pods = workload("cart")
    deployment["status"] = {"replicas": 1, "updatedReplicas": 0}
    replica = {**replica, "metadata": {**replica["metadata"], "name": "cart-2"}}
    replica["status"] = {"replicas": 0}
    message = 'pods "cart-2-x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1'
    return [deployment, replica, *pods, event(replica, "FailedCreate", message)]


def test_what_a_replica_set_was_told_counts_where_only_its_deployment_was_read() -> None:
    some = refused()
    assert (
        first(NODES, some)
        == first(NODES, some[:1], some[2:])
        == (
            "quota",
            "ResourceQuota shop/few",
        )
    )
    some[0]["status"]["updatedReplicas"] = 1
    assert first(NODES, some[:1], some[2:]) == ("", "")


ROLE = "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (f"{ROLE}, 1 node(s) were unschedulable, 5 Insufficient cpu. preemption: 0/7", "no-room"),
        (f"{ROLE}, 2 node(s) were unschedulable, 3 node(s) had volume node affinity conflict.",
         "cordoned"),
        (f"{ROLE}, 3 node(s) had untolerated taint {{team: a}}, 1 Insufficient cpu.", "tainted"),
        (f"{ROLE}, 3 node(s) didn't match Pod's node affinity/selector.",
         "selector-matches-no-node"),
    ],
)  # fmt: skip
def test_the_scheduler_counts_what_stands_in_the_way_where_no_node_was_read(
    words: str, cause: str
) -> None:
    message = f"0/7 nodes are available: {words}"
    assert first(pending(workload("cart"), message)) == (cause, "Deployment shop/cart")


def test_a_node_that_nobody_read_is_told_of_by_its_pods() -> None:
    some = not_ready()
    lost = event(some[-2], "NodeNotReady", "Node is not ready")
    assert first(some, lost) == ("node-not-ready", "Node n1")
    assert first(some, workload("web"), NODES, lost)[0] == "not-ready"
