"""The keeper ends a run's processes, also when the run is killed."""

import subprocess
import sys
import time
from signal import SIGKILL, SIGTERM, Signals

import psutil

from warroom.drills.keeper import Keeper, lives

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
RUN = """
import subprocess, sys, time
from warroom.drills.keeper import Keeper
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
Keeper().watch(child)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_closing_ends_processes_their_children_and_folders(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    keeper = Keeper()
    started = [subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE)]
    started.append(subprocess.Popen(["sleep", "60"]))
    for process, how in zip(started, (Signals.SIGKILL, SIGTERM), strict=True):
        keeper.watch(process, how)
    keeper.remove(folder)
    keeper.close()
    assert [process.wait(timeout=60) for process in started] == [-SIGKILL, -SIGTERM]
    assert not folder.exists()


def test_a_killed_run_leaves_nothing_behind():
    run = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    child = psutil.Process(int(run.stdout.readline()))
    run.kill()
    run.wait()
    deadline = time.monotonic() + 60
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not lives(child)
