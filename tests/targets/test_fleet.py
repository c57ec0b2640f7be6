"""Restart, scale and reroute of real processes under a real supervisord."""

import os
import signal
from collections.abc import Iterator

import httpx
import pytest

from warroom.actions.services import Restart
from warroom.errors import ToolFailed
from warroom.targets.configured import Edge
from warroom.targets.fleet import Fleet, Router, active
from warroom.targets.supervisor import Process, SupervisedServices, Supervisor
from warroom.tests.support.supervised import supervised


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with supervised(tmp_path_factory.mktemp("fleet")) as made:
        yield made


def answering(fleet: Fleet) -> dict[str, bool]:
    return {endpoint.instance: answers(endpoint.url) for endpoint in fleet.endpoints("web")}


def answers(url: str, within_s: float = 30) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=within_s, trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_restart_replaces_the_process(fleet: Fleet) -> None:
    before = fleet.supervisor.process("web-1").pid
    receipt = fleet.restart("web")
    [row] = receipt.restarted
    assert (row.instance, row.pid_before, row.killed) == ("web-1", before, False)
    assert row.pid_after == fleet.supervisor.process("web-1").pid != before
    assert answering(fleet) == {"web-1": True, "web-2": False}


def test_hung_process_is_seen_and_killed(fleet: Fleet) -> None:
    os.kill(fleet.supervisor.process("web-1").pid, signal.SIGSTOP)
    assert fleet.supervisor.process("web-1").running
    [hung] = [each.url for each in fleet.endpoints("web") if each.instance == "web-1"]
    assert not answers(hung, within_s=0.5)
    [row] = fleet.restart("web").restarted
    assert row.killed
    assert answering(fleet)["web-1"]


def test_scale_out_and_undo(fleet: Fleet) -> None:
    receipt = fleet.scale("web", 2)
    assert answering(fleet) == {"web-1": True, "web-2": True}
    assert active(fleet.endpoints("web")) == ["web-1", "web-2"]
    assert fleet.scale("web", 2).changed is False
    fleet.restore(receipt)
    assert active(fleet.endpoints("web")) == ["web-1"]
    assert answering(fleet)["web-2"] is False


def test_more_instances_than_there_are(fleet: Fleet) -> None:
    with pytest.raises(ToolFailed, match="2 instances at most"):
        fleet.scale("web", 3)


def test_reroute_starts_the_spare_and_drains_the_other(fleet: Fleet) -> None:
    edge = Edge(fleet.configuration)
    router = Router(fleet, edge)
    receipt = router.reroute("web", ["web-1"])
    assert receipt.started == ["web-2"]
    assert edge.rules()["drained"] == ["web-1"]
    assert active(fleet.endpoints("web")) == ["web-1", "web-2"]
    with pytest.raises(ToolFailed, match="no other instance"):
        router.reroute("web", ["web-2"])
    router.route_back(receipt)
    assert edge.rules()["drained"] == []
    assert active(fleet.endpoints("web")) == ["web-1"]


def test_program_that_ends_at_once_is_reported(fleet: Fleet) -> None:
    with pytest.raises(ToolFailed, match="did not start"):
        fleet.supervisor.start("bad-1")


def test_unknown_program(fleet: Fleet) -> None:
    with pytest.raises(ToolFailed, match="BAD_NAME"):
        fleet.supervisor.process("web-9")


def test_services_as_supervisor_groups_them(fleet: Fleet) -> None:
    found = SupervisedServices(fleet.supervisor).inventory().services
    assert found["web"].instances == ["web-1"]  # web-2 is stopped: nobody wants it to run
    assert found["web"].stopped == ["web-2"]


def test_a_restart_that_was_cut_short_is_ended_by_the_next(fleet: Fleet) -> None:
    """What was stopped and not started again is started, where nothing else of it runs."""
    fleet.supervisor.stop("web-1")
    services = SupervisedServices(fleet.supervisor)
    Restart(target="web").check(services.inventory())
    done = services.restart("web")
    assert fleet.supervisor.process("web-1").running
    assert [each.instance for each in done.restarted] == ["web-1", "web-2"]
    fleet.supervisor.stop("web-2")


@pytest.mark.parametrize(
    ("instance", "service"),
    [("cart-1", "cart"), ("cart", "cart"), ("cart:cart_00", "cart"), ("web-v2-3", "web-v2")],
)
def test_the_service_of_a_process(instance: str, service: str) -> None:
    assert Process(instance, "RUNNING", 1).service == service


def test_wrong_password_says_so(fleet: Fleet) -> None:
    wrong = Supervisor(fleet.supervisor.url.replace("u:p@", "u:x@"))
    with pytest.raises(ToolFailed, match="credentials"):
        wrong.processes()


def test_absent_supervisor_is_named() -> None:
    with pytest.raises(ToolFailed, match="is supervisord running"):
        Supervisor("http://127.0.0.1:9/RPC2").processes()
