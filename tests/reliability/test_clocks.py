"""Clocks that are an hour off, differ between machines, and step while somebody waits."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from warroom.tests.support.installations import Installation

pytestmark = pytest.mark.reliability
LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


def clock(file: Path, offset: str) -> dict[str, str]:
    """The environment of a process whose clock goes by this file."""
    if LIBRARY is None:
        pytest.skip("install Debian's package faketime")
    file.write_text(offset)
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.parametrize("step", ["+3600", "-3600"])
def test_a_clock_that_steps_while_somebody_is_asked(installation: Installation, step: str) -> None:
    """What lapses by it is asked anew; nothing is done twice, nothing without a live approval."""
    file = installation.folder / "clock"
    with installation.serve(**clock(file, "+0")) as warroom:
        warroom.send()
        question = warroom.asked_for()
        file.write_text(step)
        warroom.answer(question)
        warroom.approve_until_over()
        assert installation.world.starts("payments-1") == 1, installation.world.acted
        file.write_text("+0")
        warroom.send()
        assert len(warroom.incidents()) == 1
        assert warroom.whole()


@pytest.mark.parametrize("back", ["+3600", "-3600"])
def test_a_clock_that_steps_between_a_kill_and_the_restart(
    installation: Installation, back: str
) -> None:
    import os
    import signal

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
    with installation.serve(**clock(installation.folder / "clock", back)) as warroom:
        warroom.approve_until_over()
        assert world.starts("payments-1") == 1


def test_workers_whose_clocks_are_two_hours_apart(on_a_server: Installation) -> None:
    fast = clock(on_a_server.folder / "fast", "+3600")
    slow = clock(on_a_server.folder / "slow", "-3600")
    with on_a_server.serve("--no-worker") as warroom, ExitStack() as workers:
        workers.enter_context(on_a_server.work(**fast))
        workers.enter_context(on_a_server.work(**slow))
        warroom.send()
        warroom.asked_for()
        warroom.approve_until_over()
        assert on_a_server.world.starts() == 1, on_a_server.world.acted
        assert warroom.whole()
