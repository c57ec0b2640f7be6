"""How long a newcomer waits: `python -m warroom.evals.studies.demo_time`.

Clones this repository into a temporary folder and runs `make demo` twice: with the set-up, and
after it. Nobody is at the terminal there, so the drill's commander approves.
"""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import WarroomError

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {"with set-up": 240.0, "after it": 120.0}
"""Seconds that we promise."""
LIMIT_S = 600.0


def seconds(command: list[str], folder: Path) -> float:
    """Wall seconds of a command that has to succeed. Raises WarroomError where it does not."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WarroomError(f"{' '.join(command)} took more than {LIMIT_S:.0f} s") from error
    if done.returncode:
        text = (done.stdout + done.stderr)[-3000:]
        raise WarroomError(f"{' '.join(command)} ended with {done.returncode}:\n{text}")
    return time.monotonic() - started


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        seconds(["git", "clone", "--quiet", str(ROOT), str(clone)], Path(folder))
        for when, target in TARGETS.items():
            spent = seconds(["make", "demo"], clone)
            verdict = "met" if spent <= target else "MISSED"
            print(
                f"make demo {when}: {spent:.0f} s (at most {target:.0f} s: {verdict})", flush=True
            )


if __name__ == "__main__":
    try:
        main()
    except WarroomError as problem:
        sys.exit(str(problem))
