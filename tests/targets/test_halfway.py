"""What fails half-way says how far it got, and leaves what undoes it: real repositories, links,
processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.actions.capabilities import (
    KEY,
    Activated,
    Replaced,
    Restarted,
    Restarting,
    RolledOut,
)
from warroom.actions.inventory import Inventory
from warroom.actions.services import Restart
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.targets.configured import Edge, Flags
from warroom.targets.fleet import Fleet, Router, active
from warroom.targets.git import Git
from warroom.targets.releases import Releases
from warroom.targets.supervisor import restarted
from warroom.tests.support.supervised import supervised


class Processes(Restarting):
    """Of which the second does not come back as long as `broken`."""

    def __init__(self) -> None:
        self.broken = True

    def restart(self, service: str) -> Restarted:
        return restarted(service, [lambda: self.replace("web-1"), lambda: self.replace("web-2")])

    def replace(self, instance: str) -> Replaced:
        if self.broken and instance == "web-2":
            raise ToolFailed("web-2 runs but does not answer")
        return Replaced(instance=instance, pid_before=1, pid_after=2, killed=False)


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    for name in ("releases", "checkouts", "current"):
        (tmp_path / name).mkdir()
    git = Git(tmp_path / "releases")
    git.run("init", "-q")
    for version in ("v1", "v2"):
        git.run("commit", "-q", "--allow-empty", "-m", version)
        git.run("tag", "-a", version, "-m", version)
        (tmp_path / "checkouts" / version).mkdir()
    folders = (tmp_path / "releases", tmp_path / "checkouts", tmp_path / "current")
    made = Releases(*folders, Processes())
    made.switch("web", "v2")
    made.record("web", "v2")
    return made


def test_a_roll_back_whose_instance_never_answers_can_be_undone(releases: Releases) -> None:
    with pytest.raises(Halfway, match="switched from v2 to v1, but: 1 of 2 instances") as failed:
        releases.run_version("web", "v1")
    receipt = failed.value.receipt
    assert isinstance(receipt, RolledOut)
    assert (receipt.before, receipt.version, receipt.changed) == ("v2", "v1", True)
    assert [one.instance for one in receipt.restarted] == ["web-1"]
    part = releases.inventory().services["web"]
    assert (part.version, part.deployed) == ("v1", "v2")
    # A later restart would finish the switch in silence: it is not planned.
    part.instances = ["web-1", "web-2"]
    with pytest.raises(ToolRetry, match="from v2 to v1 was not finished"):
        Restart(target="web").check(Inventory(services={"web": part}))
    processes = releases.processes
    assert isinstance(processes, Processes)
    processes.broken = False
    releases.run_version("web", receipt.before)
    part = releases.inventory().services["web"]
    assert (part.version, part.deployed) == ("v2", "v2")


def test_a_deploy_carries_the_key_of_its_effect(releases: Releases) -> None:
    processes = releases.processes
    assert isinstance(processes, Processes)
    processes.broken = False
    token = KEY.set("INC-1:execute:abc")
    releases.run_version("web", "v1")
    KEY.reset(token)
    assert releases.knows("INC-1:execute:abc")
    assert not releases.knows("INC-1:execute:ab")
    assert releases.deploys("web")[-1].version == "v1"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with supervised(tmp_path_factory.mktemp("halfway")) as made:
        yield made


def point(fleet: Fleet, instance: str, url: str) -> str:
    """Let the endpoint of an instance be another one; the one before."""
    file = fleet.configuration.folder / "endpoints.json"
    document = json.loads(file.read_text())
    [entry] = [one for one in document["web"] if one["instance"] == instance]
    was, entry["url"] = entry["url"], url
    file.write_text(json.dumps(document))
    Git(fleet.configuration.folder).run("commit", "-qam", f"Point {instance} elsewhere")
    return was


def test_a_failed_scale_takes_its_spare_back(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warroom.targets.fleet.READY_TIMEOUT_S", 0.3)
    was = point(fleet, "web-2", "http://127.0.0.1:9")
    with pytest.raises(ToolFailed, match=r"does not answer .* stopped again") as failed:
        fleet.scale("web", 2)
    assert not isinstance(failed.value, Halfway)
    assert not fleet.supervisor.process("web-2").running
    assert active(fleet.endpoints("web")) == ["web-1"]
    point(fleet, "web-2", was)


def test_a_reroute_that_cannot_drain_says_what_runs_and_how_to_undo_it(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = Edge(fleet.configuration)

    def full(_instances: object) -> None:
        raise ToolFailed("the disk is full")

    monkeypatch.setattr(edge, "drain", full)
    router = Router(fleet, edge)
    with pytest.raises(Halfway, match="nothing was drained: the disk is full") as failed:
        router.reroute("web", ["web-1"])
    receipt = failed.value.receipt
    assert isinstance(receipt, Activated)
    assert receipt.started == ["web-2"]
    router.route_back(receipt)
    assert active(fleet.endpoints("web")) == ["web-1"]
    assert not fleet.supervisor.process("web-2").running


def test_a_commit_carries_the_key_of_its_effect(fleet: Fleet) -> None:
    folder = fleet.configuration.folder
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    (folder / "flags.json").write_text(json.dumps({"flags": {"bulk": flag}}))
    Git(folder).run("add", ".")
    Git(folder).run("commit", "-qm", "Set up")
    token = KEY.set("INC-7:execute:abc")
    Flags(fleet.configuration).turn_off("bulk")
    KEY.reset(token)
    assert fleet.configuration.knows("INC-7:execute:abc")
    assert not fleet.configuration.knows("INC-8:execute:abc")
    assert not fleet.configuration.knows("INC-7:execute:ab")
    assert Git(folder).run("log", "-1", "--format=%s") == "Turn off bulk"
