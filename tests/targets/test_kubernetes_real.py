"""The same on a real control plane, with the rights that deploy/kubernetes/ gives and no more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import checked, find, fitting, plan, probe
from warroom.errors import Halfway, KubernetesError, ToolFailed, ToolRetry
from warroom.incident.action import Verdict
from warroom.kube_api import ClusterAccess, api_of, path_of
from warroom.targets.operations import Operations
from warroom.tests.support.cluster_drill import assert_named_undone_verified, responded
from warroom.tests.support.cluster_tape import Recorder
from warroom.tests.support.control_plane import ControlPlane, control_plane
from warroom.tests.support.delivered import (
    AUTOMATED,
    BY_FLUX,
    CONTROLLED,
    NEW,
    OLD,
    TRACKED,
    application,
    definition,
    synced,
)
from warroom.tests.support.http_backends import serving
from warroom.tests.support.real_cluster import RIGHTS, WEB, acting, furnish, settled
from warroom.tests.support.shop_cluster import (
    BEFORE,
    MOVES,
    NAMESPACE,
    NOW,
    ROLL_BACK,
    autoscaler,
    deployment,
    service,
)

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane")) as made:
        furnish(made, NAMESPACE, "other", "argocd")
        yield made


@pytest.fixture
def hands(plane: ControlPlane, tmp_path: Path) -> Iterator[Operations]:
    """With the workload rolled out twice."""
    plane.apply(service())
    for image in (BEFORE, NOW):
        plane.apply(deployment(image))
        plane.eventually(lambda image=image: settled(plane, image))
    yield acting(plane, tmp_path)
    plane.client.delete(WEB, params={"propagationPolicy": "Foreground"}).raise_for_status()
    plane.client.delete(f"/api/v1/namespaces/{NAMESPACE}/services/web")
    replicas = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
    plane.eventually(
        lambda: plane.client.get(WEB).status_code == 404 and not plane.get(replicas)["items"]
    )


def spec(plane: ControlPlane) -> Any:
    leads = plane.get(f"/api/v1/namespaces/{NAMESPACE}/services/web")["spec"]
    closed = [one["spec"].get("unschedulable") for one in plane.get("/api/v1/nodes")["items"]]
    return plane.get(WEB)["spec"], leads, closed


@pytest.mark.parametrize("number", range(len(MOVES)))
def test_it_is_done_as_planned_and_put_back(
    plane: ControlPlane, hands: Operations, number: int
) -> None:
    kind, target, parameters = MOVES[number]
    there, was = hands.inventory(), spec(plane)
    if "now" in parameters:  # with what the API added
        parameters = {**parameters, "now": there.services[target].fields[parameters["object"]]}
    planned = plan(kind, target, parameters, "because", inventory=there)
    token = KEY.set(f"INC-1:execute:{number}")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    assert receipt.changed
    assert spec(plane) != was
    assert probe(hands, planned, KEY.get()) is Probe.done
    KEY.reset(token)
    assert hands.undo(action, receipt.model_dump(mode="json")).changed
    assert spec(plane) == was


def test_what_an_autoscaler_keeps_is_scaled_by_its_bounds(
    plane: ControlPlane, hands: Operations, tmp_path: Path
) -> None:
    """The real one has no measurements here: it keeps to its bounds, and sets back what is not."""
    place = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers/web"
    plane.apply(autoscaler(2, 3))
    with pytest.raises(ToolRetry, match=r"shop/web, 2 to 3 sets web back: set its minReplicas"):
        plan("scale", "web", {"instances": 4}, "because", inventory=hands.inventory())
    acts = acting(plane, tmp_path, autoscalers="act")
    planned = plan("scale", "web", {"instances": 4}, "because", inventory=acts.inventory())
    action = fitting(acts, planned)
    receipt = acts.perform(action)
    assert plane.get(WEB)["spec"]["replicas"] == 4
    assert plane.get(place)["spec"]["maxReplicas"] == 4
    plane.merge(f"{WEB}/scale", {"spec": {"replicas": 3}})  # behind its back
    plane.eventually(lambda: plane.get(WEB)["spec"]["replicas"] == 4)
    acts.undo(action, receipt.model_dump(mode="json"))
    spec = plane.get(place)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 3)
    assert plane.get(WEB)["spec"]["replicas"] == 2
    plane.client.delete(place).raise_for_status()


def test_a_restart_replaces_every_pod(plane: ControlPlane, hands: Operations) -> None:
    def pods() -> set[str]:
        found = plane.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
        return {one["metadata"]["uid"] for one in found}

    before = pods()
    planned = plan("restart", "web", {}, "because", inventory=hands.inventory())
    assert hands.perform(fitting(hands, planned)).changed
    plane.eventually(lambda: not before & pods())
    assert plane.get(WEB)["spec"]["template"]["spec"]["containers"][0]["image"] == NOW


def test_a_roll_out_that_never_ends_is_no_success(
    plane: ControlPlane, hands: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.targets.kubernetes_write.ROLLOUT_S", 3.0)
    missing = "registry.example.org/web:missing"
    planned = plan(
        "patch workload",
        "web",
        {"object": "image of web", "now": NOW, "to": missing},
        "because",
        inventory=hands.inventory(),
    )
    with pytest.raises(Halfway, match="was written, but it is not rolled out after 3 s") as failed:
        hands.perform(fitting(hands, planned))
    assert probe(hands, planned, "") is Probe.cannot_tell
    action = find(planned.kind).parse(planned.target, planned.parameters)
    hands.undo(action, failed.value.receipt.model_dump(mode="json"))
    assert settled(plane, NOW)


def test_what_the_api_refuses_changes_nothing(plane: ControlPlane, hands: Operations) -> None:
    was, there = spec(plane), hands.inventory()
    wrong = {"object": "limits of web", "now": {"memory": "256Mi"}, "to": {"memory": "much"}}
    action = fitting(hands, plan("patch workload", "web", wrong, "because", inventory=there))
    with pytest.raises(ToolFailed, match="422"):
        hands.perform(action)
    assert spec(plane) == was


WIDER = [
    ("GET", path_of("v1", "secrets", NAMESPACE)),
    ("GET", path_of("v1", "pods", "other")),
    ("GET", path_of("apps/v1", "deployments")),
    ("DELETE", path_of("apps/v1", "deployments", NAMESPACE, "web")),
    ("DELETE", path_of("v1", "pods", NAMESPACE, "web")),
    ("DELETE", path_of("v1", "nodes", name="n1")),
    ("POST", path_of("v1", "pods", NAMESPACE)),
    ("POST", path_of("v1", "pods", NAMESPACE, "web", "exec")),
    ("PATCH", path_of("v1", "configmaps", NAMESPACE, "web")),
    ("PATCH", path_of("apps/v1", "deployments", "other", "web")),
    ("PATCH", path_of("rbac.authorization.k8s.io/v1", "roles", NAMESPACE, "warroom-act")),
]


@pytest.mark.parametrize(("method", "path"), WIDER)
def test_a_wider_call_is_refused(plane: ControlPlane, method: str, path: tuple[str, ...]) -> None:
    login = plane.account("warroom", "warroom")
    api = api_of(ClusterAccess(name="prod", kubeconfig=login))
    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
    with pytest.raises(KubernetesError, match="give its account that right") as refused:
        api.send(method, path, {} if method != "GET" else None, content)
    assert refused.value.status == 403


def test_who_may_only_read_is_told_which_right_is_missing(
    plane: ControlPlane, hands: Operations, tmp_path: Path
) -> None:
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    binding = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings/warroom-act"
    plane.client.delete(binding).raise_for_status()

    def refused() -> bool:
        with pytest.raises((ToolFailed, ToolRetry)) as error:
            hands.perform(fitting(hands, planned))
        return 'cannot patch resource "deployments"' in str(error.value)

    plane.eventually(refused)
    assert settled(plane, NOW)
    plane.manifests(RIGHTS / "act.yaml", NAMESPACE)
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    asked = {"namespace": NAMESPACE, "verb": "patch", "group": "apps", "resource": "deployments"}
    api = api_of(ClusterAccess(name="prod", kubeconfig=plane.account("warroom", "warroom")))
    path = path_of("authorization.k8s.io/v1", "selfsubjectaccessreviews")
    body = {**review, "spec": {"resourceAttributes": asked}}
    plane.eventually(lambda: api.send("POST", path, body)["status"]["allowed"])


@pytest.mark.parametrize("marks", [TRACKED, BY_FLUX, CONTROLLED])
def test_what_others_keep_is_left_alone(
    plane: ControlPlane, hands: Operations, marks: dict[str, Any]
) -> None:
    """As the API keeps these marks; a commit is made by git, whatever the cluster is."""
    plane.merge(WEB, {"metadata": marks})
    was, there = spec(plane), hands.inventory()
    with pytest.raises(ToolRetry, match="web is kept by"):
        plan(*ROLL_BACK, "because", inventory=there)
    there.services["web"].owner = ""
    with pytest.raises(ToolFailed, match="nothing was done: web is kept by"):
        hands.perform(checked("scale", "web", {"instances": 3}, there))
    assert spec(plane) == was


def test_who_applies_as_flux_does_is_seen_in_its_fields(
    plane: ControlPlane, hands: Operations
) -> None:
    plane.apply(deployment(NOW), manager="kustomize-controller")
    assert hands.inventory().services["web"].owner == "Flux"


@contextmanager
def syncing(plane: ControlPlane, place: str) -> Iterator[None]:
    """What Argo CD does with an application that is to be synced, as far as we see it."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.2):
            app = plane.get(place)
            if delivered := synced(app):
                plane.merge(place, {"operation": None, "status": app["status"]})
                plane.apply(deployment(delivered, **TRACKED))

    argo = threading.Thread(target=work)
    argo.start()
    yield
    over.set()
    argo.join()


def test_an_application_is_rolled_back_and_follows_again(
    plane: ControlPlane, hands: Operations
) -> None:
    plane.apply(definition())
    place = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
    plane.eventually(lambda: plane.client.get(place).is_success)
    plane.apply(application())
    plane.manifests(RIGHTS / "applications.yaml", "argocd")
    plane.merge(WEB, {"metadata": TRACKED})
    plane.eventually(lambda: hands.inventory().services["web"].instead)
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    token = KEY.set("INC-1:execute:argo")
    action = fitting(hands, planned)
    with syncing(plane, f"{place}/shop"):
        receipt = hands.perform(action)
        assert probe(hands, planned, KEY.get()) is Probe.done
        assert not hands.perform(action).changed
        KEY.reset(token)
        now = plane.get(f"{place}/shop")
        assert now["status"]["history"][-1]["revision"] == OLD
        assert "automated" not in now["spec"]["syncPolicy"]
        hands.undo(action, receipt.model_dump(mode="json"))
    now = plane.get(f"{place}/shop")
    assert now["status"]["history"][-1]["revision"] == NEW
    assert now["spec"]["syncPolicy"]["automated"] == AUTOMATED
    assert settled(plane, NOW)


def test_a_roll_out_that_goes_wrong_is_named_undone_and_verified(
    plane: ControlPlane, hands: Operations, tmp_path: Path
) -> None:
    """Its answers are the tape of test_kubernetes_drill.py."""
    plane.client.delete(f"/api/v1/namespaces/{NAMESPACE}/events").raise_for_status()
    missing = deployment("registry.example.org/web:missing")
    first = deployment(BEFORE)
    for one in (first, missing):
        one["spec"]["progressDeadlineSeconds"] = 5
    plane.apply(first)
    plane.eventually(lambda: settled(plane, BEFORE))
    plane.apply(missing)
    plane.eventually(
        lambda: (
            "ProgressDeadlineExceeded"
            in [one.get("reason") for one in plane.get(WEB)["status"]["conditions"]]
        )
    )
    with serving(Recorder(plane.where, plane.token("warroom", "warroom"))) as recorder:
        assert isinstance(recorder, Recorder)
        cluster = {"name": "prod", "url": recorder.where, "namespaces": [NAMESPACE], "mode": "act"}
        document = responded(tmp_path, cluster, Verdict.approved)
        recorder.keep()
    assert_named_undone_verified(document)
    assert settled(plane, BEFORE), plane.get(WEB)
