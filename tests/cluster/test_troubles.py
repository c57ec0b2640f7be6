"""What is wrong with a cluster: the trouble and the object to put right, and not who suffers."""

from typing import Any

import pytest

from warroom.cluster.objects import Object, quantity, selects
from warroom.cluster.ranking import troubles
from warroom.cluster.snapshot import Snapshot, read_list
from warroom.cluster.trouble import causes, words
from warroom.faults import faults
from warroom.tests.support.clusters import (
    event,
    first,
    made,
    node,
    pending,
    seen,
    service,
    well,
    workload,
)

NODES = [node("n1"), node("n2")]
CART = ("bad configuration", "Deployment shop/cart")


def test_a_cluster_that_is_well_has_no_trouble() -> None:
    ports = [{"containerPort": 8080}]
    assert seen(NODES, workload("cart", ports=ports), service("cart")) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("100m", 0.1), ("1Gi", 2**30), ("2", 2), (3, 3), ("1e3", 1000), ("", None), ("many", None)],
)
def test_quantities(text: Any, size: float | None) -> None:
    assert quantity(text) == (None if size is None else pytest.approx(size))


def test_selectors_follow_the_api() -> None:
    some = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart", "api"]}]}
    assert selects(some, {"app": "cart"})
    assert not selects(some, {"app": "web"})
    assert selects({}, {"app": "web"})
    absent = {"matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]}
    assert selects(absent, {"app": "web"}) and not selects(absent, {"old": "1"})


def test_one_cordoned_node_and_not_eleven_pending_pods() -> None:
    waiting = [pending(workload(f"w{n}", replicas=2)) for n in range(6)]
    (found,) = seen(node("n1", unschedulable=True), *waiting)
    assert (found.trouble.cause, found.trouble.object) == ("cordoned", "Node n1")
    assert len(found.trouble.victims) == 6


def test_what_asks_for_more_than_any_node_has_is_named_itself() -> None:
    large = workload("cart", resources={"requests": {"cpu": "64"}})
    assert first(NODES, pending(large)) == ("asks-too-much", "Deployment shop/cart")


def test_a_selector_that_no_node_has() -> None:
    some = pending(workload("cart", pod={"nodeSelector": {"disk": "ssd"}}))
    assert first(NODES, some) == ("selector-matches-no-node", "Deployment shop/cart")


def test_a_taint_that_is_not_tolerated() -> None:
    taint = [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]
    some = pending(workload("cart"))
    assert first(node("n1", taints=taint), some) == ("tainted", "Node n1")
    tolerant = {"tolerations": [{"key": "dedicated", "operator": "Exists"}]}
    assert first(node("n1", taints=taint), pending(workload("cart", pod=tolerant))) == ("", "")


@pytest.mark.parametrize(
    ("message", "cause", "place"),
    [
        (
            'pods "x" is forbidden: exceeded quota: small, '
            "requested: pods=1, used: pods=2, limited: pods=2",
            "quota",
            "ResourceQuota shop/small",
        ),
        (
            'pods "x" is forbidden: error looking up service account shop/robot: '
            'serviceaccount "robot" not found',
            "account-missing",
            "ServiceAccount shop/robot",
        ),
        (
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": '
            "allowPrivilegeEscalation != false",
            "pod-security",
            "Namespace shop",
        ),
        (
            'pods "x" is forbidden: maximum cpu usage per Container is 500m, but limit is 1',
            "limit-range",
            "LimitRange shop/range",
        ),
    ],
)
def test_what_the_api_server_refuses(message: str, cause: str, place: str) -> None:
    some = workload("cart", replicas=2, pods=0)
    refused = event(some[1], "FailedCreate", f"Error creating: {message}")
    ranges = made("LimitRange", "range", spec={})
    assert first(NODES, some, refused, ranges) == (cause, place)


@pytest.mark.parametrize(
    ("reason", "message", "cause", "place"),
    [
        (
            "ImagePullBackOff",
            "manifest for registry.example.org/cart:v1 not found: manifest unknown",
            "image-missing",
            "Deployment shop/cart",
        ),
        (
            "ErrImagePull",
            "lookup registry.example.org: no such host",
            "registry-away",
            "Deployment shop/cart",
        ),
        (
            "CreateContainerConfigError",
            'configmap "settings" not found',
            "config-missing",
            "ConfigMap shop/settings",
        ),
        (
            "CreateContainerConfigError",
            "couldn't find key dsn in Secret shop/db",
            "key-missing",
            "Secret shop/db",
        ),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root",
            "runs-as-root",
            "Deployment shop/cart",
        ),
    ],
)
def test_what_keeps_a_container_from_beginning(
    reason: str, message: str, cause: str, place: str
) -> None:
    waits = {"name": "cart", "state": {"waiting": {"reason": reason, "message": message}}}
    assert first(NODES, workload("cart", status=waits)) == (cause, place)


def ended(reason: str, code: int, message: str = "") -> dict[str, Any]:
    last = {"terminated": {"reason": reason, "exitCode": code, "message": message}}
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    return {"name": "cart", "restartCount": 5, "state": state, "lastState": last}


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (ended("OOMKilled", 137), "out-of-memory"),
        (ended("Completed", 0), "ends-by-itself"),
        (ended("Error", 1), "crashes"),
        (
            ended("StartError", 128, 'exec: "srv": executable file not found in $PATH'),
            "command-wrong",
        ),
    ],
)
def test_what_ends_a_container_again_and_again(status: dict[str, Any], cause: str) -> None:
    limits = {"limits": {"memory": "64Mi"}}
    assert first(NODES, workload("cart", status=status, resources=limits))[0] == cause


@pytest.mark.parametrize(
    ("probe", "message", "cause"),
    [
        ({"httpGet": {"port": 9999}}, "connection refused", "probe-port"),
        (
            {"httpGet": {"port": 8080, "scheme": "HTTPS"}},
            "http: server gave HTTP response to HTTPS client",
            "probe-protocol",
        ),
        ({"httpGet": {"port": 8080, "path": "/no"}}, "statuscode: 404", "probe-path"),
        ({"httpGet": {"port": 8080}}, "context deadline exceeded", "probe-timing"),
    ],
)
def test_probes_that_are_wrong(probe: dict[str, Any], message: str, cause: str) -> None:
    status = {**well("cart"), "ready": False, "restartCount": 4}
    status["lastState"] = {"terminated": {"reason": "Error", "exitCode": 137}}
    some = workload("cart", status=status, livenessProbe=probe, ports=[{"containerPort": 8080}])
    failing = event(some[2], "Unhealthy", f"Liveness probe failed: {message}")
    assert first(NODES, some, failing) == (cause, "Deployment shop/cart")


def test_a_service_that_selects_nobody_or_leads_to_no_port() -> None:
    some = workload("cart", ports=[{"containerPort": 8080, "name": "http"}])
    assert first(NODES, some, service("cart", app="card")) == (
        "selects-nobody",
        "Service shop/cart",
    )
    assert first(NODES, some, service("cart", target="web")) == (
        "service-port",
        "Service shop/cart",
    )
    assert first(NODES, some, service("cart", target=81)) == ("service-port", "Service shop/cart")
    assert first(NODES, some, service("cart", target="http")) == ("", "")


def test_an_address_of_a_service_that_is_not_there() -> None:
    env = [{"name": "CART_URL", "value": "http://carts:80/x"}, {"name": "MODE", "value": "fast"}]
    calls = workload("web", env=env)
    there = service("cart")
    some = workload("cart", ports=[{"containerPort": 8080}])
    assert first(NODES, calls, some, there) == ("address-wrong", "Deployment shop/web")
    env[0]["value"] = "http://cart.shop.svc.cluster.local:80"
    assert first(NODES, workload("web", env=env), some, there) == ("", "")
    env[0]["value"] = "http://cart:8081"
    assert first(NODES, workload("web", env=env), some, there)[0] == "address-wrong"


def test_a_policy_that_forbids_what_is_called() -> None:
    env = [{"name": "CART_ADDR", "value": "cart:80"}]
    both = [*workload("web", env=env), *workload("cart", ports=[{"containerPort": 8080}])]
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": {"app": "cart"}},
        "policyTypes": ["Ingress"],
    }
    closed = made("NetworkPolicy", "closed", spec=spec)
    there = service("cart")
    assert first(NODES, both, there, closed) == ("policy-forbids", "NetworkPolicy shop/closed")
    allowed = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
    opened = made("NetworkPolicy", "opened", spec={**spec, "ingress": [allowed]})
    assert first(NODES, both, there, closed, opened) == ("", "")


def test_a_node_that_is_silent_is_named_and_not_its_pods() -> None:
    silent = node("n1")
    silent["status"]["conditions"] = [
        {"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}
    ]
    assert first(silent, node("n2"), workload("cart")) == ("kubelet-silent", "Node n1")


def test_every_trouble_that_words_tell_is_known_and_is_some_fault() -> None:
    told = (*words().refusals, *words().pulls, *words().unwell)
    assert {one.cause for one in told} <= causes().keys()
    assert {cause.fault for cause in causes().values()} <= faults().keys()


@pytest.mark.parametrize("odd", [None, [], "x", 7, {"kind": 1}, {"kind": "Pod", "metadata": []}])
def test_what_is_no_object_is_left_out(odd: Any) -> None:
    document = {
        "kind": "List",
        "items": [odd, made("Pod", "p", spec={"containers": "x"}, status=[])],
    }
    objects, _kinds = read_list(document)
    assert troubles(Snapshot(objects)) == []


def test_a_list_without_items_says_that_there_are_none() -> None:
    _objects, kinds = read_list({"kind": "SecretList", "items": []})
    assert Snapshot([], kinds).missing("Secret", "shop", "db")
    assert not Snapshot([]).missing("Secret", "shop", "db")
    assert Object({}).ref.strip() == ""


def test_what_ended_long_ago_and_is_well_since_is_over() -> None:
    last = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-30T05:00:00Z"}
    status = {**well("cart"), "restartCount": 3, "lastState": {"terminated": last}}
    limits = {"limits": {"memory": "64Mi"}}
    assert first(NODES, workload("cart", status=status, resources=limits)) == ("", "")
    last["finishedAt"] = "2026-11-30T09:59:00Z"
    assert first(NODES, workload("cart", status=status, resources=limits))[0] == "out-of-memory"


def test_a_leader_that_stands_still_is_named_whatever_one_clock_says() -> None:
    def lease(name: str, at: str, space: str) -> dict[str, Any]:
        return made("Lease", name, space, spec={"renewTime": f"2026-11-30T{at}:00Z"})

    nodes = [lease(f"n{n}", "10:00", "kube-node-lease") for n in range(3)]
    ahead = lease("n9", "10:30", "kube-node-lease")
    well_ = lease("kube-scheduler", "10:00", "kube-system")
    assert first(NODES, nodes, ahead, well_) == ("clock-off", "Node n9")
    still = lease("kube-scheduler", "09:50", "kube-system")
    assert first(NODES, nodes, still) == ("control-plane", "Lease kube-system/kube-scheduler")


def test_a_name_that_leads_to_no_service_of_the_cluster() -> None:
    spec = {"type": "ExternalName", "externalName": "redis.data.svc.cluster.local"}
    there = made("Service", "redis", "data", spec={"selector": {}})
    assert first(NODES, made("Service", "redis", spec=spec)) == (
        "name-elsewhere",
        "Service shop/redis",
    )
    assert first(NODES, made("Service", "redis", spec=spec), there) == ("", "")


def test_of_two_who_took_room_the_last_is_named() -> None:
    new = workload("batch", resources={"requests": {"cpu": "3"}})
    new[0]["metadata"]["creationTimestamp"] = "2026-11-30T09:00:00Z"
    old = workload("cart", resources={"requests": {"cpu": "1"}})
    old[0]["metadata"]["creationTimestamp"] = "2026-10-30T09:00:00Z"
    waits = pending(workload("web", resources={"requests": {"cpu": "1"}}))
    assert first(node("n1"), new, old, waits) == ("crowded-out", "Deployment shop/batch")
