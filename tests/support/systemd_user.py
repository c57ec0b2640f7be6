"""A real systemd, as somebody's own manager of units, in a folder of a test.

It starts only where the machine was booted by systemd. So that a container has one too, it sees a
`/run` of its own that says so; nothing of the machine's is changed.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warroom.tests.support.working import until

BOOTED = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$0" --user'
ALONE = ["unshare", "--map-root-user", "--mount", "sh", "-c", BOOTED, "/lib/systemd/systemd"]


@contextmanager
def units(root: Path, **found: str) -> Iterator[dict[str, str]]:
    """Units by name and what they run; to be named in the environment of whoever asks for them."""
    for name in ("run", "units"):
        (root / name).mkdir(mode=0o700, parents=True)
    for name in ("default.target", "basic.target", "shutdown.target"):
        (root / "units" / name).write_text("[Unit]\n")
    for name, section in found.items():
        (root / "units" / f"{name}.service").write_text(f"[Service]\n{section}\n")
    own = {"XDG_RUNTIME_DIR": str(root / "run"), "SYSTEMD_UNIT_PATH": str(root / "units")}
    known = {k: v for k, v in os.environ.items() if k != "DBUS_SESSION_BUS_ADDRESS"} | own
    with (root / "log").open("ab") as log:
        manager = subprocess.Popen(ALONE, env=known, stdout=log, stderr=log)

    def started() -> bool:
        assert manager.poll() is None, (root / "log").read_text()[-2000:]
        asked = ["systemctl", "--user", "start", *(f"{name}.service" for name in found)]
        return subprocess.run(asked, env=known, capture_output=True, check=False).returncode == 0

    try:
        until(started, "its units run")
        yield own
    finally:
        ends = ["systemctl", "--user", "kill", "--signal=KILL", "*.service"]
        subprocess.run(ends, env=known, capture_output=True, check=False, timeout=60)
        manager.kill()
        manager.wait()
