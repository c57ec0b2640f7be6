"""The process that acts dies around its effect."""

import os
import signal

import pytest

from warroom.tests.support.installations import Installation

POINTS = [
    (when, method) for method in ("stopProcess", "startProcess") for when in ("before", "after")
]


@pytest.mark.parametrize(("when", "method"), POINTS, ids=[f"{w}-{m}" for w, m in POINTS])
def test_killed_between_an_effect_and_its_record(
    installation: Installation, when: str, method: str
) -> None:
    world = installation.world
    with installation.serve() as warroom:

        def kill(called: str, _name: str) -> None:
            if called == method:
                setattr(world, when, lambda *_: None)
                os.kill(warroom.pid, signal.SIGKILL)

        setattr(world, when, kill)
        warroom.send()
        question = warroom.asked_for()
        assert warroom.answer(question).status_code == 200
        assert warroom.service.process.wait(60) == -signal.SIGKILL
    with installation.serve() as warroom:
        warroom.approve_until_over()
        document = warroom.get(f"/incidents/{question['incident']}")
        first = document["executions"][0]
        assert world.starts("payments-1") <= 1, world.acted
        assert first["outcome"] != "better"
        assert document["state"] != "resolved"
        assert warroom.whole()
