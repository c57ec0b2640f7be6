"""Clocks that are an hour off, differ between machines, and step while somebody waits: the injected
clocks of one process, then those of real processes."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from warroom.errors import ApprovalError
from warroom.incident.action import Verdict
from warroom.record.leases import shared_clock
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.databases import ONE_SLOWLY
from warroom.tests.support.installations import Installation
from warroom.tests.support.people import person
from warroom.tests.support.responses import begin, decide, finish, inventory, room_over

LONG = pytest.mark.reliability
LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
STEPS = pytest.mark.parametrize("step", [3600.0, -3600.0])


@ONE_SLOWLY
@STEPS
def test_a_step_of_the_clock_delays_and_does_nothing_twice(
    tmp_path: Path, place: Path | str, step: float
) -> None:
    hands = Rehearsal(inventory())
    context = room_over(tmp_path, hands=hands, place=place)
    response, incident = begin(context)
    store = context.store
    asked_at = store.ledger.clock()
    store.ledger.clock = lambda: asked_at + step
    store.work.clock = store.timers.clock = lambda connection: shared_clock(connection) + step
    if step > 0:  # what was asked has lapsed
        subject = store.load(incident).proposals[0].hash
        with pytest.raises(ApprovalError, match="expired"):
            store.ledger.decide(incident, subject, Verdict.approved, person())
        list(response.run(incident))
    assert hands.acted == []
    assert decide(context, incident, Verdict.approved)
    store.ledger.clock = lambda: asked_at
    store.work.clock = store.timers.clock = shared_clock
    finish(response, incident, Verdict.approved)
    assert len(hands.acted) == len(set(map(str, hands.acted))) > 0


def clock(file: Path, step: float) -> dict[str, str]:
    """The environment of a process whose clock goes by this file."""
    if LIBRARY is None:
        pytest.skip("install Debian's package faketime")
    file.write_text(f"{step:+.0f}")
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",  # seconds until it looks at the file again
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


@LONG
@STEPS
def test_a_clock_that_steps_while_somebody_is_asked(
    installation: Installation, step: float
) -> None:
    """What lapses by it is asked anew; nothing is done twice, nothing without a live approval."""
    file = installation.folder / "clock"
    with installation.serve(**clock(file, 0)) as warroom:
        warroom.send()
        question = warroom.asked_for()
        clock(file, step)
        warroom.answer(question)
        warroom.approve_until_over()
        assert installation.world.starts("payments-1") == 1, installation.world.acted
        clock(file, 0)
        warroom.send()
        assert len(warroom.incidents()) == 1
        assert warroom.whole()


@LONG
@STEPS
def test_a_clock_that_steps_between_a_kill_and_the_restart(
    installation: Installation, step: float
) -> None:
    world = installation.world
    with installation.serve() as warroom:

        def kill(method: str, _name: str) -> None:
            if method == "startProcess":
                world.after = lambda *_: None
                os.kill(warroom.pid, signal.SIGKILL)

        world.after = kill
        warroom.send()
        warroom.answer(warroom.asked_for())
        warroom.service.process.wait(60)
    with installation.serve(**clock(installation.folder / "clock", step)) as warroom:
        warroom.approve_until_over()
        assert world.starts("payments-1") == 1


@LONG
def test_workers_whose_clocks_are_two_hours_apart(on_a_server: Installation) -> None:
    fast = clock(on_a_server.folder / "fast", 3600)
    slow = clock(on_a_server.folder / "slow", -3600)
    with on_a_server.serve("--no-worker") as warroom, ExitStack() as workers:
        workers.enter_context(on_a_server.work(**fast))
        workers.enter_context(on_a_server.work(**slow))
        warroom.send()
        warroom.asked_for()
        warroom.approve_until_over()
        assert on_a_server.world.starts() == 1, on_a_server.world.acted
        assert warroom.whole()
