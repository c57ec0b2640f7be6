"""Of several objects that a failure touches, the one that has to be put right."""

from typing import Any

from warroom.tests.support.clusters import (
    event,
    first,
    made,
    node,
    owned,
    pending,
    seen,
    service,
    well,
    workload,
)

NODES = [node("n1"), node("n2")]


def test_a_rule_newer_than_what_ran_refuses_a_mere_release() -> None:
    deployment, replica, *_pods = workload("cart", pods=0, image="hub.example.org/cart:v2")
    replica["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    replica["metadata"]["creationTimestamp"] = "2026-11-30T12:00:00Z"
    old = workload("cart", image="hub.example.org/cart:v1")[1]
    old["metadata"] = {**old["metadata"], "name": "cart-0", **owned(deployment)}
    said = "ValidatingAdmissionPolicy 'few-images' with binding 'b' denied request: wrong place"
    refused = event(replica, "FailedCreate", f'pods "cart-1-x" is forbidden: {said}')
    rule = made("ValidatingAdmissionPolicy", "few-images", "")
    rule["metadata"]["creationTimestamp"] = "2026-11-30T11:00:00Z"
    some = [deployment, replica, old, refused, rule]
    assert first(NODES, some) == ("policy-denies", "ValidatingAdmissionPolicy few-images")
    one = replica["spec"]["template"]["spec"]["containers"][0]
    one["securityContext"] = {"privileged": True}
    assert first(NODES, some) == ("policy-denies", "Deployment shop/cart")


def test_a_node_that_is_not_there() -> None:
    some = pending(workload("cart", pod={"nodeName": "n9"}))
    some[-1]["spec"]["nodeName"] = "n9"
    assert first(NODES, some) == ("node-unknown", "Deployment shop/cart")
    assert first(some)[0] != "node-unknown"  # nodes were not read
    assert first(NODES, node("n9"), some)[0] != "node-unknown"


def test_what_ended_long_ago_is_not_why_it_is_not_ready_now() -> None:
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-25T10:00:00Z"}
    status = {**well("cart"), "ready": False, "restartCount": 2, "lastState": {"terminated": ended}}
    some = workload("cart", resources={"limits": {"memory": "1Gi"}}, status=status)
    assert first(NODES, some)[0] != "out-of-memory"
    ended["finishedAt"] = "2026-11-30T09:59:00Z"
    assert first(NODES, some)[0] == "out-of-memory"


def mounting(said: str) -> list[dict[str, Any]]:
    """A pod that waits for a volume."""
    claim = {"persistentVolumeClaim": {"claimName": "tiles"}, "name": "tiles"}
    some = workload("maps", pod={"volumes": [claim]}, status={**well("maps"), "ready": False})
    volume = {"claimRef": {"name": "tiles", "namespace": "shop"}}
    status = {"phase": "Bound"}
    there = made("PersistentVolumeClaim", "tiles", spec={"volumeName": "nfs"}, status=status)
    message = f'MountVolume.SetUp failed for volume "nfs" : mount failed: exit status 32 {said}'
    failed = event(some[-1], "FailedMount", message)
    return [*some, there, made("PersistentVolume", "nfs", "", spec=volume, status=status), failed]


def test_what_cannot_be_mounted_is_the_volumes_or_the_nodes() -> None:
    gone = mounting("reason given by server: No such file or directory")
    assert first(NODES, gone) == ("mount-fails", "PersistentVolume nfs")
    lacking = mounting("bad option; you might need a /sbin/mount.nfs helper program")
    assert first(NODES, lacking) == ("mount-fails", "Node n1")


def test_a_registry_of_the_cluster_is_put_right_where_it_runs() -> None:
    waits = {
        "reason": "ImagePullBackOff",
        "message": "dial tcp 127.0.0.1:30500: connection refused",
    }
    status = {"name": "query", "ready": False, "restartCount": 0, "state": {"waiting": waits}}
    some = workload("query", image="localhost:30500/query:v1", status=status)
    away = workload("registry", replicas=0, pods=0)
    away.append(event(away[0], "ScalingReplicaSet", "Scaled down registry-1 to 0 from 1"))
    leads = service("registry")
    leads["spec"]["ports"][0]["nodePort"] = 30500
    assert first(NODES, some, away, leads) == ("scaled-to-nothing", "Deployment shop/registry")
    leads["spec"]["ports"][0]["nodePort"] = 30501
    assert first(NODES, some, away, leads)[0] == "registry-away"


def test_a_subset_whose_labels_no_pod_has() -> None:
    some = [*workload("reviews"), service("reviews")]
    part = {"name": "v4", "labels": {"version": "v4"}}
    rule = made("DestinationRule", "reviews", spec={"host": "reviews", "subsets": [part]})
    way: dict[str, Any] = {"destination": {"host": "reviews", "subset": "v4"}}
    route = made("VirtualService", "reviews", spec={"http": [{"route": [way]}]})
    assert first(NODES, some, rule, route) == ("route-nowhere", "DestinationRule shop/reviews")
    part["name"] = "v5"
    assert first(NODES, some, rule, route) == ("route-nowhere", "VirtualService shop/reviews")
    part["name"] = "v4"
    assert first(
        NODES, some, rule, route | {"spec": {"http": [{"route": [way | {"weight": 0}]}]}}
    ) == ("", "")
    part["labels"] = {"app": "reviews"}
    assert first(NODES, some, rule, route) == ("", "")


def crashing(text: str) -> list[dict[str, Any]]:
    """A container that ends again and again, saying this."""
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": text}}
    status = {"name": "db", "ready": False, "restartCount": 9, "state": state, "lastState": ended}
    return workload("db", status=status)


def test_files_that_it_may_not_have() -> None:
    for text in (
        'initdb: error: could not access directory "/var/lib/data": Permission denied',
        "java.io.IOException: Read-only file system",
    ):
        assert first(NODES, crashing(text)) == ("files-denied", "Deployment shop/db")
    assert first(NODES, crashing("ERROR: permission denied for table orders"))[0] == "crashes"


def test_a_program_for_another_processor() -> None:
    said = "exec /usr/local/bin/db: exec format error"
    assert first(NODES, crashing(said)) == ("image-platform", "Deployment shop/db")


def test_a_probe_that_comes_too_early_to_a_port_with_a_name() -> None:
    probe = {"httpGet": {"path": "/live", "port": "http"}, "initialDelaySeconds": 5}
    ports = [{"name": "http", "containerPort": 8080}]
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    ended = {"terminated": {"exitCode": 143, "reason": "Error"}}
    status = {"name": "cart", "ready": False, "restartCount": 9, "state": waits, "lastState": ended}
    some = workload("cart", livenessProbe=probe, ports=ports, status=status)
    refused = "dial tcp 10.0.0.1:8080: connect: connection refused"
    early = event(some[-1], "Unhealthy", f"Liveness probe failed: {refused}")
    assert first(NODES, some, early)[0] == "probe-timing"


def test_an_old_address_of_pods_that_are_well_is_less_sure_than_of_those_that_are_not() -> None:
    env = [{"name": "HELPER_ADDR", "value": "helper:80"}]
    (settled,) = seen(NODES, workload("web", env=env), service("web"))
    ill = {**well("web"), "ready": False}
    (first_, *_) = seen(NODES, workload("web", env=env, status=ill), service("web"))
    assert settled.trouble.cause == first_.trouble.cause == "address-wrong"
    assert settled.sure < first_.sure
