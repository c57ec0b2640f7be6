"""Units and containers, by programs that stand in for systemctl and docker: they take the same
words and answer in the same form, since no machine of a test has either to spare."""

import json
import stat
from pathlib import Path

import pytest

from warroom.actions.catalogue import checked
from warroom.errors import Halfway, ToolFailed
from warroom.targets.machine import Compose, Systemd, said
from warroom.targets.operations import Operations

SYSTEMCTL = """#!/usr/bin/python3
import json, pathlib, sys
file = pathlib.Path(__file__).with_suffix(".json")
units = json.loads(file.read_text())
verb, unit = sys.argv[2], sys.argv[-1]
if verb == "show":
    known = units.get(unit)
    state = known["state"] if known else "inactive"
    loaded = "loaded" if known else "not-found"
    print(f"LoadState={loaded}\\nActiveState={state}\\nMainPID={known['pid'] if known else 0}")
elif units[unit].get("broken"):
    sys.exit(f"Job for {unit} failed because the control process exited with error code.")
else:
    units[unit].update(pid=units[unit]["pid"] + 1, state="active")
    file.write_text(json.dumps(units))
"""
DOCKER = """#!/usr/bin/python3
import json, pathlib, sys
file = pathlib.Path(__file__).with_suffix(".json")
held = json.loads(file.read_text())
words = sys.argv[1:]
if "ps" in words:
    for number in range(held["running"]):
        print(json.dumps({"Name": f"shop-web-{number + 1}", "State": "running", "Health": ""}))
elif "restart" in words:
    held["restarts"] += 1
elif "up" in words:
    held["running"] = int(words[words.index("--scale") + 1].partition("=")[2])
held["asked"].append(words)
file.write_text(json.dumps(held))
"""


def program(folder: Path, name: str, text: str, state: object) -> Path:
    file = folder / name
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    file.with_suffix(".json").write_text(json.dumps(state))
    return file


@pytest.fixture
def units(tmp_path: Path) -> Path:
    state = {
        "web@1.service": {"state": "active", "pid": 100},
        "web@2.service": {"state": "failed", "pid": 0},
    }
    return program(tmp_path, "systemctl", SYSTEMCTL, state)


def systemd(units: Path, **more: object) -> dict:
    named = {"web": ["web@1.service", "web@2.service"]}
    return {"program": str(units), "units": named, "mode": "act", "timeout_s": 20, **more}


def test_units_are_restarted_one_after_the_other(units):
    machine = Operations(Systemd.configured(systemd(units)))
    there = machine.inventory().services["web"]
    assert (there.instances, there.stopped) == (["web@1.service"], ["web@2.service"])
    receipt = machine.perform(checked("restart", "web", {}, machine.inventory()))
    replaced = [(one["pid_before"], one["pid_after"]) for one in receipt.model_dump()["restarted"]]
    assert replaced == [(100, 101), (0, 1)]
    assert len(machine.inventory().services["web"].instances) == 2


def test_a_unit_that_does_not_come_back_is_halfway(units):
    file = units.with_suffix(".json")
    held = json.loads(file.read_text())
    held["web@2.service"]["broken"] = True
    file.write_text(json.dumps(held))
    with pytest.raises(Halfway, match=r"web@2.service failed because") as told:
        Systemd.configured(systemd(units)).restart("web")
    assert [one.instance for one in told.value.receipt.restarted] == ["web@1.service"]


def test_a_unit_that_is_not_there_says_so(units):
    wrong = Systemd.configured({**systemd(units), "units": {"web": ["wbe.service"]}})
    with pytest.raises(ToolFailed, match=r"no unit wbe.service: correct `units`"):
        wrong.inventory()


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    return program(tmp_path, "docker", DOCKER, {"running": 2, "restarts": 0, "asked": []})


def compose(docker: Path, **more: object) -> dict:
    section = {"program": [str(docker), "compose"], "file": "/srv/shop/compose.yaml"}
    return {**section, "services": ["web"], "mode": "act", "timeout_s": 20, **more}


def test_containers_are_scaled_and_scaled_back(docker):
    machine = Operations(Compose.configured(compose(docker)))
    action = checked("scale", "web", {"instances": 4}, machine.inventory())
    receipt = machine.perform(action)
    assert len(machine.inventory().services["web"].instances) == 4
    machine.undo(action, receipt.model_dump(mode="json"))
    held = json.loads(docker.with_suffix(".json").read_text())
    assert held["running"] == 2
    wanted = ["compose", "--file", "/srv/shop/compose.yaml", "up", "--detach", "--no-deps"]
    wanted += ["--no-recreate", "--scale", "web=4", "web"]
    assert wanted in held["asked"]


def test_containers_are_restarted_and_nothing_happens_unless_it_says_act(docker):
    Compose.configured(compose(docker)).restart("web")
    reading = Compose.configured(compose(docker, mode="propose"))
    with pytest.raises(ToolFailed, match=r"by hand: .*docker compose .* restart web"):
        reading.restart("web")
    with pytest.raises(ToolFailed, match="db is not written down"):
        reading.scale("db", 2)
    assert json.loads(docker.with_suffix(".json").read_text())["restarts"] == 1


def test_a_command_is_bounded_and_says_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    assert "s3cret" not in said(["/usr/bin/env"], 10)
    with pytest.raises(ToolFailed, match=r"did not end within 0.2 s"):
        said(["/bin/sleep", "30"], 0.2)
    with pytest.raises(ToolFailed, match="install it"):
        said([str(tmp_path / "none")], 1)
