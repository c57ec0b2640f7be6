"""Workloads and nodes are changed by what was decided, only while it still fits, and put back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY, Activated, RolledOut
from warroom.actions.catalogue import checked, fitting, plan, probe
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.incident.action import ActionPlan
from warroom.targets.operations import Operations
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import release, shop, specs, system
from warroom.tests.support.http_backends import serving
from warroom.tests.support.shop_cluster import (
    BEFORE,
    LIMITS,
    MOVES,
    NAMESPACE,
    NOW,
    ROLL_BACK,
    deployment,
)


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    with serving(ClusterApi()) as made:
        assert isinstance(made, ClusterApi)
        shop(made)
        yield made


def made(hands: Operations, move: tuple[str, str, dict]) -> ActionPlan:
    return plan(*move, "because", inventory=hands.inventory())


@pytest.mark.parametrize("move", MOVES)
def test_it_is_done_as_planned_and_put_back(tmp_path: Path, api: ClusterApi, move) -> None:
    hands, was = system(tmp_path, api), specs(api)
    planned = made(hands, move)
    token = KEY.set("INC-1:execute:abc")
    action = fitting(hands, planned)
    receipt = hands.perform(action)
    KEY.reset(token)
    assert receipt.changed
    assert specs(api) != was
    assert probe(hands, planned, "INC-1:execute:abc") is Probe.done
    assert probe(hands, planned, "INC-2:execute:abc") is Probe.done
    again = hands.perform(action)
    assert not again.changed
    hands.undo(action, receipt.model_dump(mode="json"))
    assert json.loads(specs(api)) == json.loads(was)
    dry = [q for q in api.asked if "dryRun=All" in q.raw]
    assert len(dry) == len(api.patches()) == 2
    assert all("fieldManager=warroom" in q.raw for q in api.patches())


def test_a_restart_replaces_the_pods_of_the_same_version(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    token = KEY.set("INC-1:execute:abc")
    assert hands.perform(fitting(hands, made(hands, ("restart", "web", {})))).changed
    KEY.reset(token)
    template = api.objects["deployments", NAMESPACE, "web"]["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    assert template["spec"]["containers"][0]["image"] == NOW
    assert hands.knows("INC-1:execute:abc")
    part = hands.inventory().services["web"]
    assert part.version == f"{NOW} (web-h3)"
    assert part.previous == BEFORE


def test_what_was_rolled_back_from_is_not_the_version_before(
    tmp_path: Path, api: ClusterApi
) -> None:
    hands = system(tmp_path, api)
    part = hands.inventory().services["web"]
    assert (part.version, part.previous, part.versions) == (NOW, BEFORE, [BEFORE, NOW])
    hands.perform(checked(*ROLL_BACK, hands.inventory()))
    part = hands.inventory().services["web"]
    assert (part.version, part.previous, part.versions) == (BEFORE, "", [NOW, BEFORE])
    release(api, "registry.example.org/web:v3")
    assert hands.inventory().services["web"].previous == BEFORE


def test_what_is_otherwise_by_now_is_left_alone(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    planned = made(hands, ROLL_BACK)
    release(api, "registry.example.org/web:v3")
    with pytest.raises(ToolRetry, match=r"was decided for version .*v2; it is .*v3 by now"):
        fitting(hands, planned)
    assert not api.patches()


def test_what_changes_between_the_look_and_the_patch_wins(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    action = fitting(hands, made(hands, ROLL_BACK))

    def overtake(question: Any) -> None:
        if question.method == "PATCH":
            api.before = lambda _: None
            release(api, "registry.example.org/web:v3")

    api.before = overtake
    with pytest.raises(ToolFailed, match="another version meanwhile: nothing was done"):
        hands.perform(action)
    assert not api.patches()


def test_a_change_of_status_alone_does_not_keep_it_from_acting(
    tmp_path: Path, api: ClusterApi
) -> None:
    hands = system(tmp_path, api)
    action = fitting(hands, made(hands, ROLL_BACK))
    turns = iter(range(3))

    def ticks(question: Any) -> None:
        if question.method == "PATCH" and next(turns, None) is not None:
            about = api.objects["deployments", NAMESPACE, "web"]["metadata"]
            about["resourceVersion"] = str(next(api.numbers))

    api.before = ticks
    assert hands.perform(action).changed


def test_a_rollout_that_fails_is_not_called_done(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    api.stuck = True
    planned = made(hands, ROLL_BACK)
    token = KEY.set("INC-1:execute:abc")
    with pytest.raises(Halfway, match="was written, but web ProgressDeadlineExceeded") as failed:
        hands.perform(fitting(hands, planned))
    KEY.reset(token)
    assert isinstance(failed.value.receipt, RolledOut)
    assert failed.value.receipt.before == NOW
    assert probe(hands, planned, "INC-1:execute:abc") is Probe.cannot_tell


def test_one_that_does_not_end_is_left_after_a_while(
    tmp_path: Path, api: ClusterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.targets.kubernetes_write.ROLLOUT_S", 0.2)
    monkeypatch.setattr("warroom.targets.kubernetes_write.POLL_S", 0.05)
    hands = system(tmp_path, api)
    monkeypatch.setattr(api, "_controlled", lambda *_: None)
    with pytest.raises(Halfway, match=r"after 0.2 s: its controller has not seen") as failed:
        hands.perform(checked("scale", "web", {"instances": 3}, hands.inventory()))
    assert isinstance(failed.value.receipt, Activated)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_never_comes_is_looked_for(
    tmp_path: Path, api: ClusterApi, when: str
) -> None:
    """The connection ends before the patch is applied, or once it is."""
    hands = system(tmp_path, api)
    action = fitting(hands, made(hands, ROLL_BACK))

    def breaks(question: Any) -> None:
        if question.method == "PATCH" and "dryRun" not in question.raw:
            setattr(api, when, lambda _: None)
            raise ConnectionAbortedError

    setattr(api, when, breaks)
    if when == "after":
        assert hands.perform(action).changed
        return
    with pytest.raises(Halfway, match="whether it was done is not known") as failed:
        hands.perform(action)
    assert failed.value.receipt.before == NOW


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (
            "read",
            "not offered here, only: nothing; cluster prod is in mode read: write `mode: act`",
        ),
        (
            "propose",
            "in mode propose: .* by hand: kubectl rollout undo -n shop deployment/web --to-rev",
        ),
    ],
)
def test_the_door(tmp_path: Path, api: ClusterApi, mode: str, said: str) -> None:
    hands = system(tmp_path, api, mode)
    with pytest.raises((ToolRetry, ToolFailed), match=said):
        hands.perform(checked(*ROLL_BACK, hands.inventory()))
    if mode == "read":
        with pytest.raises(ToolFailed, match="mode: act"):
            hands.perform(
                checked(*ROLL_BACK, hands.inventory().model_copy(update={"offered": None}))
            )
    assert not api.patches()


def test_the_right_that_is_missing_is_named(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    api.forbidden = {"deployments"}
    with pytest.raises(ToolFailed, match=r'cannot list resource "deployments"'):
        hands.inventory()
    api.forbidden = {"nodes"}
    assert "cordon node" not in (hands.inventory().offered or ())


def test_a_login_that_is_gone_is_told_as_any_failure(tmp_path: Path) -> None:
    gone = {"name": "prod", "kubeconfig": str(tmp_path / "none"), "mode": "act"}
    (tmp_path / "operations.json").write_text(json.dumps({"kubernetes": [gone]}))
    with pytest.raises(ToolFailed, match=r"kubernetes prod: .*get-contexts"):
        Operations.load(tmp_path / "operations.json").inventory()


def test_names_that_are_there_twice_are_written_out(tmp_path: Path, api: ClusterApi) -> None:
    other = deployment()
    other["metadata"]["name"] = "web-canary"
    api.add("deployments", other)
    assert set(system(tmp_path, api).inventory().services) == {
        "prod/shop/web",
        "prod/shop/web-canary",
    }


def test_two_clusters_are_told_apart(tmp_path: Path, api: ClusterApi) -> None:
    with serving(ClusterApi()) as stage:
        assert isinstance(stage, ClusterApi)
        shop(stage)
        more = {"namespaces": [NAMESPACE], "mode": "act"}
        both = [{"name": "prod", "url": api.where, **more}]
        both += [{"name": "stage", "url": stage.where, **more}]
        (tmp_path / "operations.json").write_text(json.dumps({"kubernetes": both}))
        hands = Operations.load(tmp_path / "operations.json")
        there = hands.inventory()
        assert set(there.services) == {"prod/shop/web", "stage/shop/web"}
        assert there.services["stage/shop/web"].is_of("Deployment shop/web in stage")
        assert not there.services["stage/shop/web"].is_of("Deployment shop/web in prod")
        hands.perform(checked("cordon node", "n1 in stage", {}, there))
        assert hands.inventory().nodes["n1 in stage"] and not hands.inventory().nodes["n1 in prod"]
        assert stage.patches() and not api.patches()


def test_the_version_before_says_which_fields_were_otherwise(
    tmp_path: Path, api: ClusterApi
) -> None:
    def smaller(made: Any) -> None:
        container = made["spec"]["template"]["spec"]["containers"][0]
        container["resources"] = {"limits": {"memory": "64Mi"}}

    api.change("deployments", NAMESPACE, "web", smaller)
    part = system(tmp_path, api).inventory().services["web"]
    assert part.before == {"limits of web": {"memory": "256Mi"}}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"object": "limits of web", "now": None, "to": {"cpu": "1"}}, '"256Mi"} now'),
        ({**LIMITS, "to": {"gpu": 1}}, "known: cpu, ephemeral-storage, memory"),
        ({**LIMITS, "to": LIMITS["now"]}, "another value"),
        ({"object": "image of web", "now": NOW, "to": None}, "one that can be set"),
        (
            {"object": "image of web", "now": NOW, "to": "elsewhere.example.org/web:v1"},
            "another repository",
        ),
        ({"object": "selector", "now": {"app": "web"}, "to": {}}, "one that can be set"),
        ({"object": "command of web", "now": None, "to": ["sh"]}, "known: image of web"),
        ({"object": "liveness probe of web", "now": None, "to": "{no"}, "no JSON"),
        (
            {"object": "liveness probe of web", "now": None, "to": {"exec": {"command": ["sh"]}}},
            "no part of liveness probe of web 'exec'",
        ),
    ],
)
def test_a_field_takes_only_what_belongs_there(
    tmp_path: Path, api: ClusterApi, parameters: dict, said: str
) -> None:
    with pytest.raises(ToolRetry, match=said):
        made(system(tmp_path, api), ("patch workload", "web", parameters))
