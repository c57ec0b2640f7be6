"""What an autoscaler keeps is scaled by its bounds, where that is allowed, and else not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.catalogue import checked, fitting, plan, probe
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import shop, system
from warroom.tests.support.http_backends import serving
from warroom.tests.support.shop_cluster import NAMESPACE, autoscaler

BY_KEDA: dict[str, Any] = {
    "ownerReferences": [
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "name": "web",
            "controller": True,
        }
    ]
}
BY_ARGO: dict[str, Any] = {"labels": {"argocd.argoproj.io/instance": "shop"}}


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    with serving(ClusterApi()) as made:
        assert isinstance(made, ClusterApi)
        shop(made)
        yield made


def state(api: ClusterApi, what: str = "horizontalpodautoscalers") -> tuple[Any, ...]:
    """(replicas, the bounds)"""
    spec = api.objects[what, NAMESPACE, "web"]["spec"]
    names = ("minReplicas", "maxReplicas", "minReplicaCount", "maxReplicaCount")
    bounds = {name: spec[name] for name in names if name in spec}
    return api.objects["deployments", NAMESPACE, "web"]["spec"]["replicas"], bounds


def test_what_it_keeps_is_not_scaled_and_what_would_work_is_said(
    tmp_path: Path, api: ClusterApi
) -> None:
    api.add("horizontalpodautoscalers", autoscaler())
    hands = system(tmp_path, api)
    there = hands.inventory()
    said = r"shop/web, 2 to 5 sets web back: set its minReplicas .*`kubectl edit -n shop .*/web`"
    with pytest.raises(ToolRetry, match=f"{said}.*`autoscalers: act`"):
        checked("scale", "web", {"instances": 4}, there)
    there.services["web"].unscaled = ""
    with pytest.raises(ToolFailed, match=r"nothing was done: .* 2 to 5 sets it back"):
        hands.perform(checked("scale", "web", {"instances": 4}, there))
    assert not api.patches()


@pytest.mark.parametrize(
    ("bounds", "wanted", "after"),
    [((2, 5), 4, (4, 5)), ((2, 2), 6, (6, 6)), ((2, 5), 1, (1, 1)), ((1, 9), 1, (1, 1))],
)
def test_its_bounds_are_set_and_put_back(
    tmp_path: Path, api: ClusterApi, bounds: Any, wanted: int, after: Any
) -> None:
    api.add("horizontalpodautoscalers", autoscaler(*bounds))
    hands, was = system(tmp_path, api, autoscalers="act"), state(api)
    planned = plan("scale", "web", {"instances": wanted}, "because", inventory=hands.inventory())
    assert f"shop/web, {bounds[0]} to {bounds[1]}" in str(planned.found["autoscaler"])
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    assert receipt.changed
    names = ("minReplicas", "maxReplicas")
    assert state(api) == (wanted, dict(zip(names, after, strict=True)))
    assert probe(hands, planned, "") is Probe.done
    assert not hands.perform(action).changed
    hands.undo(action, receipt.model_dump(mode="json"))
    assert state(api) == was


def test_bounds_that_somebody_set_meanwhile_end_it(tmp_path: Path, api: ClusterApi) -> None:
    api.add("horizontalpodautoscalers", autoscaler())
    hands = system(tmp_path, api, autoscalers="act")
    planned = plan("scale", "web", {"instances": 4}, "because", inventory=hands.inventory())

    def others(made: Any) -> None:
        made["spec"]["maxReplicas"] = 9

    api.change("horizontalpodautoscalers", NAMESPACE, "web", others)
    with pytest.raises(ToolRetry, match=r"2 to 5, which this sets .*; it is .*2 to 9, which"):
        fitting(hands, planned)


def test_bounds_alone_are_half_of_it(tmp_path: Path, api: ClusterApi) -> None:
    """Who scales dies, or is refused, between the two writes."""
    api.add("horizontalpodautoscalers", autoscaler())
    hands = system(tmp_path, api, autoscalers="act")
    planned = plan("scale", "web", {"instances": 5}, "because", inventory=hands.inventory())
    api._autoscaled = lambda: None  # it looks every 15 s
    api.before = lambda question: (
        api.forbidden.add("deployments") if question.path.endswith("/scale") else None
    )
    action = fitting(hands, planned)
    with pytest.raises(Halfway, match=r"bounds of .* shop/web were set, but: prod refuses") as half:
        hands.perform(action)
    api.before = lambda _: None
    api.forbidden.clear()
    assert probe(hands, planned, "") is Probe.cannot_tell
    hands.undo(action, half.value.receipt.model_dump(mode="json"))
    assert state(api) == (2, {"minReplicas": 2, "maxReplicas": 5})


def test_of_keda_the_object_behind_it_is_set(tmp_path: Path, api: ClusterApi) -> None:
    api.add("horizontalpodautoscalers", autoscaler(**BY_KEDA))
    hands = system(tmp_path, api, autoscalers="act")
    with pytest.raises(ToolRetry, match="ScaledObject shop/web keeps it: set its minReplicas"):
        checked("scale", "web", {"instances": 4}, hands.inventory())
    about = {"name": "web", "namespace": NAMESPACE}
    api.add("scaledobjects", {"metadata": about, "spec": {"maxReplicaCount": 5}})
    was = state(api, "scaledobjects")
    action = checked("scale", "web", {"instances": 4}, hands.inventory())
    receipt = hands.perform(action)
    bounds = {"minReplicaCount": 4, "maxReplicaCount": 5}
    assert state(api, "scaledobjects") == (4, bounds)
    hands.undo(action, receipt.model_dump(mode="json"))
    assert state(api, "scaledobjects") == was


def test_what_is_delivered_is_changed_where_it_is_written(tmp_path: Path, api: ClusterApi) -> None:
    api.add("horizontalpodautoscalers", autoscaler(**BY_ARGO))
    with pytest.raises(ToolRetry, match="Argo CD application shop keeps it: set its minReplicas"):
        checked("scale", "web", {"instances": 4}, system(tmp_path, api).inventory())


def test_one_of_somebody_else_and_one_of_none_keep_nothing(tmp_path: Path, api: ClusterApi) -> None:
    other = autoscaler()
    other["spec"]["scaleTargetRef"]["kind"] = "StatefulSet"
    api.add("horizontalpodautoscalers", other)
    checked("scale", "web", {"instances": 4}, system(tmp_path, api).inventory())
    api.objects.pop(("horizontalpodautoscalers", NAMESPACE, "web"))
    api.add("horizontalpodautoscalers", autoscaler())

    def away(made: Any) -> None:
        made["spec"]["replicas"] = 0

    api.change("deployments", NAMESPACE, "web", away)
    checked("scale", "web", {"instances": 2}, system(tmp_path, api).inventory())
