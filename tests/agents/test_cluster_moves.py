"""What a cluster shows to be wrong is met on the object that it names."""

import json
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.inventory import Canary, Inventory, Part
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.remedies import propose
from warroom.agents.debugger import investigate
from warroom.agents.steps import INVESTIGATE
from warroom.cluster.revisions import HASH
from warroom.incident.action import ActionPlan
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.clusters import (
    dump,
    event,
    made,
    node,
    owned,
    pending,
    service,
    well,
    workload,
)
from warroom.tests.support.specialists import case_on


def plans_for(folder: Path, inventory: Inventory, *objects: Any) -> list[ActionPlan]:
    """The plans, where nothing but the cluster is seen."""
    with BundleWriter(folder / "bundle") as writer:
        if objects:
            dump(folder / "bundle" / "kubernetes", *objects)
        survey = {"inventory": inventory.model_dump(mode="json"), "differences": {}}
        (writer.root / "survey.json").write_text(json.dumps(survey))
    case = case_on(folder / "bundle", folder / "home", step=INVESTIGATE, service="cart")
    plans, _ = propose(Observations(case), investigate(case).hypotheses)
    return plans


def planned(folder: Path, inventory: Inventory, *objects: Any) -> list[str]:
    """Their titles."""
    return [plan.title for plan in plans_for(folder, inventory, *objects)]


def broken(name: str) -> dict[str, Any]:
    """A node whose kubelet is silent."""
    made = node(name)
    made["status"]["conditions"] = [
        {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    ]
    return made


@pytest.mark.parametrize(
    ("there", "closed", "title"),
    [
        (node("n1", unschedulable=True), True, "uncordon node n1"),
        (broken("n1"), False, "cordon node n1"),
    ],
)
def test_a_node_is_opened_or_closed(
    tmp_path: Path, there: dict[str, Any], closed: bool, title: str
) -> None:
    inventory = Inventory(services={"cart": Part(instances=["cart 1"])}, nodes={"n1": closed})
    assert title in planned(tmp_path, inventory, there, pending(workload("cart")))


def test_one_that_is_closed_already_is_left(tmp_path: Path) -> None:
    inventory = Inventory(services={"cart": Part(instances=["cart 1"])}, nodes={"n1": True})
    assert "cordon node n1" not in planned(
        tmp_path, inventory, broken("n1"), pending(workload("cart"))
    )


def part(name: str, **more: Any) -> Part:
    """A workload of the inventory."""
    fields = {"limits of cart": None, "image of cart": "cart:v2", "selector": {"app": name}}
    ours = {"instances": [f"{name} 1"], "spares": [f"{name} {n}" for n in range(2, 9)]}
    objects = [f"Deployment shop/{name} in prod", f"Service shop/{name} in prod"]
    return Part.model_validate({**ours, "fields": fields, "objects": objects, **more})


def patches(folder: Path, there: Part, *objects: Any) -> list[tuple[str, Any]]:
    """(field, what it shall become) of the plans that set one."""
    plans = plans_for(folder, Inventory(services={"cart": there}), *objects)
    sets = (p.parameters for p in plans if "to" in p.parameters)
    return [(str(one["object"]), one["to"]) for one in sets]


def ended(memory: str) -> list[dict[str, Any]]:
    """A workload killed at its limit."""
    over = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-30T10:00:00Z"}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "cart", "ready": False, "restartCount": 6, "state": waiting}
    status |= {"lastState": {"terminated": over}}
    return workload("cart", status=status, resources={"limits": {"memory": memory}})


QUOTA = made(
    "ResourceQuota",
    "all",
    status={"hard": {"limits.memory": "600Mi"}, "used": {"limits.memory": "400Mi"}},
)
RANGE = made(
    "LimitRange", "all", spec={"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}
)


@pytest.mark.parametrize(
    ("memory", "before", "more", "wanted"),
    [
        ("256Mi", {}, [], [("limits of cart", {"memory": "384Mi"})]),
        ("256Mi", {"memory": "512Mi"}, [], [("limits of cart", {"memory": "512Mi"})]),
        ("256Mi", {"memory": "128Mi"}, [], [("limits of cart", {"memory": "384Mi"})]),
        ("256Mi", {}, [QUOTA], []),  # its two would take 256Mi more than there is
        ("50Mi", {}, [QUOTA], [("limits of cart", {"memory": "75Mi"})]),
        ("900Mi", {}, [RANGE], []),
        ("6Gi", {}, [], []),  # no node has 9Gi
    ],
)
def test_a_limit_is_put_back_or_raised_as_far_as_node_and_quota_take_it(
    tmp_path: Path, memory: str, before: Any, more: list[Any], wanted: Any
) -> None:
    there = part("cart", fields={"limits of cart": {"memory": memory}})
    there.before = {"limits of cart": before} if before else {}
    assert patches(tmp_path, there, node("n1"), ended(memory), *more) == wanted


def test_a_limit_is_not_raised_where_no_node_was_read(tmp_path: Path) -> None:
    there = part("cart", fields={"limits of cart": {"memory": "256Mi"}})
    assert patches(tmp_path, there, ended("256Mi")) == []


PROBE = {"httpGet": {"path": "/ready", "port": 9090}, "periodSeconds": 5}
PORT = {"containerPort": 8080}


@pytest.mark.parametrize(
    ("ports", "before", "wanted"),
    [
        ([PORT], {}, {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5}),
        ([PORT, {"containerPort": 8081}], {}, None),  # which of them, nobody says
        ([PORT], {"tcpSocket": {"port": 8080}}, {"tcpSocket": {"port": 8080}}),
    ],
)
def test_a_probe_is_as_before_or_asks_the_one_declared_port(
    tmp_path: Path, ports: list[Any], before: Any, wanted: Any
) -> None:
    status = {**well("cart"), "ready": False}
    cart = workload("cart", ports=ports, readinessProbe=PROBE, status=status)
    failed = event(cart[-1], "Unhealthy", "Readiness probe failed: connect: connection refused")
    name = "readiness probe of cart"
    there = part("cart", fields={name: PROBE}, before={name: before} if before else {})
    found = patches(tmp_path, there, node("n1"), cart, failed)
    assert found == ([(name, wanted)] if wanted else [])


@pytest.mark.parametrize(
    ("selector", "others", "wanted"),
    [
        ({"app": "crt"}, [], {"app": "cart"}),
        ({"track": "cart"}, [], {"app": "cart"}),
        ({"app": "crt"}, [workload("cart-canary")], {"app": "cart"}),
        ({"app": "crt"}, ["twin"], None),  # it would select pods of both
    ],
)
def test_a_service_selects_the_pods_of_the_one_workload_that_it_means(
    tmp_path: Path, selector: dict[str, str], others: list[Any], wanted: Any
) -> None:
    twin = workload("twin")
    twin[0]["spec"]["template"]["metadata"]["labels"] = {"app": "cart"}
    others = [twin if one == "twin" else one for one in others]
    there = part("cart", fields={"selector": selector})
    objects = [node("n1"), workload("cart"), service("cart", **selector), *others]
    found = patches(tmp_path, there, *objects)
    assert found == ([("selector", wanted)] if wanted else [])


def test_what_was_scaled_to_nothing_has_as_many_as_before(tmp_path: Path) -> None:
    cart = workload("cart", replicas=0)
    caller = workload("web", env=[{"name": "CART_URL", "value": "http://cart:80"}])
    there = Inventory(services={"cart": part("cart", instances=[])})
    objects = [node("n1"), cart, caller, service("cart")]
    assert planned(tmp_path / "a", there, *objects) == []
    told = event(cart[0], "ScalingReplicaSet", "Scaled down replica set cart-1 from 3 to 0")
    assert planned(tmp_path / "b", there, *objects, told) == ["scale cart (instances=3)"]


def capped(now: int | None) -> dict[str, Any]:
    """An autoscaler at its maximum that aims at 50%."""
    full = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
    target = {"kind": "Deployment", "name": "cart"}
    aim = {"name": "cpu", "target": {"averageUtilization": 50}}
    measured = {"name": "cpu", "current": {"averageUtilization": now}}
    return made(
        "HorizontalPodAutoscaler",
        "cart",
        spec={"scaleTargetRef": target, "maxReplicas": 2, "metrics": [{"resource": aim}]},
        status={"conditions": [full], "currentMetrics": [{"resource": measured}]},
    )


@pytest.mark.parametrize(("now", "wanted"), [(120, [5]), (40, []), (None, [])])
def test_an_autoscaler_at_its_maximum_gets_what_it_wants(
    tmp_path: Path, now: int | None, wanted: list[int]
) -> None:
    there = part("cart", instances=["cart 1", "cart 2"])
    plans = plans_for(
        tmp_path,
        Inventory(services={"cart": there}),
        *(node("n1"), workload("cart", replicas=2), service("cart"), capped(now)),
    )
    ours = [p for p in plans if p.kind == "scale" and "autoscaler" in p.rationale]
    assert [p.parameters["instances"] for p in ours] == wanted


def test_what_is_paused_is_resumed(tmp_path: Path) -> None:
    cart = workload("cart")
    cart[0]["spec"]["paused"] = True
    there = part("cart", fields={"paused": True})
    assert patches(tmp_path, there, node("n1"), cart, service("cart")) == [("paused", False)]


def test_of_two_workloads_of_one_name_neither_is_taken(tmp_path: Path) -> None:
    """A dump does not say which cluster it is of."""
    two = {"prod/shop/cart": part("cart", fields={"limits of cart": {"memory": "256Mi"}})}
    two["stage/shop/cart"] = two["prod/shop/cart"].model_copy(
        update={"objects": ["Deployment shop/cart in stage"]}
    )
    plans = plans_for(tmp_path, Inventory(services=two), node("n1"), ended("256Mi"))
    assert plans == []


def recorded(cluster: str, at: float, *objects: Any) -> str:
    """As a live cluster is kept."""
    rows = [
        {
            **{"at": at, "kind": one["kind"], "name": one["metadata"]["name"]},
            **{"namespace": one["metadata"].get("namespace", "")},
            **{"service": "", "cluster": cluster, "object": one},
        }
        for one in objects
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


@pytest.mark.parametrize(
    ("nodes", "titles"),
    [
        ({"n1 in prod": True, "n1 in stage": True}, ["uncordon node n1 in prod"]),
        ({"n1": True}, []),  # which of them that is, nobody says
    ],
)
def test_of_two_clusters_the_node_of_the_right_one_is_opened(
    tmp_path: Path, nodes: dict[str, bool], titles: list[str]
) -> None:
    folder = dump(tmp_path / "bundle" / "kubernetes")
    (folder / "objects.json").unlink()
    ours = recorded("prod", 1.0, node("n1", unschedulable=True), *pending(workload("cart")))
    (folder / "recorded.json").write_text(ours + recorded("stage", 2.0, node("n1")))
    assert planned(tmp_path, Inventory(nodes=nodes)) == titles


def released() -> list[dict[str, Any]]:
    """A Rollout of cart that waits for days at the first of its stops, both versions well."""
    deployment, replica, *pods = workload("cart", replicas=2)
    steps: list[Any] = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]
    since = [{"reason": "CanaryPauseStep", "startTime": "2026-11-27T08:00:00Z"}]
    status = {"stableRS": "a", "currentPodHash": "b", "currentStepIndex": 1, "phase": "Paused"}
    spec = {**deployment["spec"], "strategy": {"canary": {"steps": steps}}}
    rollout = made("Rollout", "cart", spec=spec, status={**status, "pauseConditions": since})
    replica["metadata"] |= owned(rollout)
    for pod, version in zip(pods, "ab", strict=True):
        pod["metadata"]["labels"] = {"app": "cart", HASH: version}
    return [rollout, replica, *pods]


ON = ("step canary", {"version": "cart:v2", "weight": 25, "stages": [50, 100]})
BACK = ("roll back", {"to_version": "cart:v1"})


@pytest.mark.parametrize(
    ("stops", "failed", "wanted"), [([50, 100], False, [ON]), ([], False, []), ([50], True, [BACK])]
)
def test_a_release_that_waits_is_let_go_on_where_it_is_well_else_given_up(
    tmp_path: Path, stops: list[int], failed: bool, wanted: list[Any]
) -> None:
    canary = Canary(version="cart:v2", stable="cart:v1", weight=25, waits=stops)
    runs = {"version": "cart:v2", "versions": ["cart:v1", "cart:v2"]}
    there = part("cart", canary=canary, objects=["Rollout shop/cart in prod"], **runs)
    objects = released()
    about = {**owned(objects[0]), "labels": {HASH: "b"}}
    if failed:
        objects += [made("AnalysisRun", "cart-2", metadata=about, status={"phase": "Failed"})]
    plans = plans_for(tmp_path, Inventory(services={"cart": there}), node("n1"), objects)
    assert [(one.kind, one.parameters) for one in plans] == wanted
