"""The process that acts is killed or stopped: around its effect, past its lease, at random."""

import os
import random
import signal
from contextlib import ExitStack

import pytest

from warroom.tests.support.alerts import posted
from warroom.tests.support.installations import ENDS, Asked, Installation
from warroom.tests.support.supervisor_world import World

LONG = pytest.mark.reliability
POINTS = [
    (when, method) for method in ("stopProcess", "startProcess") for when in ("before", "after")
]
SEED = int(os.environ.get("WARROOM_SEED", "0")) or random.SystemRandom().randrange(10**6)
KILLS = int(os.environ.get("WARROOM_KILLS", "3"))


def once(world: World, when: str, method: str, number: int, pid: int) -> None:
    """Send this signal to a process at its first call of this kind."""

    def strike(called: str, _name: str) -> None:
        if called == method:
            setattr(world, when, lambda *_: None)
            os.kill(pid, number)

    setattr(world, when, strike)


def assert_once_and_not_well(warroom: Asked, incident: str) -> None:
    """One restart at most, and nobody says that it helped: the recording shows no recovery. What a
    person says did not happen is asked anew, and done then."""
    world = warroom.installation.world
    document = warroom.get(f"/incidents/{incident}")
    assert world.starts("payments-1") <= 1, world.acted
    assert document["executions"], document["state"]
    outcomes = [each["outcome"] for each in document["executions"]]
    assert {*outcomes} <= {"unverified", "failed", "not done"}
    assert document["state"] not in ("resolved", "closed"), document["state"]
    assert warroom.whole()


@LONG
@pytest.mark.parametrize(("when", "method"), POINTS)
def test_killed_between_an_effect_and_its_record(
    installation: Installation, when: str, method: str
) -> None:
    with installation.serve() as warroom:
        once(installation.world, when, method, signal.SIGKILL, warroom.pid)
        warroom.send()
        question = warroom.asked_for()
        assert warroom.answer(question).status_code == 200
        assert warroom.service.process.wait(60) == -signal.SIGKILL
    with installation.serve() as warroom:
        warroom.approve_until_over()
        assert_once_and_not_well(warroom, question["incident_id"])


@LONG
@pytest.mark.parametrize("method", ["getAllProcessInfo", "stopProcess"])
def test_stopped_past_its_lease_it_acts_no_more(on_a_server: Installation, method: str) -> None:
    """Stopped where it looks before it acts, or within the first half of its effect."""
    world = on_a_server.world
    with on_a_server.serve("--no-worker") as warroom, ExitStack() as others:
        first = others.enter_context(on_a_server.work())
        warroom.send()
        question = warroom.asked_for()
        once(world, "before", method, signal.SIGSTOP, first.pid)
        warroom.answer(question)
        os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WNOWAIT)
        with on_a_server.work() as second:
            warroom.approve_until_over()
            acted = list(world.acted)
            second.kill()
            second.wait()
            os.kill(first.pid, signal.SIGCONT)
            warroom.send(posted("checkout", 2, environment="other"))
            warroom.until(lambda: len(warroom.incidents()) == 2)
            warroom.until(lambda: len(warroom.questions("action")) > 0)  # the first one works again
        assert len(world.acted) - len(acted) <= (method == "stopProcess"), world.acted
        assert_once_and_not_well(warroom, question["incident_id"])


@LONG
def test_killed_at_random_it_acts_once_and_ends(on_a_file: Installation) -> None:
    print(f"WARROOM_SEED={SEED} WARROOM_KILLS={KILLS}")
    dice = random.Random(SEED)
    sent = False
    for _ in range(KILLS):
        with on_a_file.serve() as warroom:
            if not sent:
                warroom.send()
                sent = True
            after = dice.randrange(1, 120)
            _approve_for(warroom, after)
            warroom.service.stop(signal.SIGKILL)
    with on_a_file.serve() as warroom:
        warroom.approve_until_over()
        (line,) = warroom.incidents()
        assert_once_and_not_well(warroom, line["id"])
        numbers = [each["number"] for each in warroom.get("/events", limit=500)["items"]]
        assert numbers == sorted(set(numbers))


def _approve_for(warroom: Asked, events: int) -> None:
    """Approve what is asked until so many events more have happened, or all is over."""
    begun = warroom.get("/events", limit=500)["after"]

    def reached() -> bool:
        for line in warroom.questions():
            warroom.answer(line)
        rows = warroom.incidents()
        over = rows and all(warroom.status(row["id"])["status"] in ENDS for row in rows)
        return bool(over) or warroom.get("/events", limit=500)["after"] >= begun + events

    warroom.until(reached)


@pytest.mark.thorough
def test_of_two_workers_one_is_killed_in_its_effect(on_a_server: Installation) -> None:
    world = on_a_server.world
    with on_a_server.serve("--no-worker") as warroom, ExitStack() as workers:
        both = [workers.enter_context(on_a_server.work()) for _ in range(2)]
        warroom.send()
        question = warroom.asked_for()

        def kill(method: str, _name: str) -> None:
            if method == "startProcess":
                world.before = lambda *_: None
                os.kill(on_a_server.holder(), signal.SIGKILL)

        world.before = kill
        warroom.answer(question)
        warroom.approve_until_over()
        assert sum(worker.poll() is not None for worker in both) == 1
        assert_once_and_not_well(warroom, question["incident_id"])
