"""StatefulSets, DaemonSets and CronJobs are changed and put back, and what would exchange no pod is
refused. The same on a real control plane: test_kubernetes_sets_real.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import checked, fitting, plan, probe
from warroom.errors import Halfway, ToolRetry
from warroom.targets.operations import Operations
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import system
from warroom.tests.support.http_backends import serving
from warroom.tests.support.shop_cluster import NAMESPACE
from warroom.tests.support.shop_sets import MOVES, NEW, OLD, agent, database, report


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    with serving(ClusterApi()) as made:
        assert isinstance(made, ClusterApi)
        made.add("statefulsets", database())
        made.add("daemonsets", agent())
        made.add("cronjobs", report())
        for what, name in (("statefulsets", "db"), ("daemonsets", "agent")):
            made.change(what, NAMESPACE, name, released)
        yield made


def released(made: Any) -> None:
    made["spec"]["template"]["spec"]["containers"][0]["image"] = NEW


def specs(api: ClusterApi) -> str:
    whats = ("statefulsets", "daemonsets", "cronjobs")
    return json.dumps([one["spec"] for key, one in api.objects.items() if key[0] in whats])


@pytest.mark.parametrize("move", MOVES)
def test_it_is_done_as_planned_and_put_back(tmp_path: Path, api: ClusterApi, move: Any) -> None:
    hands, was = system(tmp_path, api), specs(api)
    kind, target, parameters = move
    planned = plan(kind, target, parameters, "because", inventory=hands.inventory())
    token = KEY.set("INC-1:execute:abc")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    KEY.reset(token)
    assert receipt.changed and specs(api) != was
    assert probe(hands, planned, "INC-1:execute:abc") is Probe.done
    assert probe(hands, planned, "INC-2:execute:abc") is Probe.done
    assert not hands.perform(action).changed
    hands.undo(action, receipt.model_dump(mode="json"))
    assert json.loads(specs(api)) == json.loads(was)


@pytest.mark.parametrize("name", ["db", "agent"])
def test_a_restart_is_a_new_template_of_the_same_version(
    tmp_path: Path, api: ClusterApi, name: str
) -> None:
    hands = system(tmp_path, api)
    assert hands.perform(checked("restart", name, {}, hands.inventory())).changed
    assert hands.inventory().services[name].version.startswith(NEW)


@pytest.mark.parametrize(
    ("strategy", "why"),
    [
        ({"type": "OnDelete"}, "type OnDelete"),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, "partition 2"),
    ],
)
def test_what_exchanges_no_pod_is_refused_with_what_would(
    tmp_path: Path, api: ClusterApi, strategy: Any, why: str
) -> None:
    def held(made: Any) -> None:
        made["spec"]["updateStrategy"] = strategy

    api.change("statefulsets", NAMESPACE, "db", held)
    there = system(tmp_path, api).inventory()
    said = rf"pods as they are \({why}\): set its updateStrategy .`kubectl edit -n shop stateful"
    for kind, target, parameters in [*MOVES[:3], ("restart", "db", {})]:
        with pytest.raises(ToolRetry, match=said):
            plan(kind, target, parameters, "because", inventory=there)
    checked("scale", "db", {"instances": 4}, there)


def test_a_broken_pod_is_not_replaced_and_that_is_said(
    tmp_path: Path, api: ClusterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.targets.kubernetes_write.ROLLOUT_S", 0.2)
    hands = system(tmp_path, api)
    api.stuck = True
    roll_back = plan("roll back", "db", {"to_version": OLD}, "because", inventory=hands.inventory())
    with pytest.raises(Halfway, match=r"waits for a pod that is broken .* delete that by hand"):
        hands.perform(fitting(hands, roll_back))


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("restart", {}, "no instance of ours to restart"),
        ("scale", {"instances": 2}, "room for 0 instances"),
        ("roll back", {"to_version": OLD}, "known: none"),
        (
            "patch workload",
            {"object": "image of x", "now": OLD, "to": NEW},
            "known: suspended",
        ),
    ],
)
def test_a_job_is_not_run_again(
    tmp_path: Path, api: ClusterApi, kind: str, parameters: Any, said: str
) -> None:
    hands: Operations = system(tmp_path, api)
    with pytest.raises(ToolRetry, match=said):
        plan(kind, "cronjob report", parameters, "because", inventory=hands.inventory())
