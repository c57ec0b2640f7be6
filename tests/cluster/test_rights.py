"""Who may pull, who may read the API, who may be called: where the object that says so is wrong."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from warroom.cluster.ranking import troubles
from warroom.diagnosis.cluster import read_cluster
from warroom.tests.support.clusters import dump, first, made, node, seen, service, well, workload

NODES = [node("n1"), node("n2")]
ACCOUNT: dict[str, Any] = {"pod": {"serviceAccountName": "maker"}}


def bound(space: str, name: str = "maker", role: str = "making") -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "name": name, "namespace": space}
    ref = {"kind": "ClusterRole", "name": role}
    return made("ClusterRoleBinding", f"{role}-{space}-{name}", "", subjects=[subject], roleRef=ref)


def test_a_binding_that_names_an_account_elsewhere_keeps_claims_waiting() -> None:
    maker = workload("csi-nfs-controller", **ACCOUNT)
    account = made("ServiceAccount", "maker")
    class_ = made("StorageClass", "nfs", "", provisioner="nfs.csi.k8s.io")
    spec = {"storageClassName": "nfs"}
    claim = made("PersistentVolumeClaim", "data", spec=spec, status={"phase": "Pending"})
    taken = made("PersistentVolume", "old", "", spec=spec, status={"phase": "Bound"})
    volume = {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}
    user = workload("cart", pod=volume, status={**well("cart"), "ready": False})
    every = [NODES, maker, account, class_, claim, taken, user]
    found = seen(*every, bound("csi"))
    assert (found[0].trouble.cause, found[0].trouble.object) == (
        "not-allowed",
        "ClusterRoleBinding making-csi-maker",
    )
    assert {f.follows for f in found[1:]} == {"ClusterRoleBinding making-csi-maker"}
    assert first(*every, bound("csi"), bound("shop"))[0] == "not-provisioned", "it has the role"
    assert first(*every, bound("kube-system", "kube-dns"))[0] == "not-provisioned", "of nobody"
    assert first(*every, bound("shop", "makr"))[1] == "ClusterRoleBinding making-shop-makr"


def test_what_a_log_says_again_and_again_that_it_may_not() -> None:
    said = (
        'leases is forbidden: User "system:serviceaccount:shop:maker" cannot list resource'
        ' "leases" in API group "" at the cluster scope\n'
    )
    some = [NODES, workload("operator", **ACCOUNT), bound("shop")]
    often = made("PodLog", "operator-1-0/operator", text=said * 4)
    assert first(*some, often) == ("not-allowed", "ClusterRole making")
    once = made("PodLog", "operator-1-0/operator", text=said + "reconciled\n" * 9)
    assert first(*some, once) == ("", "")


def denied(name: str, **pod: Any) -> list[dict[str, Any]]:
    """A workload whose image its registry does not give."""
    some = workload(name, pod=pod)
    reason = {"reason": "ErrImagePull", "message": "pull access denied: 401 Unauthorized"}
    some[-1]["status"]["containerStatuses"][0] |= {"ready": False, "state": {"waiting": reason}}
    return some


def pull_secret(name: str, host: str) -> dict[str, Any]:
    text = json.dumps({"auths": {host: {"password": "hunter2", "auth": "aHVudGVyMg=="}}})
    held = {".dockerconfigjson": base64.b64encode(text.encode()).decode()}
    return made("Secret", name, data=held, type="kubernetes.io/dockerconfigjson")


@pytest.mark.parametrize(
    ("names", "host", "expected"),
    [
        (["a"], "registry.example.io", "Secret shop/a"),
        (["a", "b"], "registry.example.io", "Secret shop/a"),
        (["a", "b"], "https://registry.example.org/v1/", "Deployment shop/cart"),
        (["a", "b"], "*.example.org", "Deployment shop/cart"),
        (["a"], "registry.example.org", "Secret shop/a"),
        ([], "registry.example.org", "Deployment shop/cart"),
    ],
)
def test_a_pull_secret_is_for_registries(
    tmp_path: Path, names: list[str], host: str, expected: str
) -> None:
    cart = denied("cart", imagePullSecrets=[{"name": name} for name in names])
    fits = pull_secret("b", "registry.example.org")
    state = read_cluster(dump(tmp_path, NODES, cart, pull_secret("a", host), fits))
    (found, *_) = troubles(state.seen)
    assert (found.trouble.cause, found.trouble.object) == ("image-denied", expected)
    assert "hunter2" not in str([one.raw for one in state.seen.objects])
    assert "aHVudGVyMg" not in str([one.raw for one in state.seen.objects])


def test_an_account_that_gives_its_pods_no_pull_secret_any_more() -> None:
    older = workload("web")
    older[-1]["spec"] = {**older[-1]["spec"], "imagePullSecrets": [{"name": "pull"}]}
    found = first(NODES, older, denied("cart"))
    assert found == ("image-denied", "ServiceAccount shop/default")


def policy(**spec: Any) -> dict[str, Any]:
    return made("NetworkPolicy", "out", spec={"podSelector": {}, **spec})


def names() -> list[Any]:
    """The cluster's names, behind another port than they are asked on."""
    ports = [{"name": n, "port": 53, "protocol": p, "targetPort": 5353} for n, p in PROTOCOLS]
    spec = {"selector": {"app": "coredns"}, "ports": ports}
    dns = workload("coredns")
    for one in dns:
        one["metadata"]["namespace"] = "kube-system"
    return [made("Service", "kube-dns", "kube-system", spec=spec), *dns]


PROTOCOLS = [("dns", "UDP"), ("dns-tcp", "TCP")]


@pytest.mark.parametrize(
    ("ports", "cut"),
    [
        ([{"port": 5353, "protocol": "UDP"}], False),
        ([{"port": 5353, "protocol": "TCP"}], True),
        ([{"port": 53, "protocol": "UDP"}], True),
        ([{"protocol": "UDP"}], False),
    ],
)
def test_names_are_asked_by_udp_on_the_port_of_the_pod(
    ports: list[dict[str, Any]], cut: bool
) -> None:
    space = [{"namespaceSelector": {}}]
    out = policy(policyTypes=["Egress"], egress=[{"to": space, "ports": ports}])
    found = first(NODES, workload("cart"), names(), out)
    assert found == (("policy-forbids", "NetworkPolicy shop/out") if cut else ("", ""))


def test_a_policy_that_keeps_ingresses_out() -> None:
    edge = workload("ingress-nginx-controller")
    for one in edge:
        one["metadata"]["namespace"] = "edge"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"http": {"paths": [{"path": "/", "backend": backend}]}}
    ingress = made("Ingress", "web", spec={"rules": [rule]})
    every = [NODES, edge, workload("web"), service("web"), ingress]
    own = policy(policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}]}])
    assert first(*every, own) == ("policy-forbids", "NetworkPolicy shop/out")
    for one in edge:
        one.get("spec", {})["hostNetwork"] = True
    assert first(*every, own) == ("", ""), "it is in no network that policies rule"
