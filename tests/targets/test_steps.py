"""A release goes on step by step, each under what was decided; it is held, given up, tried anew.
The same by the real controllers: test_steps_real.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.catalogue import checked, find, fitting, plan, probe, staged
from warroom.cluster.canaries import told
from warroom.cluster.objects import Object
from warroom.errors import ToolFailed, ToolRetry
from warroom.incident.action import ActionPlan
from warroom.targets.operations import Operations
from warroom.tests.support import cluster_shop
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import system
from warroom.tests.support.delivered import TRACKED
from warroom.tests.support.http_backends import serving
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, NOW, deployment, node, service
from warroom.tests.support.stepped_shop import canary, rollout

BACK = ("roll back", "web", {"to_version": BEFORE})


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    """Amid a release that waits at a quarter."""
    with serving(ClusterApi()) as made:
        assert isinstance(made, ClusterApi)
        made.add("rollouts", rollout(BEFORE))
        made.add("services", service())
        made.add("nodes", node("n1"))
        release(made, NOW)
        yield made


def release(api: ClusterApi, image: str, **marks: Any) -> None:
    def rolled(made: Any) -> None:
        made["metadata"] |= marks
        made["spec"]["template"] = rollout(image)["spec"]["template"]

    api.change("rollouts", NAMESPACE, "web", rolled)


def status(api: ClusterApi) -> Any:
    return api.objects["rollouts", NAMESPACE, "web"]["status"]


def planned(hands: Operations, stages: list[int], weight: int = 25) -> ActionPlan:
    asked = {"version": NOW, "weight": weight, "stages": stages}
    return plan("step canary", "web", asked, "because", inventory=hands.inventory())


def test_each_step_is_claimed_by_itself_and_knows_what_was_done(
    tmp_path: Path, api: ClusterApi
) -> None:
    hands = system(tmp_path, api)
    whole = planned(hands, [50, 100])
    assert probe(hands, whole, "", 0) is Probe.not_done
    hands.perform(fitting(hands, whole, 0))
    assert (status(api)["phase"], status(api)["updatedReplicas"]) == ("Paused", 2)
    assert [probe(hands, whole, "", n) for n in (0, 1)] == [Probe.done, Probe.not_done]
    again = staged(whole, 0)
    assert again and not hands.perform(again).changed
    with pytest.raises(ToolRetry, match="it does not go from 25 to 50"):
        fitting(hands, whole, 0)
    receipt = hands.perform(fitting(hands, whole, 1))
    assert (status(api)["phase"], status(api)["updatedReplicas"]) == ("Healthy", 4)
    assert probe(hands, whole, "", 1) is Probe.done
    hands.undo(find(whole.kind).parse(whole.target, whole.parameters), receipt.model_dump())
    part = hands.inventory().services["web"]
    assert (part.version, part.deployed, status(api)["phase"]) == (BEFORE, BEFORE, "Healthy")


@pytest.mark.parametrize(
    ("stages", "weight", "said"),
    [
        ([75], 25, "has 25 percent, and waits next at 50: it does not go from 25 to 75"),
        ([50], 10, "it does not go from 10 to 50"),
        ([50, 25], 25, "do not rise"),
    ],
)
def test_where_it_does_not_wait_it_is_not_let_go_to(
    tmp_path: Path, api: ClusterApi, stages: list[int], weight: int, said: str
) -> None:
    with pytest.raises(ToolRetry, match=said):
        planned(system(tmp_path, api), stages, weight)


def test_another_release_meanwhile_ends_it(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    going, back = planned(hands, [50]), plan(*BACK, "because", inventory=hands.inventory())
    action = fitting(hands, back)
    release(api, "registry.example.org/web:v3")
    with pytest.raises(ToolRetry, match=r"no release of .*v2 is under way in web, only of .*v3"):
        fitting(hands, going)
    with pytest.raises(ToolRetry, match=r"was decided for version .*v2; it is .*v3"):
        fitting(hands, back)
    release(api, NOW)

    def overtake(question: Any) -> None:
        if question.method == "PATCH":
            api.before = lambda _: None
            release(api, "registry.example.org/web:v3")

    api.before = overtake
    with pytest.raises(ToolFailed, match="brings another version meanwhile: nothing was done"):
        hands.perform(action)
    assert not api.patches()


@pytest.mark.parametrize("marks", [{}, TRACKED])
def test_giving_up_is_a_roll_back_also_where_it_is_delivered(
    tmp_path: Path, api: ClusterApi, marks: Any
) -> None:
    release(api, NOW, **marks)
    hands = system(tmp_path, api)
    back = plan(*BACK, "because", inventory=hands.inventory())
    assert back.found["instead"] == f"Rollout {NAMESPACE}/web gives {NOW} up"
    action = fitting(hands, back)
    receipt = hands.perform(action)
    (patch,) = api.patches()
    assert patch.path.endswith("/rollouts/web/status")
    assert (status(api)["abort"], status(api)["updatedReplicas"]) == (True, 0)
    assert probe(hands, back, "") is Probe.done
    assert not hands.perform(action).changed
    hands.undo(action, receipt.model_dump())
    assert (status(api)["phase"], status(api)["updatedReplicas"]) == ("Paused", 1)


def test_what_is_through_goes_back_whole(tmp_path: Path, api: ClusterApi) -> None:
    """No step of its own is waited at: who goes back has no time for it."""
    hands = system(tmp_path, api)
    hands.perform(fitting(hands, planned(hands, [100])))
    assert (status(api)["phase"], hands.inventory().services["web"].previous) == ("Healthy", BEFORE)
    hands.perform(checked(*BACK, hands.inventory()))
    assert (status(api)["phase"], status(api)["updatedReplicas"]) == ("Healthy", 4)
    assert hands.inventory().services["web"].version == BEFORE


def test_held_it_is_let_go_by_who_gives_it_up(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    asked = {"object": "paused", "now": None, "to": True}
    hold = fitting(
        hands, plan("patch workload", "web", asked, "because", inventory=hands.inventory())
    )
    receipt = hands.perform(hold)
    assert status(api)["message"] == "manually paused"
    hands.undo(hold, receipt.model_dump(mode="json"))
    assert status(api)["message"] == "CanaryPauseStep"
    hands.perform(
        fitting(hands, plan("patch workload", "web", asked, "", inventory=hands.inventory()))
    )
    hands.perform(checked(*BACK, hands.inventory()))
    assert status(api)["phase"] == "Degraded"
    assert "paused" not in api.objects["rollouts", NAMESPACE, "web"]["spec"]


def test_a_restart_is_no_release(tmp_path: Path, api: ClusterApi) -> None:
    hands = system(tmp_path, api)
    with pytest.raises(ToolRetry, match="was not finished"):
        plan("restart", "web", {}, "because", inventory=hands.inventory())
    hands.perform(checked(*BACK, hands.inventory()))
    hands.perform(checked("restart", "web", {}, hands.inventory()))
    spec = api.objects["rollouts", NAMESPACE, "web"]["spec"]
    assert "restartAt" in spec and "annotations" not in spec["template"]["metadata"]


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (BACK, r"by hand: kubectl argo rollouts abort -n shop web$"),
        (
            ("step canary", "web", {"version": NOW, "weight": 25, "stages": [50]}),
            r"by hand: kubectl argo rollouts promote -n shop web$",
        ),
    ],
)
def test_what_is_only_proposed_ends_with_the_command_to_type(
    tmp_path: Path, api: ClusterApi, move: Any, said: str
) -> None:
    hands = system(tmp_path, api, mode="propose")
    kind, target, asked = move
    action = fitting(hands, plan(kind, target, asked, "because", inventory=hands.inventory()))
    with pytest.raises(ToolFailed, match=said):
        hands.perform(action)
    assert not api.patches()


def flagger(api: ClusterApi, phase: str) -> None:
    """A Canary of a Deployment that runs v1 for all, and brings v2."""
    made = canary()
    made["status"] = {"phase": phase, "canaryWeight": 0, "failedChecks": 0, "lastAppliedSpec": "a"}
    api.add("deployments", deployment(BEFORE))
    primary = deployment(BEFORE)
    primary["metadata"]["name"] = "web-primary"
    primary["spec"]["template"]["metadata"]["labels"] = {"app": "web-primary"}
    api.add("deployments", primary)
    api.add("canaries", made)
    cluster_shop.release(api, NOW)


def test_flagger_goes_back_by_its_own_failed_checks(tmp_path: Path) -> None:
    with serving(ClusterApi()) as api:
        assert isinstance(api, ClusterApi)
        flagger(api, "Progressing")
        hands = system(tmp_path, api)
        with pytest.raises(ToolRetry, match="web goes on by itself"):
            plan(
                "step canary",
                "web",
                {"version": NOW, "weight": 0, "stages": [100]},
                "",
                inventory=hands.inventory(),
            )
        with pytest.raises(ToolRetry, match="web is kept by Flagger canary shop/web"):
            plan("scale", "web", {"instances": 3}, "", inventory=hands.inventory())
        back = plan(*BACK, "because", inventory=hands.inventory())
        action = fitting(hands, back)
        receipt = hands.perform(action)
        status = api.objects["canaries", NAMESPACE, "web"]["status"]
        assert (status["phase"], probe(hands, back, "")) == ("Failed", Probe.done)
        hands.undo(action, receipt.model_dump(mode="json"))
        assert api.objects["canaries", NAMESPACE, "web"]["status"]["phase"] == "Progressing"


def test_what_flagger_has_not_let_begin_is_left_to_its_gates(tmp_path: Path) -> None:
    with serving(ClusterApi()) as api:
        assert isinstance(api, ClusterApi)
        flagger(api, "Waiting")
        hands = system(tmp_path, api)
        with pytest.raises(ToolFailed, match="web is Waiting, where Flagger goes back by its own"):
            hands.perform(checked(*BACK, hands.inventory()))


def test_where_it_is_in_words() -> None:
    made = rollout(NOW) | {
        "status": {
            "stableRS": "a",
            "currentPodHash": "b",
            "currentStepIndex": 3,
            "phase": "Paused",
        }
    }
    assert told(Object(made)) == "50 % of requests, step 4 of 6, Paused"
