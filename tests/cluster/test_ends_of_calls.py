"""Where calls of a Service end; what is unwell on one node alone; who wants nobody beside it."""

from typing import Any

import pytest

from warroom.tests.support.clusters import (
    event,
    first,
    made,
    node,
    pending,
    seen,
    service,
    workload,
)

NODES = [node("n1"), node("n2"), node("n3")]
PORTS = [{"containerPort": 8080}]
Objects = list[dict[str, Any]]


def labelled(name: str, app: str, **container: Any) -> Objects:
    """A workload whose pods have another's label."""
    some = workload(name, **container)
    for one in some[1:]:
        one["metadata"]["labels"] = {"app": app, "part": name}
    some[0]["spec"]["template"]["metadata"]["labels"] = {"app": app, "part": name}
    return some


def test_a_selector_that_takes_in_pods_of_another_program() -> None:
    cart, to = workload("cart", ports=PORTS), service("cart")
    found = seen(NODES, cart, to, labelled("cart-indexer", "cart"))
    assert [(f.trouble.cause, f.trouble.object) for f in found] == [
        ("takes-others", "Service shop/cart")
    ]
    assert "do not listen" in found[0].trouble.statement
    other = labelled("offers", "cart", ports=PORTS)
    assert first(NODES, cart, to, other)[0] == "takes-others"


def test_a_second_release_behind_one_service_is_meant() -> None:
    image = "registry.example.org/cart:v2"
    canary = labelled("cart-canary", "cart", ports=PORTS, image=image)
    assert seen(NODES, workload("cart", ports=PORTS), service("cart"), canary) == []
    everybody = service("all", app="cart")
    assert seen(NODES, labelled("a", "cart"), labelled("b", "cart"), everybody) == []


def test_a_service_that_is_reached_on_its_own_nodes_alone() -> None:
    to = service("cart")
    to["spec"]["internalTrafficPolicy"] = "Local"
    web = workload("web", env=[{"name": "CART_URL", "value": "http://cart:80"}])
    assert first(NODES, workload("cart"), to, web) == ("", "")  # both run on n1
    web[-1]["spec"]["nodeName"] = "n2"
    assert first(NODES, workload("cart"), to, web) == ("only-its-own-node", "Service shop/cart")


def filled(address: str, port: str) -> Objects:
    to = made("Service", "db", spec={"ports": [{"name": "sql", "port": 5432}]})
    subsets = [{"addresses": [{"ip": address}], "ports": [{"name": port, "port": 5432}]}]
    return [to, made("Endpoints", "db", subsets=subsets if address else [])]


@pytest.mark.parametrize(
    ("address", "port", "cause"),
    [
        ("192.0.2.7", "sql", ""),
        ("", "sql", "filled-wrong"),
        ("10.244.1.9", "sql", "filled-wrong"),  # a pod's, and gone
        ("10.244.1.4", "sql", ""),
        ("192.0.2.7", "mysql", "filled-wrong"),
    ],
)
def test_a_service_that_is_filled_by_hand(address: str, port: str, cause: str) -> None:
    pod = workload("db")
    pod[-1]["status"]["podIP"] = "10.244.1.4"
    web = workload("web", env=[{"name": "DB_HOST", "value": "db:5432"}])
    place = "Service shop/db" if cause else ""
    nodes = [node("n1", podCIDR="10.244.1.0/24"), node("n2")]
    assert first(nodes, pod, web, filled(address, port)) == (cause, place)


def test_a_balancer_that_is_refused_and_a_gate_that_nobody_opens() -> None:
    to = service("cart")
    to["spec"]["type"] = "LoadBalancer"
    said = event(to, "SyncLoadBalancerFailed", "no available addresses in pool")
    assert first(NODES, workload("cart"), to, said) == ("no-balancer", "Service shop/cart")
    cart = workload("cart", pod={"readinessGates": [{"conditionType": "example.org/target"}]})
    states = {"ContainersReady": "True", "Ready": "False"}
    cart[-1]["status"]["conditions"] = [{"type": k, "status": v} for k, v in states.items()]
    assert first(NODES, cart) == ("gate-shut", "Deployment shop/cart")
    cart[-1]["status"]["conditions"].append({"type": "example.org/target", "status": "True"})
    assert first(NODES, cart)[0] != "gate-shut"


def spread(name: str, release: str = "a", bad: str = "n2") -> Objects:
    """A pod on each node, unwell on one."""
    some = workload(name, replicas=3)
    for one, at in zip(some[2:], ("n1", "n2", "n3"), strict=True):
        one["spec"]["nodeName"] = at
        hashed = {"app": name, "pod-template-hash": release if at == bad else "a"}
        one["metadata"]["labels"] = hashed
        one["status"]["containerStatuses"][0]["ready"] = at != bad
    return some


def test_what_is_unwell_on_one_node_alone() -> None:
    assert first(NODES, spread("cart"), spread("web")) == ("unwell-on-it", "Node n2")
    causes = {f.trouble.cause for f in seen(NODES, spread("cart"), spread("web", bad="n3"))}
    assert "unwell-on-it" not in causes
    new = spread("cart", "b"), spread("web", "b")  # the first pods of a new release
    assert "unwell-on-it" not in {f.trouble.cause for f in seen(NODES, *new)}


def apart(name: str, app: str, replicas: int = 3) -> Objects:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    some = workload(name, replicas=replicas, pod={"affinity": rule})
    for one, at in zip(some[2:], ("n1", "n2", "n3"), strict=False):
        one["spec"]["nodeName"] = at
    return some


def test_whose_rule_keeps_a_pod_away() -> None:
    waits = pending(workload("web"))
    assert first(NODES, apart("cart", "web"), waits) == ("held-off", "Deployment shop/cart")
    assert first(NODES, apart("cart", "cart"), waits) == ("", "")
    own = pending(apart("web", "cart", 1))
    everywhere = apart("cart", "other")
    assert first(NODES, everywhere, own) == ("kept-apart", "Deployment shop/web")


def test_the_first_of_a_group_needs_no_company() -> None:
    def group(app: str) -> Objects:
        some = {"matchLabels": {"app": app}}
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": some}
        rule = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
        return pending(workload("cart", pod={"affinity": rule}))

    assert first(NODES, group("cart")) == ("", "")
    assert first(NODES, group("gone")) == ("no-company", "Deployment shop/cart")


def called(name: str, address: str, *nodes: str) -> Objects:
    """A workload with a pod on each of these nodes, and its Service at an address."""
    some, to = workload(name, replicas=len(nodes)), service(name)
    to["spec"]["clusterIP"] = address
    for pod, at in zip(some[2:], nodes, strict=True):
        pod["spec"]["nodeName"] = at
    return [*some, to]


def log(pod: str, *addresses: str, said: str = "dial tcp {}:80: i/o timeout") -> dict[str, Any]:
    text = "\n".join(f"request failed: {said.format(one)}" for one in addresses)
    return made("PodLog", f"{pod}/main", text=text)


def test_connections_that_time_out_have_one_node_in_common() -> None:
    callees = [
        *called("cart", "10.0.0.1", "n1", "n2"),
        *called("pay", "10.0.0.2", "n2", "n3"),
        *called("ship", "10.0.0.3", "n2"),
        *called("mail", "10.0.0.4", "n1", "n3"),
    ]
    web, api = workload("web"), workload("api")
    api[-1]["spec"]["nodeName"] = "n3"
    every = "10.0.0.1", "10.0.0.2", "10.0.0.3"
    both = [log("web-1-0", *every), log("api-1-0", *every)]
    assert first(NODES, callees, web, api, both) == ("stalls-towards", "Node n2")
    late = [log("web-1-0", *every, said="GET {}: context deadline exceeded")]
    assert seen(NODES, callees, web, api, late, late) == []
    more = log("web-1-0", *every, "10.0.0.4")  # to nodes that n2 does not explain
    assert seen(NODES, callees, web, api, both[1], more) == []
