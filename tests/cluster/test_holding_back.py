"""What a template lets its pods have: memory that was cut, a network made worse by hand."""

from typing import Any

import pytest

from warroom.tests.support.clusters import first, made, node, owned, workload

NODES = [node("n1"), node("n2")]
PROXY = {"name": "kube-proxy", "image": "kube-proxy:1"}
WORSE = {"command": ["sh", "-c", "tc qdisc add dev eth0 root netem delay 800ms loss 4%; sleep 9"]}


def limited(memory: str, before: str) -> list[dict[str, Any]]:
    """A Deployment whose last change was of its memory."""
    some = workload("cache", resources={"limits": {"memory": memory}})
    some[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    old = workload("cache", resources={"limits": {"memory": before}})[1]
    old["metadata"] = {**old["metadata"], "name": "cache-0", **owned(some[0])}
    return [*some, old]


@pytest.mark.parametrize(("before", "cause"), [("1200Mi", "memory-cut"), ("128Mi", "")])
def test_memory_of_which_a_small_part_is_left_may_be_too_little(before: str, cause: str) -> None:
    assert first(NODES, limited("64Mi", before))[0] == cause


def test_a_network_that_a_pod_makes_worse_itself() -> None:
    shape = {"name": "shape", "image": "tools:1", **WORSE}
    some = workload("cart", pod={"initContainers": [shape]})
    assert first(NODES, some) == ("shaped", "Deployment shop/cart")
    shape["command"] = ["sh", "-c", "tc qdisc show dev eth0"]
    assert first(NODES, some) == ("", "")


def test_a_container_added_to_one_pod_stands_in_no_template() -> None:
    some = workload("cart", replicas=2)
    some[2]["spec"] = {**some[2]["spec"], "ephemeralContainers": [{"name": "look", **WORSE}]}
    assert first(NODES, some) == ("shaped", "Pod shop/cart-1-0")


def part(number: int, *, well: bool) -> dict[str, Any]:
    """A pod of kube-proxy on its node."""
    state = {"running": {}} if well else {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "kube-proxy", "ready": well, "restartCount": 7, "state": state}
    if not well:
        status["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    by = made("DaemonSet", "kube-proxy", "kube-system")
    labels = {"labels": {"controller-revision-hash": "a"}}
    spec = {
        "nodeName": f"n{number}",
        "containers": [{"name": "kube-proxy", "image": "kube-proxy:1"}],
    }
    told = {"phase": "Running", "containerStatuses": [status]}
    about = {**owned(by), **labels}
    return made(
        "Pod", f"kube-proxy-{number}", "kube-system", metadata=about, spec=spec, status=told
    )


def test_a_part_of_every_node_that_fails_on_one_alone_is_the_nodes() -> None:
    spec = {"template": {"spec": {"containers": [PROXY]}}}
    every = made("DaemonSet", "kube-proxy", "kube-system", spec=spec)
    nodes = [*NODES, node("n3")]
    one = [part(1, well=False), part(2, well=True), part(3, well=True)]
    assert first(nodes, every, one) == ("node-part", "Node n1")
    new = part(1, well=False)
    new["metadata"]["labels"] = {"controller-revision-hash": "b"}
    assert first(nodes, every, new, one[1:]) == ("node-part", "DaemonSet kube-system/kube-proxy")
