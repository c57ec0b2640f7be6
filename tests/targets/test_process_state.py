"""What real supervised processes run with, and environment and limits that are put back."""

import json
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from warroom.actions.facts import COMMAND, FactKind, Facts, Inspecting, Reading
from warroom.actions.state import RestoreProcess
from warroom.errors import ToolFailed
from warroom.targets.operations import Operations
from warroom.targets.process_state import ProcessChanges, ProcessState, written
from warroom.targets.state_log import FILE, StateLog
from warroom.targets.supervisor import Supervisor
from warroom.tests.support.supervised import supervised

ENVIRONMENT = (
    'environment=TIMEOUT_S="2.0",TOKEN="s3cret, very",DSN="postgresql://u:p@db/x",RATE="5%%"'
)
TIMEOUT = (FactKind.environment, "TIMEOUT_S")
OPEN = (FactKind.limit, "open files")


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Supervisor, Path]]:
    """web-1 runs with an environment of its own, web-2 is a spare."""
    root = tmp_path_factory.mktemp("processes")
    with supervised(root, ENVIRONMENT) as fleet:
        yield fleet.supervisor, root / "supervisor.conf"


def facts(supervisor: Supervisor) -> Facts:
    """Of web-1, once it is more than its parent's copy."""
    found: Facts = {}
    while OPEN not in found:
        for reading in ProcessState(supervisor).inspect():
            assert not reading.gap
            found |= reading.facts if reading.instance == "web-1" else {}
    return found


def test_a_process_tells_what_it_runs_with_and_no_secret(
    supervisor: tuple[Supervisor, Path],
) -> None:
    found = facts(supervisor[0])
    pid = supervisor[0].process("web-1").pid
    assert found[TIMEOUT] == "2.0"
    assert found[FactKind.environment, "RATE"] == "5%"
    for name in ("TOKEN", "DSN"):
        assert found[FactKind.environment, name].startswith("secret, digest ")
    assert "s3cret" not in str(found) and "u:p@" not in str(found)
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    assert found[OPEN] == f"{soft} of at most {hard}"
    assert found[FactKind.process, "state"] == "running"
    started, _, same = found[FactKind.process, "start"].partition(" as ")
    assert same == str(pid) and abs(float(started) - time.time()) < 600
    assert "server.py" in found[FactKind.environment, COMMAND]


def test_a_stopped_process_that_supervisor_takes_for_running(
    supervisor: tuple[Supervisor, Path],
) -> None:
    pid = supervisor[0].process("web-1").pid
    os.kill(pid, signal.SIGSTOP)
    try:
        while facts(supervisor[0])[FactKind.process, "state"] == "running":
            pass  # the kernel stops it in a moment
        assert facts(supervisor[0])[FactKind.process, "state"] == "stopped by a signal"
    finally:
        os.kill(pid, signal.SIGCONT)


def test_few_descriptors_left_are_a_fact(supervisor: tuple[Supervisor, Path]) -> None:
    pid = supervisor[0].process("web-1").pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
    try:
        assert facts(supervisor[0])[FactKind.process, "open files"] == f"100% or more of {used}"
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert (FactKind.process, "open files") not in facts(supervisor[0])


def test_a_limit_is_put_back_while_the_process_runs(supervisor: tuple[Supervisor, Path]) -> None:
    changes, pid = ProcessChanges(*supervisor), supervisor[0].process("web-1").pid
    was, before = facts(supervisor[0])[OPEN], resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (32, before[1]))
    now = facts(supervisor[0])[OPEN]
    system = Operations(changes)
    action = RestoreProcess(target="web", what=OPEN[0], object=OPEN[1], now=now, to=was)
    receipt = system.perform(action)
    assert receipt.changed and facts(supervisor[0])[OPEN] == was
    assert not system.perform(action).changed
    assert system.undo(action, receipt.model_dump(mode="json")).changed
    assert facts(supervisor[0])[OPEN] == now
    with pytest.raises(ToolFailed, match="by now: nothing was changed"):
        changes.put("web", *OPEN, now="7 of at most 9", to=was)
    changes.put("web", *OPEN, now=now, to=was)
    assert supervisor[0].process("web-1").pid == pid


def test_an_environment_is_put_back_by_a_start_with_it(supervisor: tuple[Supervisor, Path]) -> None:
    control, file = supervisor
    changes, whole, before = ProcessChanges(control, file), file.read_text(), facts(control)
    pid = control.process("web-1").pid
    name, system = TIMEOUT[1], Operations(changes)
    action = RestoreProcess(target="web", what=TIMEOUT[0], object=name, now="2.0", to="0.05")
    receipt = system.perform(action).model_dump(mode="json")
    assert [one["pid_before"] for one in receipt["restarted"]] == [pid]
    assert facts(control)[TIMEOUT] == "0.05"
    assert file.read_text().count("0.05") == 2  # the spare's too
    assert control.process("web-2").state == "STOPPED"
    assert not system.perform(action).changed
    assert system.undo(action, receipt).changed
    after = facts(control)
    assert {k: v for k, v in after.items() if k[0] is not FactKind.process} == {
        k: v for k, v in before.items() if k[0] is not FactKind.process
    }
    assert file.read_text() == whole
    with pytest.raises(ToolFailed, match=r"is 2\.0 by now: nothing was changed"):
        changes.put("web", *TIMEOUT, now="1.0", to="3.0")
    assert file.read_text() == whole


FILE_TEXT = f"[program:a]\ncommand=x\n{ENVIRONMENT}\n\n[program:b]\n{ENVIRONMENT}\n"


@pytest.mark.parametrize(
    "name,now,to,line",
    [
        ("TIMEOUT_S", "2.0", "", ENVIRONMENT.replace('TIMEOUT_S="2.0",', "")),
        ("RATE", "5%", "", ENVIRONMENT.replace(',RATE="5%%"', "")),
        ("RATE", "5%", "6%", ENVIRONMENT.replace("5%%", "6%%")),
        ("NEW", "", "1", ENVIRONMENT + ',NEW="1"'),
    ],
)
def test_only_one_variable_of_one_program_is_written(
    name: str, now: str, to: str, line: str
) -> None:
    text = written(FILE_TEXT, "b", name, now, to)
    assert text == f"[program:a]\ncommand=x\n{ENVIRONMENT}\n\n[program:b]\n{line}\n"


@pytest.mark.parametrize(
    "program,name,now,to",
    [
        ("c", "TIMEOUT_S", "2.0", "1"),
        ("b", "TIMEOUT_S", "9", "1"),
        ("b", "TIMEOUT_S", "2.0", '1"\n[program:evil]\ncommand=x'),
        ("b", "A\n[program:evil]", "", "1"),
    ],
)
def test_what_does_not_fit_is_left_to_a_person(program: str, name: str, now: str, to: str) -> None:
    with pytest.raises(ToolFailed, match=r"by hand|look there"):
        written(FILE_TEXT, program, name, now, to)


def test_the_log_writes_what_is_otherwise_and_nothing_twice(
    supervisor: tuple[Supervisor, Path], tmp_path: Path
) -> None:
    facts(supervisor[0])  # once it is more than its parent's copy
    log = StateLog([ProcessState(supervisor[0])], tmp_path)
    assert log.look() > 10
    assert log.look() == 0
    supervisor[0].replace("web-1")
    while not log.look():
        pass  # its parent's copy at first
    rows = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert rows[-1]["object"] == "start" and rows[-1]["instance"] == "web-1"
    assert "s3cret" not in (tmp_path / FILE).read_text()


def test_a_supervisor_that_is_away_is_a_gap_and_nothing_is_gone(tmp_path: Path) -> None:
    log = StateLog([ProcessState(Supervisor("http://u:p@127.0.0.1:9/RPC2"))], tmp_path)
    assert log.look() == 1
    [row] = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert row["kind"] == "unread" and "no process was inspected" in row["value"]
    assert "u:p" not in row["value"]


def test_the_log_looks_until_it_is_told_to_stop(tmp_path: Path) -> None:
    stop = Event()

    class Twice(Inspecting):
        looks = 0

        def inspect(self) -> list[Reading]:
            self.looks += 1
            if self.looks == 2:
                stop.set()
            return [Reading("db", "it", {(FactKind.setting, "looks"): str(self.looks)})]

    StateLog([Twice()], tmp_path).run(stop, every=0)
    rows = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [row["value"] for row in rows] == ["1", "2"]
