"""What several workloads share is named once; nodes that only their beats give away; who owns a pod
where that was not read; pods whose network is narrow."""

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
    well,
    workload,
)

NODES = [node("n1"), node("n2"), node("n3")]
Objects = list[dict[str, Any]]


def refused(name: str, message: str) -> Objects:
    some = workload(name, replicas=1, pods=0)
    return [*some, event(some[1], "FailedCreate", f'pods "x" is forbidden: {message}')]


def changed(some: Objects, **container: Any) -> Objects:
    """The same after a change of its container."""
    new = workload(some[0]["metadata"]["name"], replicas=1, pods=0, **container)[1]
    new["metadata"]["name"] += "-new"
    new["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    return [*some, new]


POD_SECURITY = 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'


def test_what_refuses_one_changed_workload_is_that_workload_and_of_several_the_rule() -> None:
    cart = changed(refused("cart", POD_SECURITY), securityContext={"privileged": True})
    assert first(NODES, cart) == ("pod-security", "Deployment shop/cart")
    web = changed(refused("web", POD_SECURITY), env=[{"name": "A", "value": "1"}])
    found = seen(NODES, cart, web)
    assert [f.trouble.object for f in found] == ["Namespace shop"]
    assert found[0].trouble.victims == {"Deployment shop/cart", "Deployment shop/web"}


def unpulled(name: str, message: str, at: str = "n1", **pod: Any) -> Objects:
    waits = {"reason": "ErrImagePull", "message": message}
    status = {"name": name, "state": {"waiting": waits}}
    some = workload(name, status=status, pod=pod)
    some[-1]["spec"]["nodeName"] = at
    return some


def test_a_registry_that_answers_nobody_lies_outside() -> None:
    message = "unexpected status from HEAD request: 503 Service Unavailable"
    found = seen(NODES, unpulled("cart", message), unpulled("web", message, "n2"))
    assert [f.trouble.object for f in found] == ["Registry registry.example.org"]
    assert found[0].sure < 0.75


def test_a_registry_that_one_node_does_not_reach_is_that_node() -> None:
    lost = "dial tcp 10.1.2.3:443: i/o timeout"
    failing = [*unpulled("cart", lost), *unpulled("web", lost)]
    pulled = workload("api")
    pulled[-1]["spec"]["nodeName"] = "n2"
    assert first(NODES, failing, pulled) == ("registry-away", "Node n1")
    assert first(NODES, failing)[1] == "Registry registry.example.org"
    assert first(NODES, unpulled("cart", lost))[1] == "Deployment shop/cart"


def test_a_pull_secret_that_opens_nothing_for_anybody() -> None:
    with_: dict[str, Any] = {"imagePullSecrets": [{"name": "pull"}]}
    both = [unpulled(name, "401 Unauthorized", **with_) for name in ("cart", "web")]
    assert first(NODES, *both) == ("image-denied", "Secret shop/pull")
    assert first(NODES, both[0]) == ("image-denied", "Secret shop/pull")


# Who owns a pod.


def test_a_pod_whose_replica_set_was_not_read_is_its_deployments() -> None:
    deployment, replica, pod = workload("cart", status={"name": "cart", "state": {"waiting": {}}})
    waits = {"reason": "ErrImagePull", "message": "manifest unknown"}
    pod["status"]["containerStatuses"][0]["state"]["waiting"] = waits
    pod["metadata"]["labels"]["pod-template-hash"] = "1"
    assert first(NODES, deployment, pod)[1] == "Deployment shop/cart"
    assert first(NODES, pod)[1] == "Deployment shop/cart"  # nobody read deployments either
    orphan = first(NODES, workload("web"), replica, pod)
    assert orphan[1] == "ReplicaSet shop/cart-1"  # they were read, and this one is not there


def test_a_pod_of_a_job_that_was_not_read_is_its_cron_jobs() -> None:
    cron = made("CronJob", "report", spec={"jobTemplate": {}})
    link = {"kind": "Job", "name": "report-2901", "controller": True}
    last = {"reason": "OOMKilled", "exitCode": 137}
    status = {"name": "c", "restartCount": 3, "state": {"terminated": last}}
    limit = {"limits": {"memory": "64Mi"}}
    pod = made(
        "Pod",
        "report-2901-x",
        metadata={"ownerReferences": [link]},
        spec={"nodeName": "n1", "containers": [{"name": "c", "resources": limit}]},
        status={"phase": "Running", "containerStatuses": [status]},
    )
    assert first(NODES, cron, pod) == ("out-of-memory", "CronJob shop/report")
    pod["metadata"]["ownerReferences"] = [{"kind": "Node", "name": "n1", "controller": True}]
    assert first(NODES, cron, pod)[1] == "Pod shop/report-2901-x"


# Nodes.


def lease(name: str, at: str, space: str = "kube-node-lease") -> dict[str, Any]:
    return made("Lease", name, space, spec={"renewTime": f"2026-11-30T{at}Z"})


@pytest.mark.parametrize(
    ("late", "judge", "found"),
    [
        ("09:48:30", "10:00:00", ("clock-off", "Node n1")),
        ("09:59:40", "10:00:00", ("", "")),  # a beat or two late
        ("09:48:30", "09:48:00", ("control-plane", "Lease kube-system/kube-controller-manager")),
    ],
)
def test_a_lease_that_is_old_while_its_node_is_held_for_ready(
    late: str, judge: str, found: tuple[str, str]
) -> None:
    leases = [lease("n1", late), lease("n2", "10:00:00"), lease("n3", "10:00:02")]
    assert first(NODES, leases, lease("kube-controller-manager", judge, "kube-system")) == found


def test_what_started_before_it_was_made_did_so_by_another_clock() -> None:
    cart = workload("cart")
    cart[-1]["status"]["startTime"] = "2026-11-30T09:52:00Z"
    assert first(NODES, cart) == ("clock-off", "Node n1")
    beats = [lease("n1", "10:00:00"), lease("n2", "10:00:02")]
    assert first(NODES, cart, beats) == ("", "")  # and it has been set since
    cart[-1]["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    assert first(NODES, cart) == ("", "")


@pytest.mark.parametrize(
    ("count", "last", "cause"),
    [
        (3, "2026-11-30T09:55:00Z", "node-lost-again"),
        (1, "2026-11-30T09:55:00Z", ""),
        (5, "2026-11-30T08:55:00Z", ""),
    ],
)
def test_a_node_that_is_lost_again_and_again(count: int, last: str, cause: str) -> None:
    told = event(NODES[0], "NodeNotReady", "Node n1 status is now: NodeNotReady")
    told |= {"count": count, "lastTimestamp": last}
    assert first(NODES, workload("cart"), told)[0] == cause


# Narrow.


def annotated(**pairs: str) -> Objects:
    some = workload("cart")
    named = {f"kubernetes.io/{key}-bandwidth": text for key, text in pairs.items()}
    some[0]["spec"]["template"]["metadata"]["annotations"] = named
    return [*some, service("cart")]


def test_a_network_that_is_narrow_by_annotation() -> None:
    assert first(NODES, annotated(egress="512k")) == ("narrowed", "Deployment shop/cart")
    assert first(NODES, annotated(ingress="1Gi", egress="200M")) == ("", "")


def test_a_cpu_limit_as_large_as_the_node_bounds_nothing() -> None:
    encoder = workload("encoder", replicas=2, resources={"limits": {"cpu": "2"}})
    usage = [
        made("PodMetrics", pod["metadata"]["name"], containers=[{"name": "e", "usage": used}])
        for pod, used in zip(encoder[2:], ({"cpu": "1900m"}, {"cpu": "1900m"}), strict=True)
    ]
    assert first(NODES, encoder, workload("cart"), usage)[1] == "Deployment shop/encoder"
    half = workload("encoder", replicas=2, resources={"limits": {"cpu": "500m"}})
    assert "takes-all" not in {f.trouble.cause for f in seen(NODES, half, usage)}


def test_what_nobody_suffers_from_stays_unsaid() -> None:
    assert seen(NODES, workload("cart", status=well("cart")), pending([])) == []


# Who should answer, and does not.


def answering(name: str, **status: Any) -> Objects:
    """A server of the cluster's own, its Service, and what asks it."""
    some, to = workload(name, status={**well(name), **status}), {"name": name, "namespace": "shop"}
    hooks = [{"name": "check.example.org", "clientConfig": {"service": to}}]
    hook = made("ValidatingWebhookConfiguration", "check", "", webhooks=hooks)
    state = {"type": "Available", "status": "False", "message": "no response"}
    spec = {"service": to, "group": "metrics.k8s.io"}
    asked = made("APIService", "v1.metrics", "", spec=spec, status={"conditions": [state]})
    return [*some, service(name), hook, asked]


def test_who_is_not_answered_follows_whoever_should_answer() -> None:
    said = 'Internal error occurred: failed calling webhook "check.example.org": no endpoints'
    cart = workload("cart", replicas=1, pods=0)
    refused_ = [*cart, event(cart[1], "FailedCreate", f"Error creating: {said}")]
    ended = {"terminated": {"reason": "Error", "exitCode": 3}}
    down: dict[str, Any] = {"ready": False, "restartCount": 9, "lastState": ended, "state": {}}
    found = seen(NODES, answering("guard", **down), refused_)
    assert [(f.trouble.object, bool(f.follows)) for f in found] == [
        ("Deployment shop/guard", False),
        ("ValidatingWebhookConfiguration check", True),
        ("APIService v1.metrics", True),
    ]
    alone = [one for one in answering("guard") if one["kind"] == "ValidatingWebhookConfiguration"]
    hook = ("webhook-away", "ValidatingWebhookConfiguration check")
    assert first(NODES, alone, refused_) == hook


def scaler(name: str, message: str) -> dict[str, Any]:
    to = {"kind": "Deployment", "name": name}
    state = {"type": "ScalingActive", "status": "False", "message": message}
    spec = {"scaleTargetRef": to, "maxReplicas": 3}
    return made("HorizontalPodAutoscaler", name, spec=spec, status={"conditions": [state]})


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (
            "unable to fetch metrics from resource metrics API: the server could not find the"
            " requested resource (get pods.metrics.k8s.io)",
            "APIService v1beta1.metrics.k8s.io",
        ),
        ("missing request for cpu in container cart of Pod cart-1", "Deployment shop/cart"),
        ("no metrics returned from custom metrics API", "HorizontalPodAutoscaler shop/cart"),
    ],
)
def test_whose_metrics_an_autoscaler_misses(message: str, place: str) -> None:
    assert first(NODES, workload("cart"), scaler("cart", message)) == ("scaler-blind", place)


def test_a_class_whose_provisioner_does_not_run() -> None:
    class_ = made("StorageClass", "fast", "", provisioner="csi.acme.org")
    spec = {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}
    claim = made("PersistentVolumeClaim", "data", spec=spec, status={"phase": "Pending"})
    told = event(claim, "ExternalProvisioning", "waiting for a volume to be created")
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}
    waits = pending(workload("db", pod={"volumes": [volume]}), 'persistentvolumeclaim "data"')
    runs = workload("acme-csi-controller")
    assert first(NODES, class_, claim, told, waits, runs) == (
        "not-provisioned",
        "StorageClass fast",
    )
    none = workload("acme-csi-controller", pods=0)
    found = first(NODES, class_, claim, told, waits, none)
    assert found == ("not-provisioned", "Deployment shop/acme-csi-controller")


def test_a_cron_job_that_never_begins() -> None:
    cron = made("CronJob", "report", spec={"schedule": "0 3 * * *", "timeZone": "Europe/Atlantis"})
    told = event(cron, "UnknownTimeZone", "unknown time zone Europe/Atlantis")
    assert first(NODES, cron, told) == ("never-runs", "CronJob shop/report")
