"""Who acts on a cluster is killed between its call and the answer: once is once, and whoever looks
afterwards is told which."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.base import Probe
from warroom.actions.catalogue import fitting, plan, probe
from warroom.tests.support.acting_process import begin
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import shop, specs, system
from warroom.tests.support.delivered import TRACKED, application
from warroom.tests.support.shop_cluster import BEFORE, MOVES, NAMESPACE, NOW, ROLL_BACK
from warroom.tests.support.stepped_shop import rollout

KEY = "INC-1:execute:abc"
LONGER = [pytest.param(MOVES[n], marks=pytest.mark.reliability) for n in (1, 2, 3, 7)]


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    made = ClusterApi()
    yield made
    made.close()


def killed(api: ClusterApi, when: str, process: list[subprocess.Popen]) -> None:
    """At its first write that is no dry run: before it is kept, or once it is."""

    def strike(question: Any) -> None:
        if question.method == "PATCH" and "dryRun" not in question.raw:
            setattr(api, when, lambda _: None)
            process[0].send_signal(signal.SIGKILL)
            process[0].wait()
            if when == "before":
                raise ConnectionAbortedError  # it went with whoever sent it

    setattr(api, when, strike)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("move", [ROLL_BACK, *LONGER])
def test_killed_between_call_and_answer(
    tmp_path: Path, api: ClusterApi, move: Any, when: str
) -> None:
    shop(api)
    hands, was = system(tmp_path, api), specs(api)
    kind, target, parameters = move
    planned = plan(kind, target, parameters, "because", inventory=hands.inventory())
    process: list[subprocess.Popen] = []
    killed(api, when, process)
    process.append(begin(tmp_path / "operations.json", planned, KEY))
    assert process[0].wait(120) == -signal.SIGKILL
    done = specs(api)
    assert (done != was) is (when == "after")
    assert probe(hands, planned, KEY) is (Probe.done if when == "after" else Probe.not_done)
    if when == "before":
        assert hands.perform(fitting(hands, planned)).changed
    else:
        assert specs(api) == done


def test_killed_while_an_application_is_told(tmp_path: Path, api: ClusterApi) -> None:
    """The cluster still runs the version before: only the key tells."""
    shop(api, **TRACKED)
    api.add("applications", application())
    hands = system(tmp_path, api)
    planned = plan(*ROLL_BACK, "because", inventory=hands.inventory())
    process: list[subprocess.Popen] = []
    killed(api, "after", process)
    process.append(begin(tmp_path / "operations.json", planned, KEY))
    assert process[0].wait(120) == -signal.SIGKILL
    assert probe(hands, planned, KEY) is Probe.done
    assert len(api.patches()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_a_release_goes_on(tmp_path: Path, api: ClusterApi, when: str) -> None:
    """No key fits into a status: what has the requests tells."""
    api.add("rollouts", rollout(BEFORE))
    new = rollout(NOW)["spec"]["template"]
    api.change("rollouts", NAMESPACE, "web", lambda one: one["spec"].update(template=new))
    hands = system(tmp_path, api)
    asked = {"version": NOW, "weight": 25, "stages": [50]}
    planned = plan("step canary", "web", asked, "because", inventory=hands.inventory())
    process: list[subprocess.Popen] = []
    killed(api, when, process)
    process.append(begin(tmp_path / "operations.json", planned, KEY))
    assert process[0].wait(120) == -signal.SIGKILL
    assert probe(hands, planned, KEY) is (Probe.done if when == "after" else Probe.not_done)
