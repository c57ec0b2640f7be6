"""Units of a real systemd: a manager of the test's own."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.actions.base import Probe
from warroom.actions.catalogue import checked, plan, probe
from warroom.errors import Halfway, ToolFailed
from warroom.targets.machine import Systemd
from warroom.targets.operations import Operations
from warroom.tests.support.acting_process import begin
from warroom.tests.support.systemd_user import units
from warroom.tests.support.working import until

pytestmark = pytest.mark.conformance
ONCE = "ExecStart=/bin/sh -c 'test ! -e {0}/broken && exec sleep 1000'"
SLOW = "ExecStart=sleep 1000\nExecStop=/bin/sh -c 'touch {0}/stopping; sleep 3'"
LATER = "ExecStart=/bin/sh -c 'test ! -e {0}/broken || {{ sleep 0.2; exit 1; }}; exec sleep 1000'"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("systemd")
    known = {"web@1": "ExecStart=sleep 1000", "web@2": ONCE, "slow": SLOW, "late": LATER}
    made = {name: text.format(place) for name, text in known.items()}
    with units(place, **made) as own, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", own["XDG_RUNTIME_DIR"])
        patch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        yield place


def systemd(service: str, *names: str) -> dict:
    named = {service: [f"{name}.service" for name in names]}
    return {"user": True, "units": named, "mode": "act", "timeout_s": 10}


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_every_unit_gets_a_process_of_its_own(root: Path) -> None:
    machine = Operations(Systemd.configured(systemd("web", "web@1", "web@2")))
    there = machine.inventory()
    assert there.services["web"].instances == ["web@1.service", "web@2.service"]
    receipt = machine.perform(checked("restart", "web", {}, there)).model_dump()
    assert [one["instance"] for one in receipt["restarted"]] == there.services["web"].instances
    for one in receipt["restarted"]:
        assert alive(one["pid_after"])
        assert not alive(one["pid_before"])


@pytest.mark.parametrize("name", ["web@2", "late"])
def test_what_does_not_stay_up_is_halfway(root: Path, name: str) -> None:
    machine = Systemd.configured({**systemd("web", "web@1", name), "timeout_s": 4})
    (root / "broken").touch()
    with pytest.raises(Halfway, match=f"{name}.service is failed: look with `journalctl --user"):
        machine.restart("web")
    assert machine.inventory().services["web"].stopped == [f"{name}.service"]
    (root / "broken").unlink()
    machine.restart("web")
    assert not machine.inventory().services["web"].stopped


def test_a_unit_that_nobody_wrote_says_so(root: Path) -> None:
    with pytest.raises(ToolFailed, match=r"no unit wbe.service: correct `units`"):
        Systemd.configured(systemd("web", "wbe")).inventory()


def test_killed_while_systemd_is_at_it(root: Path) -> None:
    """Nobody can tell from a unit that runs whether it was restarted."""
    (root / "operations.json").write_text(json.dumps({"systemd": systemd("web", "slow")}))
    hands = Operations.load(root / "operations.json")
    planned = plan("restart", "web", {}, "because", inventory=hands.inventory())
    process: subprocess.Popen[bytes] = begin(root / "operations.json", planned, "INC-1:e:abc")
    until((root / "stopping").exists, "it is being stopped")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert probe(hands, planned, "INC-1:e:abc") is Probe.cannot_tell
    until(lambda: bool(hands.inventory().services["web"].instances), "systemd went on by itself")
