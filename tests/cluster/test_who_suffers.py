"""Who only suffers is not blamed, what is meant so is no trouble, what does not end is named."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from warroom.diagnosis.cluster import read_cluster
from warroom.errors import WarroomError
from warroom.tests.support.clusters import (
    AT,
    dump,
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
PROBE = {"httpGet": {"path": "/ready", "port": 8080}}
UNREADY = {**well("cart"), "ready": False}


def calls(*names: str) -> list[dict[str, str]]:
    return [{"name": f"{one.upper()}_URL", "value": f"http://{one}:80"} for one in names]


def unready(name: str, answer: str, *called: str) -> list[dict[str, Any]]:
    """A workload whose readiness probe gets this answer, and its service."""
    env, status = calls(*called), {**well(name), "ready": False}
    some = workload(name, env=env, readinessProbe=PROBE, status=status)
    message = f"Readiness probe failed: HTTP probe failed with statuscode: {answer}"
    return [*some, event(some[-1], "Unhealthy", message), service(name)]


def test_a_probe_that_is_answered_503_asks_the_right_path() -> None:
    assert first(NODES, unready("cart", "503"))[0] == "not-ready"
    assert first(NODES, unready("cart", "404"))[0] == "probe-path"


def test_who_calls_whom_is_down_follows_over_others() -> None:
    lost = workload("db", status={**well("db"), "ready": False, "state": {"waiting": {}}})
    pod = lost[-1]
    reason = {"reason": "ErrImagePull", "message": "manifest unknown: not found"}
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": reason}
    found = seen(
        NODES, unready("web", "503", "api"), unready("api", "503", "db"), lost, service("db")
    )
    assert [(f.trouble.object, f.follows) for f in found] == [
        ("Deployment shop/db", ""),
        ("Deployment shop/web", "Deployment shop/db"),
        ("Deployment shop/api", "Deployment shop/db"),
    ]


def test_of_two_that_are_not_ready_the_called_one_leads() -> None:
    found = seen(NODES, unready("web", "503", "api"), unready("api", "503"))
    assert [(f.trouble.object, f.follows) for f in found] == [
        ("Deployment shop/api", ""),
        ("Deployment shop/web", "Deployment shop/api"),
    ]


def idle(name: str = "old") -> list[dict[str, Any]]:
    return [*workload(name, replicas=0), service(name)]


def test_what_is_scaled_to_nothing_is_missed_where_somebody_calls_it() -> None:
    assert seen(NODES, idle())[0].sure < 0.5
    called = seen(NODES, idle(), workload("web", env=calls("old")))[0]
    assert called.sure == 0.9 and "Deployment shop/web" in called.trouble.victims
    some = idle()
    done = event(some[0], "ScalingReplicaSet", "Scaled down replica set old-1 to 0 from 3")
    assert seen(NODES, some, done)[0].sure == 0.8


def budget(allowed: int) -> dict[str, Any]:
    status = {"disruptionsAllowed": allowed, "desiredHealthy": 2 - allowed, "expectedPods": 2}
    spec = {"minAvailable": 2 - allowed, "selector": {"matchLabels": {"app": "cart"}}}
    return made("PodDisruptionBudget", "cart", spec=spec, status=status)


def test_a_budget_that_lets_nobody_go_keeps_a_node_from_being_emptied() -> None:
    closed = [node("n1", unschedulable=True), node("n2")]
    pods = workload("cart", replicas=2)
    expected = ("drain-blocked", "PodDisruptionBudget shop/cart")
    assert first(closed, pods, budget(0)) == expected
    assert first(closed, pods, budget(1)) == ("", "")
    assert first(NODES, pods, budget(0)) == ("", ""), "nobody wants a node emptied"


def test_a_namespace_waits_for_an_api_that_nobody_serves() -> None:
    why = {"type": "NamespaceDeletionDiscoveryFailure", "status": "True"}
    why["message"] = "stale GroupVersion discovery: external.metrics.k8s.io/v1beta1"
    going = made("Namespace", "old", "", status={"conditions": [why]})
    going["metadata"]["deletionTimestamp"] = "2026-11-30T08:00:00Z"
    away = {"type": "Available", "status": "False", "message": "service is not present"}
    spec = {"group": "external.metrics.k8s.io", "version": "v1beta1"}
    api = made("APIService", "v1beta1.external", "", spec=spec, status={"conditions": [away]})
    found = seen(NODES, going, api)
    assert [(f.trouble.object, f.follows) for f in found] == [
        ("APIService v1beta1.external", ""),
        ("Namespace old", "APIService v1beta1.external"),
    ]
    assert first(NODES, going) == ("namespace-stays", "Namespace old")
    going["metadata"]["deletionTimestamp"] = AT
    assert first(NODES, going) == ("", ""), "it is on its way"


def test_a_job_that_hangs_and_one_that_was_given_up() -> None:
    cron = made("CronJob", "dbt", status={"active": [{"name": "dbt-1"}]})
    cron["spec"] = {"concurrencyPolicy": "Forbid"}
    link = {"ownerReferences": [{"kind": "CronJob", "name": "dbt", "controller": True}]}
    job = made("Job", "dbt-1", metadata=link, status={"active": 1})
    assert first(NODES, cron, job) == ("", "")
    told = event(cron, "JobAlreadyActive", "Not starting job because prior execution is running")
    assert first(NODES, cron, job, told) == ("job-hangs", "Job shop/dbt-1")
    gone = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    failed = made("Job", "dbt-1", metadata=link, status={"conditions": [gone]})
    cron["status"] = {}
    assert first(NODES, cron, failed) == ("job-failed", "CronJob shop/dbt")
    later = {**link, "creationTimestamp": "2026-11-30T11:00:00Z"}
    done = {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1}
    assert first(NODES, cron, failed, made("Job", "dbt-2", metadata=later, status=done)) == ("", "")


def test_a_driver_that_does_not_run_on_a_node() -> None:
    pods = workload("db")
    message = "AttachVolume.Attach failed: CSINode n1 does not contain driver ebs.csi.aws.com"
    lacks = event(pods[-1], "FailedAttachVolume", message)
    assert first(NODES, pods, lacks) == ("driver-absent", "Node n1")
    driver = made("DaemonSet", "ebs-csi-node", "kube-system")
    assert first(NODES, pods, lacks, driver) == (
        "driver-absent",
        "DaemonSet kube-system/ebs-csi-node",
    )


def test_a_word_in_a_corefile_that_is_no_plugin() -> None:
    text = ".:53 {\n  errors\n  kubernetes cluster.local {\n    ttl 30\n  }\n  forwrd . /etc\n}"
    server = made("ConfigMap", "coredns", "kube-system", data={"Corefile": text})
    assert first(NODES, server) == ("names-wrong", "ConfigMap kube-system/coredns")
    server["data"]["Corefile"] = text.replace("forwrd", "forward")
    assert first(NODES, server) == ("", "")


def test_pods_are_spread_over_a_label_that_no_node_has() -> None:
    spread = {"topologyKey": "topology.kubernetes.io/zome", "maxSkew": 1}
    spread |= {"whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "w"}}}
    some = workload("w", pod={"topologySpreadConstraints": [spread]})
    some[-1]["spec"].pop("nodeName")
    some[-1]["status"] = {"phase": "Pending"}
    assert first(NODES, some) == ("selector-matches-no-node", "Deployment shop/w")
    spread["topologyKey"] = "kubernetes.io/hostname"
    assert first(NODES, some) == ("", ""), "a node takes it"


def policy(name: str, created: str, **spec: Any) -> dict[str, Any]:
    chosen = {"podSelector": {"matchLabels": {"app": "redis"}}, "policyTypes": ["Ingress"]}
    return made("NetworkPolicy", name, metadata={"creationTimestamp": created}, spec=chosen | spec)


def test_the_policy_that_lets_others_through_is_named_and_not_the_one_that_denies_all() -> None:
    ports = [{"port": 8080}]
    other = [{"podSelector": {"matchLabels": {"app": "nobody"}}}]
    near = policy("redis", "2026-01-01T00:00:00Z", ingress=[{"from": other, "ports": ports}])
    all_of_them = policy("deny-all", "2026-10-01T00:00:00Z")
    found = first(
        *(NODES, workload("redis"), service("redis"), workload("web", env=calls("redis"))),
        *(near, all_of_them),
    )
    assert found == ("policy-forbids", "NetworkPolicy shop/redis")


@pytest.mark.parametrize("form", ["yaml", "documents", "lines"])
def test_a_dump_is_read_in_the_forms_that_people_save(form: str, tmp_path: Path) -> None:
    whole = dump(tmp_path / "whole", NODES, workload("cart"))
    objects = read_cluster(whole).seen.objects
    other = tmp_path / "other" / "kube"
    other.mkdir(parents=True)
    raws = [dict(one.raw) for one in objects]
    if form == "lines":
        (other / "all.jsonl").write_text("\n".join(map(json.dumps, raws)))
    elif form == "documents":
        (other / "all.yaml").write_text(yaml.safe_dump_all(raws))
    else:
        text = yaml.safe_dump({"kind": "List", "items": raws}).replace(f"'{AT}'", AT)
        (other / "all.yml").write_text(text)
    (other / "logs.txt").write_text("{no: json")
    again = read_cluster(tmp_path / "other").seen.objects
    assert {one.ref: dict(one.raw) for one in again} == {one.ref: dict(one.raw) for one in objects}


def test_yaml_that_grows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 12))
    file.write_text(bomb)
    with pytest.raises(WarroomError, match="aliases stand for more"):
        read_cluster(tmp_path)
    file.write_text("a: &a [x, *a]\n")
    with pytest.raises(WarroomError, match="within what it stands for"):
        read_cluster(tmp_path)


def test_what_is_written_once_in_yaml_and_meant_twice_is_read(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    one, two = (made("ConfigMap", name, data={"a": "1"}) for name in ("one", "two"))
    two["data"] = one["data"]
    file.write_text(yaml.safe_dump_all([{"kind": "List", "items": [one, two]}]))
    assert "*id" in file.read_text()
    assert len(read_cluster(tmp_path).seen.of("ConfigMap")) == 2
    script = made("ConfigMap", "script", data={"run": "- *is no alias here"})
    file.write_text(yaml.safe_dump(script, default_style="|"))
    assert read_cluster(tmp_path).seen.of("ConfigMap")


def test_an_ingress_that_speaks_tls_to_a_port_that_does_not() -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rules = [{"http": {"paths": [{"path": "/", "backend": backend}]}}]
    annotations = {"annotations": {"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"}}
    ingress = made("Ingress", "web", metadata=annotations, spec={"rules": rules})
    plain, shut = service("web"), service("web")
    plain["spec"]["ports"][0]["name"], shut["spec"]["ports"][0]["name"] = "http", "https"
    assert first(NODES, workload("web"), plain, ingress) == ("ingress-wrong", "Ingress shop/web")
    assert first(NODES, workload("web"), shut, ingress) == ("", "")


def test_a_port_that_is_not_declared_beside_one_that_is() -> None:
    web = workload("web", ports=[{"containerPort": 8080}])
    one = service("web", 80, 9000)
    assert seen(NODES, web, one)[0].sure > 0.75
    one["spec"]["ports"].append({"name": "http", "port": 81, "targetPort": 8080})
    assert seen(NODES, web, one)[0].sure <= 0.5


def thrown_out(one: list[dict[str, Any]], used: str) -> list[dict[str, Any]]:
    """Its pods, as a kubelet ends them whose disk is full."""
    low = "The node was low on resource: ephemeral-storage. Threshold quantity: 7Gi. "
    text = f"{low}Container a was using {used}, request is 0, has larger consumption of it."
    for pod in one[2:]:
        pod["status"] = {"phase": "Failed", "reason": "Evicted", "message": text}
    return one


def test_who_filled_the_disk_goes_before_the_node_and_those_who_went_with_it() -> None:
    small, large = thrown_out(workload("cart"), "48Ki"), thrown_out(workload("export"), "60Gi")
    assert first(NODES, small, large) == ("fills-disks", "Deployment shop/export")
    assert first(NODES, small) == ("node-pressure", "Node n1")


@pytest.mark.parametrize(
    ("resource", "led"), [("nvidia.com/gpu", "Deployment shop/nvidia-plugin"), ("amd.com/gpu", "")]
)
def test_no_device_where_who_registers_those_of_its_maker_is_down(resource: str, led: str) -> None:
    asks = pending(workload("train", resources={"requests": {resource: "1"}}))
    waits = {"state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}}
    socket = {"name": "s", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}
    status = {**well("nvidia-plugin"), "ready": False, **waits}
    plugin = workload("nvidia-plugin", pod={"volumes": [socket]}, status=status)
    found = {f.trouble.cause: f.follows for f in seen(NODES, asks, plugin)}
    assert found["asks-too-much"] == led


def operated(group: str = "db.example.org") -> list[dict[str, Any]]:
    """An operator whose image is missing, with the right to watch a group."""
    waits = {"state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}}
    down = {**well("operator"), "ready": False, **waits}
    some = workload("operator", pod={"serviceAccountName": "maker"}, status=down)
    rules = [{"apiGroups": [group], "resources": ["*"], "verbs": ["get", "watch"]}]
    role = made("ClusterRole", "maker", "", rules=rules)
    subjects = [{"kind": "ServiceAccount", "name": "maker", "namespace": "shop"}]
    to = {"kind": "ClusterRole", "name": "maker"}
    bound = made("ClusterRoleBinding", "maker", "", roleRef=to, subjects=subjects)
    return [*some, role, bound]


@pytest.mark.parametrize(("group", "follows"), [("db.example.org", True), ("istio.io", False)])
def test_what_an_operator_should_have_made_is_not_there_since_that_is_down(
    group: str, follows: bool
) -> None:
    env = [{"name": "DB_HOST", "value": "orders-rw:5432"}]
    volume = {"name": "s", "secret": {"secretName": "orders-login"}}
    stuck = pending(workload("web", env=env, pod={"volumes": [volume]}))
    stuck[-1]["spec"]["nodeName"] = "n1"
    there = [service("web"), made("Secret", "other")]
    resource = made("Cluster", "orders", apiVersion="db.example.org/v1", spec={"instances": 3})
    found = seen(NODES, stuck, there, operated(group), resource)
    led = {f.trouble.cause: f.follows == "Deployment shop/operator" for f in found}
    assert (led["address-wrong"], led["config-missing"]) == (follows, follows)


def test_conditions_that_are_well_when_they_are_so() -> None:
    good = [
        {"type": "NetworkingReady", "status": "True"},
        {"type": "EtcdIsVoter", "status": "True"},
    ]
    one = node("n1")
    one["status"]["conditions"] += good
    assert first([one], workload("cart")) == ("", "")
    good[0]["status"] = "False"
    assert first([one], workload("cart")) == ("node-problem", "Node n1")
