"""Restart, scale and reroute of real processes under a real supervisord."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from warroom.errors import ToolFailed
from warroom.targets.fleet import Fleet
from warroom.targets.supervisor import Supervisor
from warroom.tests.support.supervised import supervised


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with supervised(tmp_path_factory.mktemp("fleet")) as made:
        yield made


def answering(fleet: Fleet) -> dict[str, bool]:
    return {one.instance: one.answers for one in fleet.health("web")}


def test_restart_replaces_the_process(fleet: Fleet) -> None:
    before = fleet.supervisor.process("web-1").pid
    receipt = fleet.restart("web")
    [row] = receipt["restarted"]
    assert (row["instance"], row["pid_before"], row["killed"]) == ("web-1", before, False)
    assert row["pid_after"] == fleet.supervisor.process("web-1").pid != before
    assert answering(fleet) == {"web-1": True, "web-2": False}


def test_hung_process_is_seen_and_killed(fleet: Fleet) -> None:
    os.kill(fleet.supervisor.process("web-1").pid, signal.SIGSTOP)
    [hung, _] = fleet.health("web")
    assert (hung.state, hung.answers) == ("RUNNING", False)
    [row] = fleet.restart("web")["restarted"]
    assert row["killed"] is True
    assert answering(fleet)["web-1"]


def test_restart_repeated_after_a_crash_does_nothing(fleet: Fleet) -> None:
    begun = fleet.supervisor.process("web-1").started - 1
    pid = fleet.supervisor.process("web-1").pid
    assert fleet.restart("web", since=begun)["changed"] is False
    assert fleet.supervisor.process("web-1").pid == pid


def test_scale_out_and_undo(fleet: Fleet) -> None:
    receipt = fleet.scale("web", 2)
    assert answering(fleet) == {"web-1": True, "web-2": True}
    assert fleet.endpoints.active("web") == ["web-1", "web-2"]
    assert fleet.scale("web", 2)["changed"] is False
    fleet.restore("web", receipt["before"], receipt["started"])
    assert fleet.endpoints.active("web") == ["web-1"]
    assert answering(fleet)["web-2"] is False


def test_more_instances_than_there_are(fleet: Fleet) -> None:
    with pytest.raises(ToolFailed, match="2 instances at most"):
        fleet.scale("web", 3)


def test_reroute_starts_the_spare_and_drains_the_other(fleet: Fleet) -> None:
    receipt = fleet.reroute("web", ["web-1"])
    assert receipt["started"] == ["web-2"]
    assert fleet.edge.rules()["drained"] == ["web-1"]
    assert fleet.endpoints.active("web") == ["web-1", "web-2"]
    with pytest.raises(ToolFailed, match="no other instance"):
        fleet.reroute("web", ["web-2"])
    fleet.edge.undrain(receipt["drained"])
    fleet.restore("web", receipt["before"], receipt["started"])
    assert fleet.endpoints.active("web") == ["web-1"]


def test_program_that_ends_at_once_is_reported(fleet: Fleet) -> None:
    with pytest.raises(ToolFailed, match="did not start"):
        fleet.supervisor.start("bad-1")


def test_unknown_program(fleet: Fleet) -> None:
    with pytest.raises(ToolFailed, match="BAD_NAME"):
        fleet.supervisor.process("web-9")


def test_instances_of_a_service(fleet: Fleet) -> None:
    assert [one.instance for one in fleet.supervisor.instances("web")] == ["web-1", "web-2"]


def test_wrong_password_says_so(fleet: Fleet) -> None:
    wrong = Supervisor(fleet.supervisor.url.replace("u:p@", "u:x@"))
    with pytest.raises(ToolFailed, match="credentials"):
        wrong.processes()


def test_absent_supervisor_fails_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(ToolFailed, match="is supervisord running"):
        Supervisor("http://127.0.0.1:9/RPC2").processes()
    assert time.monotonic() - started < 4
