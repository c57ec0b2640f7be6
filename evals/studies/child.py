"""A module of ours in a process of its own, within a limit of time; how much memory it took."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ...errors import WarroomError

POLL_S = 0.05


@dataclass(frozen=True)
class Ended:
    """How a child ended; `found` is None where it was stopped."""

    found: dict[str, Any] | None
    seconds: float
    peak_mb: float


def child(module: str, arguments: list[str], limit_s: float) -> Ended:
    """Run `python -m module arguments`, which prints one JSON object.

    After `limit_s` seconds it is killed, which counts as an answer too. Raises WarroomError where
    it ends by itself with an error.
    """
    command = [sys.executable, "-m", module, *arguments]
    with TemporaryFile() as out, TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        status, used = _waited(process, started + limit_s)
        seconds = time.monotonic() - started
        peak = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return Ended(None, seconds, peak)
        if status:
            raise WarroomError(f"{Path(module).name} {' '.join(arguments)} failed:\n{_text(err)}")
        return Ended(json.loads(_text(out).splitlines()[-1]), seconds, peak)


def _waited(process: subprocess.Popen, until: float):
    """Its exit status and what it used, also where it has to be killed."""
    try:
        while time.monotonic() < until:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                return status, used
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        process.kill()
        raise
    process.kill()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return status, used


def _text(file) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")[-2000:].strip()
