"""A part that ends by an error ends the process, in order and with its name."""

import signal
import threading

import pytest

from warroom.errors import WarroomError
from warroom.intake.reception import Reception
from warroom.record.store import Store
from warroom.service.falling import Falling
from warroom.tests.support.serving import serving


@pytest.fixture(autouse=True)
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the process's: put back what was there."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)


def test_alerts_are_grouped_or_the_process_ends(tmp_path) -> None:
    told = threading.Event()
    falling = Falling(told.set)

    def broken() -> dict:
        raise KeyError("catalogue")

    with Reception(Store.open(tmp_path / "warroom.db"), [], calls=broken):
        assert told.wait(60)
    with pytest.raises(WarroomError, match=r"grouping ended by KeyError.*nothing is lost"):
        falling.check()


def test_the_first_part_is_named_and_the_end_is_asked_for_each_time() -> None:
    ends: list[int] = []
    falling = Falling(lambda: ends.append(1))
    falling.check()
    falling.fell("sweeper", RuntimeError("one"))
    falling.fell("reaper", RuntimeError("two"))
    with pytest.raises(WarroomError, match="sweeper ended by RuntimeError: one"):
        falling.check()
    assert len(ends) == 2


def test_told_to_stop_while_it_begins_it_stops(tmp_path) -> None:
    """Between the word that it is ready and the first request the signal once went nowhere."""
    (tmp_path / "home").mkdir(mode=0o700)
    with serving(tmp_path / "home", "--no-worker") as service:
        assert service.stop() in (0, -signal.SIGTERM)
