"""Kinds that nobody read: what others tell of them counts, and nothing is taken for missing."""

from typing import Any

import pytest

from warroom.tests.support.clusters import event, first, made, node, pending, well, workload

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


def test_a_cordon_that_only_words_tell_names_the_node_that_is_closed() -> None:
    closed = node("n2", unschedulable=True)
    claim = "2 node(s) had volume node affinity conflict"
    message = f"0/3 nodes are available: 1 node(s) were unschedulable, {claim}."
    some = pending(workload("cart"), message)
    assert first(node("n1"), closed, some) == ("cordoned", "Node n2")
    assert first(node("n1"), node("n2", unschedulable=True), node("n3"), workload("cart")) == (
        "",
        "",
    )


def test_a_rule_that_was_there_before_the_change_is_not_to_blame() -> None:
    deployment, replica, *_pods = workload("cart", pods=0)
    said = "ValidatingAdmissionPolicy 'few-images' with binding 'b' denied request: no :v1"
    message = f'Error creating: pods "cart-1-x" is forbidden: {said}'
    refused = event(replica, "FailedCreate", message)
    rule = made("ValidatingAdmissionPolicy", "few-images", "")
    rule["metadata"]["creationTimestamp"] = "2026-11-29T10:00:00Z"
    blamed = first(NODES, deployment, replica, refused, rule)
    assert blamed == ("policy-denies", "Deployment shop/cart")
    rule["metadata"]["creationTimestamp"] = "2026-11-30T11:00:00Z"
    blamed = first(NODES, deployment, replica, refused, rule)
    assert blamed == ("policy-denies", "ValidatingAdmissionPolicy few-images")


def test_pods_are_known_for_whose_they_are_by_their_labels() -> None:
    some = not_ready()
    hashed = {"app": "cart", "pod-template-hash": "1"}
    for one in some[1:3]:
        one["metadata"] = {k: v for k, v in one["metadata"].items() if k != "ownerReferences"}
        one["metadata"]["labels"] = hashed
    assert first(NODES, some) == ("not-ready", "Deployment shop/cart")


def test_a_policy_that_takes_the_names_is_seen_where_the_systems_namespace_is_not_read() -> None:
    spec: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}
    policy = made("NetworkPolicy", "shut", spec=spec)
    assert first(NODES, workload("cart"), policy) == ("policy-forbids", "NetworkPolicy shop/shut")
    names = {"ports": [{"port": 53, "protocol": "UDP"}]}
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    spec["egress"] = [{**names, "to": [system]}]
    assert first(NODES, workload("cart"), policy) == ("", "")
    spec["egress"] = [{**names, "to": [{"podSelector": {"matchLabels": {"app": "own-dns"}}}]}]
    assert first(NODES, workload("cart"), policy)[0] == "policy-forbids"


@pytest.mark.parametrize(("used", "lines", "cause"), [
    ("500Mi", 3, "memory-tight"), ("500Mi", 2, ""), ("300Mi", 3, ""),
])  # fmt: skip
def test_memory_is_tight_where_it_is_full_and_only_being_freed(
    used: str, lines: int, cause: str
) -> None:
    some = workload("cart", resources={"limits": {"memory": "512Mi"}})
    containers = [{"name": "cart", "usage": {"memory": used}}]
    metrics = made("PodMetrics", "cart-1-0", containers=containers)
    text = "GC(7) Pause Full (Allocation Failure) 498M->497M(512M) 1840.2ms\n" * lines
    log = made("PodLog", "cart-1-0/cart", text=text)
    assert first(NODES, some, metrics, log)[0] == cause
